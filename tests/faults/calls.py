"""Each system call of a program fails once, one call a run: with every error that it can have."""
import programs
import verdict
import world
from injector import Fault, Injector, read_names
from report import Row, note

# The errors of each call that have to do with memory, descriptors, disk, rights, signals and devices, from its manual page. Errors
# that a call cannot have there, such as EAGAIN of a blocking socket, are left out.
MEMORY, DESCRIPTORS = ("ENOMEM",), ("EMFILE", "ENFILE")
ERRORS = {
    "bpf": ("EPERM", *MEMORY, *DESCRIPTORS),
    "openat": (*DESCRIPTORS, *MEMORY, "EACCES"), "open": (*DESCRIPTORS, *MEMORY, "EACCES"),
    "socket": (*DESCRIPTORS, "ENOBUFS", "EPERM"), "socketpair": DESCRIPTORS, "accept": (*DESCRIPTORS, "ENOBUFS"),
    "accept4": (*DESCRIPTORS, "ENOBUFS"), "bind": (*MEMORY, "EACCES", "EADDRINUSE"), "connect": ("EINTR", "ENOBUFS", "EPERM"),
    "listen": ("EADDRINUSE",), "setsockopt": (*MEMORY, "ENOBUFS", "EPERM"), "getsockopt": ("ENOBUFS",), "getsockname": ("ENOBUFS",),
    "sendto": ("ENOBUFS", *MEMORY, "EINTR", "EPERM"), "sendmsg": ("ENOBUFS", *MEMORY, "EINTR", "EPERM"),
    "recvfrom": ("ENOBUFS", *MEMORY, "EINTR"), "recvmsg": ("ENOBUFS", *MEMORY, "EINTR"), "shutdown": ("ENOBUFS",),
    "ioctl": (*MEMORY, "EPERM", "EIO"), "flock": ("ENOLCK", "EINTR"), "fcntl": ("EMFILE",), "dup": ("EMFILE",), "dup3": ("EMFILE",),
    "dup2": ("EMFILE",), "pipe2": DESCRIPTORS, "pipe": DESCRIPTORS, "eventfd2": DESCRIPTORS, "memfd_create": DESCRIPTORS,
    "epoll_create1": (*DESCRIPTORS, *MEMORY), "epoll_ctl": (*MEMORY, "ENOSPC"), "epoll_wait": ("EINTR",), "epoll_pwait": ("EINTR",),
    "poll": ("EINTR", *MEMORY), "ppoll": ("EINTR", *MEMORY), "read": ("EIO", "EINTR", *MEMORY), "pread64": ("EIO", "EINTR", *MEMORY),
    "write": ("EIO", "ENOSPC", "EINTR"), "writev": ("EIO", "ENOSPC", "EINTR"), "getdents64": (*MEMORY, "EIO"),
    "statx": (*MEMORY, "EACCES"), "newfstatat": (*MEMORY, "EACCES"), "stat": (*MEMORY, "EACCES"), "lstat": (*MEMORY, "EACCES"),
    "fstat": MEMORY, "readlink": (*MEMORY, "EACCES", "EIO"), "readlinkat": (*MEMORY, "EACCES", "EIO"), "access": (*MEMORY, "EACCES"),
    "faccessat": (*MEMORY, "EACCES"), "mkdir": ("ENOSPC", *MEMORY, "EACCES", "EPERM"), "mkdirat": ("ENOSPC", *MEMORY, "EACCES"),
    "unlink": ("EACCES", "EPERM", *MEMORY), "unlinkat": ("EACCES", "EPERM", *MEMORY), "rmdir": ("EACCES", "EPERM", *MEMORY),
    "mount": ("EPERM", *MEMORY), "statfs": MEMORY, "mmap": (*MEMORY, "EPERM"), "clone": ("EAGAIN", *MEMORY),
    "clone3": ("EAGAIN", *MEMORY), "vfork": ("EAGAIN",), "fork": ("EAGAIN",), "execve": MEMORY, "setns": ("EPERM", *MEMORY),
    "perf_event_open": ("EACCES", "EMFILE"), "prlimit64": ("EPERM",), "getrandom": (),
}
# Commands of bpf(2) that have errors of their own.
ONLY_OF_COMMAND = {"PROG_LOAD": ("EAGAIN", "E2BIG"), "MAP_CREATE": ("E2BIG",), "PROG_TEST_RUN": ("EINTR",),
                   "LINK_CREATE": ("EBUSY", "ERANGE"), "OBJ_PIN": ("ENOSPC",), "MAP_UPDATE_ELEM": ("E2BIG",)}
