"""What must be constant behind the warm-up: memory, descriptors, threads, pins, and what the kernel holds of XTrace's."""
import collections
import ctypes
import glob
import os
import re
import statistics
import struct
import time

import traffic
import world

MEMORY_SHARE = 0.05  # that resident memory may rise by
ROOM = 4  # descriptors or threads that may be more, as pairs come and go meanwhile
# enum bpf_cmd of linux/bpf.h: how to list and open each kind.
LISTED = {"programs": (11, 13), "maps": (12, 14), "links": (31, 30)}
OBJ_GET_INFO = 15
KERNEL = (*LISTED, "pins")
# What serves a monitor that is started and stopped is younger.
OLD = 20  # seconds
END = 180  # seconds in which all must be gone; other tests on the machine make programs of the same names


class Process:
    """The memory, descriptors and threads of a process that lives until the end, each time that they are looked at."""

    def __init__(self, name, pid, floor):
        self.name, self.pid, self.floor, self.seen = name, pid, floor, []

    def look(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            fields = dict(line.split(":", 1) for line in status)
        self.seen.append((int(fields["VmRSS"].split()[0]) << 10, len(os.listdir(f"/proc/{self.pid}/fd")), int(fields["Threads"])))

    def __str__(self):
        memory, descriptors, threads = self.seen[-1]
        return f"{self.name} {memory / 2**20:.1f} MiB, {descriptors} descriptors, {threads} threads"

    def judge(self, tally):
        """What leaks rises in each quarter behind the warm-up; what only serves more frames rises when they do."""
        memory, *others = (quarters(list(column)) for column in zip(*self.seen))
        is_constant = not rises(memory, max(self.floor, memory[0] * MEMORY_SHARE))
        text = f"it rose: {', '.join(f'{one / 2**20:.1f}' for one in memory)} MiB"
        tally.check(f"{self.name} takes constant memory", is_constant, text)
        for name, numbers in zip(("descriptors", "threads"), others):
            tally.check(f"{self.name} has a constant number of {name}", not rises(numbers, ROOM), f"it rose: {numbers}")


class Kernel:
    """
    The programs, maps and links of XTrace on this machine, and the pins. An object is judged once it is old: what stays behind gets
    old, and the rest is steady. Others that test here at the same time hold theirs for moments, so the fewest of several looks count.
    """

    def __init__(self):
        self.foreign = {kind: set(found(kind)) for kind in LISTED}
        self.begin, self.first, self.seen = time.monotonic(), {}, []

    def now(self):
        """What is there, and the memory of each."""
        objects = {kind: {one: memory for one, memory in found(kind).items() if one not in self.foreign[kind]} for kind in LISTED}
        return objects | {"pins": dict.fromkeys(pins(), 0)}

    def look(self):
        """The programs of the steady interface, and how many objects there are in all."""
        now, objects = time.monotonic(), self.now()
        self.first = {(kind, one): self.first.get((kind, one), now) for kind in KERNEL for one in objects[kind]}
        old = {kind: [one for one in objects[kind] if self.first[kind, one] <= now - OLD] for kind in KERNEL}
        memory = sum(objects[kind][one] for kind in LISTED for one in old[kind])
        self.seen.append((now, [len(old[kind]) for kind in KERNEL], memory))
        attached = [one for one in world.attached() if one.split()[0] == "f0"]
        return attached, sum(map(len, objects.values()))

    def __str__(self):
        _, old, memory = self.seen[-1]
        return ", ".join(f"{number} {kind}" for number, kind in zip(old, KERNEL)) + f" of {memory / 2**20:.1f} MiB are old"

    def judge(self, tally):
        first, last = halves([one for one in self.seen if one[0] > self.begin + 2 * OLD] or self.seen[-1:])
        for number, kind in enumerate(KERNEL):
            before, after = (min(old[number] for _, old, _ in half) for half in (first, last))
            tally.check(f"the kernel holds a constant number of {kind}", after <= before, f"it rose from {before} to {after}")
        before, after = (min(memory for *_, memory in half) for half in (first, last))
        tally.check("the kernel holds constant memory for them", after <= before, f"it rose from {before} to {after} bytes")

    def judge_end(self, tally):
        """All have been stopped: what is there now must go."""
        there = {kind: set(objects) for kind, objects in self.now().items()}

        def is_empty():
            for kind, objects in self.now().items():
                there[kind] &= set(objects)
            return not any(there.values())
        is_gone = traffic.wait_until(is_empty, END, 1)
        tally.check("nothing of XTrace stays in the kernel", is_gone, "; ".join(f"{kind} {sorted(ids)[:5]}" for kind, ids in there.items()))
        left = world.left() + [f"qdisc: {name}" for name in world.qdiscs()]
        tally.check("nothing is left attached, pinned or running", not left, "; ".join(left))


def steady_part(seen):
    """The first fifth is the warm-up."""
    return seen[len(seen) // 5:]


def quarters(seen):
    """The median of each quarter behind the warm-up."""
    steady = steady_part(seen)
    return [statistics.median(steady[len(steady) * i // 4:len(steady) * (i + 1) // 4] or steady) for i in range(4)]


def rises(medians, room):
    return all(before < after for before, after in zip(medians, medians[1:])) and medians[-1] > medians[0] + room


def halves(seen):
    """Two parts of the samples behind the warm-up."""
    steady = steady_part(seen)
    return steady[:(len(steady) + 1) // 2], steady[len(steady) // 2:]


def pins():
    """Each with its inode, because monitors that follow one another have the same paths."""
    for name in world.pins():
        try:
            yield name, os.lstat(os.path.join(world.PINS, name)).st_ino
        except OSError:
            pass


def found(kind):
    """The ids of XTrace's objects, and the memory of each."""
    objects, last = {}, 0
    while (answer := bpf(LISTED[kind][0], struct.pack("=II", last, 0)))[0] >= 0:
        last = struct.unpack_from("=I", answer[1].raw, 4)[0]
        if (memory := memory_of(kind, last)) is not None:
            objects[last] = memory
    return objects


def memory_of(kind, number):
    """The bytes that an object takes; None if it is gone or is not XTrace's."""
    descriptor = bpf(LISTED[kind][1], struct.pack("=II", number, 0))[0]
    if descriptor < 0:
        return None
    try:
        text = ctypes.create_string_buffer(256)
        bpf(OBJ_GET_INFO, struct.pack("=IIQ", descriptor, 256, ctypes.addressof(text)))
        if not is_ours(kind, text.raw):
            return None
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("memlock:")), 0)
    finally:
        os.close(descriptor)


def is_ours(kind, information):
    """By the names in bpf/; a link by its program. Offsets are those of bpf_prog_info, bpf_map_info and bpf_link_info."""
    if kind == "links":
        return memory_of("programs", struct.unpack_from("=I", information, 8)[0]) is not None
    name = information[64 if kind == "programs" else 24:].split(b"\0", 1)[0].decode()
    return name.startswith("xtrace") or kind == "maps" and name in MAPS


def bpf(command, attributes):
    """bpf(2): its result, and its attributes behind the call."""
    buffer = ctypes.create_string_buffer(attributes, 144)
    return world.libc.syscall(world.BPF_CALL, command, buffer, len(buffer)), buffer


def map_names():
    for path in glob.glob(os.path.join(world.ROOT, "bpf/*.[ch]")):
        with open(path, encoding="utf-8") as source:
            yield from re.findall(r'} (\w+) SEC\("\.maps"\)', source.read())


MAPS = set(map_names())