# A lasting shortage: from some call on, nothing more is to be had.
LASTING = {"openat": "EMFILE", "socket": "EMFILE", "bpf": "ENOMEM", "mmap": "ENOMEM", "read": "EIO"}
# The first call of a program's own is fcntl(2, F_GETFL): see StandardStreams.SetError.
FIRST_OWN = "fcntl(2, 3)"


# fcntl(2) fails for want of descriptors where it copies one: F_DUPFD and F_DUPFD_CLOEXEC.
COPIES = (", 0", ", 1030")


class Faults:
    """The faults of one program."""

    def __init__(self, program, most):
        self.program, self.most = program, most
        self.armed = "/run/xtrace-sys/armed"
        self.names = read_names(self.armed)

    def run(self, fault=None):
        injector = Injector(self.armed, self.names)
        injector.arm(fault)
        return injector, self.program.run(injector.start)

    def record(self):
        """The calls of a run without a fault."""
        injector, outcome = self.run()
        faults = verdict.check(outcome, self.program.expects)
        if faults:
            raise RuntimeError(f"{self.program.name} does not run here: {faults}\n{outcome.output}{outcome.tail()}")
        return injector.calls

    def plan(self, calls, start):
        """Faults with whether each is the runtime's own: every bpf(2), and of other calls at most so many, evenly chosen."""
        places = {}
        for place, call in enumerate(calls):
            places.setdefault(call.name, []).append((place, call))
        for name, all_of_name in places.items():
            own = [(when, call) for when, (place, call) in enumerate(all_of_name, 1) if place >= start]
            most = self.most if name != "bpf" else 8 * self.most
            for when, call in spread(own, most):
                if name == "fcntl" and not call.detail.endswith(COPIES):
                    continue
                extra = ONLY_OF_COMMAND.get(call.detail, ()) if name == "bpf" else ()
                for error in (*ERRORS.get(name, ()), *extra):
                    yield Fault(name, error, when), False
            if name in LASTING:
                for when, _ in spread(own, max(2, self.most // 2)):
                    yield Fault(name, LASTING[name], when, lasting=True), False
            early = [(when, call) for when, (place, call) in enumerate(all_of_name, 1) if place < start]
            for when, _ in spread(early, max(1, self.most // 12)):
                for error in ERRORS.get(name, ())[:1]:
                    yield Fault(name, error, when), True

    def try_all(self):
        calls = self.record()
        start = [str(call) for call in calls].index(FIRST_OWN)
        rows = {}
        faults = list(self.plan(calls, start))
        note(f"{self.program.name}: {len(calls)} calls, {start} of them the runtime's start; {len(faults)} faults")
        for fault, is_runtime in faults:
            row = rows.setdefault(group(fault), Row(self.program.name, group(fault)))
            injector, outcome = self.run(fault)
            problems = verdict.check(outcome, self.program.expects, injector.struck)
            if problems == [verdict.SHOWS_NOTHING]:
                # On a busy machine no frame may have come during the sample.
                injector, outcome = self.run(fault)
                problems = verdict.check(outcome, self.program.expects, injector.struck)
            if is_runtime and problems and not outcome.left and outcome.code is not None:
                row.add_runtime()
            else:
                row.add(problems, f"{fault}, {injector.struck}", outcome.tail())
        for row in rows.values():
            row.send()


def group(fault):
    """The row of the table that a fault belongs to."""
    if fault.call == "bpf":
        return "bpf(2) fails"
    if fault.call in ("mmap", "clone", "clone3", "vfork", "fork", "execve"):
        return "memory, threads and processes"
    if fault.call in ("read", "pread64", "write", "writev", "poll", "ppoll", "epoll_wait", "epoll_pwait"):
        return "reading, writing, waiting"
    if fault.call in ("socket", "socketpair", "bind", "connect", "listen", "accept", "accept4", "setsockopt", "getsockopt", "getsockname",
                      "sendto", "sendmsg", "recvfrom", "recvmsg", "shutdown", "ioctl", "epoll_create1", "epoll_ctl"):
        return "sockets and netlink"
    return "files and folders"


def spread(items, most):
    """At most so many, evenly chosen, with the first and the last."""
    if len(items) <= most:
        return items
    step = (len(items) - 1) / max(1, most - 1)
    return [items[round(i * step)] for i in range(most)]


def run_part(names, most):
    for program in programs.all_programs():
        if program.name in names:
            Faults(program, most).try_all()
