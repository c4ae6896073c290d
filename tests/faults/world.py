"""The small machine that a part runs in, in namespaces of its own: interfaces, frames, a collector, and what a program leaves behind."""
import ctypes
import json
import os
import shutil
import socket
import struct
import subprocess
import tarfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, "../.."))
# XTRACE_OUT names another build, for example an older one that has a fault.
OUT = os.environ.get("XTRACE_OUT", os.path.join(ROOT, "out"))
CATCH = os.path.join(OUT, "xtrace-catch")
EXPORTER = os.path.join(OUT, "xtrace-exporter")
MODULE = os.path.join(OUT, "XTrace")
DEVICES = os.path.join(ROOT, "tests/XTrace.Core.Tests/Fixtures/rdma/other-drivers.tar.xz")
PINS = "/sys/fs/bpf"
COLLECTOR = 4739
PAIRS = 3
FRAMES_A_SECOND = 100
FOLDERS = "/tmp", "/dev/shm"
TCX = {"ingress": 46, "egress": 47}  # BPF_TCX_INGRESS, BPF_TCX_EGRESS
PROG_QUERY = 16  # enum bpf_cmd, linux/bpf.h
BPF_CALL = {"x86_64": 321, "aarch64": 280}[os.uname().machine]  # SYS_bpf

libc = ctypes.CDLL(None, use_errno=True)


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def read(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def build():
    """Mounts and interfaces. The namespaces must be new."""
    os.makedirs("/run/xtrace-sys", exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run/xtrace-sys")
    os.mkdir("/run/xtrace-sys/new")
    # /sys shows the interfaces of the namespace in which it was mounted.
    run("mount", "-t", "sysfs", "sysfs", "/run/xtrace-sys/new")
    run("mount", "--rbind", "/sys/fs/cgroup", "/run/xtrace-sys/new/fs/cgroup")
    run("mount", "-t", "bpf", "bpf", "/run/xtrace-sys/new/fs/bpf")
    run("umount", "--lazy", "/sys")
    run("mount", "--move", "/run/xtrace-sys/new", "/sys")
    for folder in FOLDERS:
        run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", folder)
    run("ip", "link", "set", "lo", "up")
    # The kernel would send frames of its own at any time.
    with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w", encoding="ascii") as setting:
        setting.write("1")
    for number in range(PAIRS):
        add_pair(f"f{number}", f"g{number}")


def add_pair(name, peer):
    run("ip", "link", "add", name, "type", "veth", "peer", "name", peer)
    run("ip", "link", "set", name, "up")
    run("ip", "link", "set", peer, "up")


def frame(port):
    payload = bytes(64)
    udp = struct.pack("!HHHH", port, 4433, 8 + len(payload), 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0, bytes([10, 0, 0, 1]), bytes([10, 1, 0, 1]))
    return bytes(12) + b"\x08\x00" + ip + udp + payload


def send_frames():
    """A process that sends on all pairs until the end. Call it before there are threads."""
    if os.fork():
        return
    senders = []
    for number in range(PAIRS):
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sender.bind((f"g{number}", 0))
        senders.append(sender)
    while True:
        for sender in senders:
            sender.send(frame(5000))
        time.sleep(1 / FRAMES_A_SECOND)


class Collector:
    """Takes what comes over TCP, and forgets it."""

    def __init__(self):
        self.received = 0
        self.listener = socket.create_server(("127.0.0.1", COLLECTOR))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client = self.listener.accept()[0]
            threading.Thread(target=self.drain, args=(client,), daemon=True).start()

    def drain(self, client):
        with client:
            try:
                while data := client.recv(1 << 16):
                    self.received += len(data)
            except OSError:
                pass


def unpack_devices():
    """A tree as sysfs, with RDMA devices; its folder."""
    folder = "/run/xtrace-sys/devices"
    if not os.path.exists(folder):
        with tarfile.open(DEVICES) as archive:
            archive.extractall(folder)
    return os.path.join(folder, sorted(os.listdir(folder))[0])


def attached():
    """What runs on interfaces of this namespace, as the kernel lists it: 'f0 tcx ingress', 'f0 xdp'. Not every bpftool knows TCX."""
    found = []
    for group in json.loads(read("bpftool", "-j", "net", "show")):
        for kind in "xdp", "tc":
            found += [f"{entry.get('devname', '?')} {kind}" for entry in group[kind] if not entry.get("kind", "").startswith("tcx")]
    for index, name in socket.if_nameindex():
        for direction, attach_type in TCX.items():
            found += [f"{name} tcx {direction}"] * count_programs(index, attach_type)
    return found


def count_programs(index, attach_type):
    """The programs of a TCX hook: BPF_PROG_QUERY of bpf(2)."""
    query = ctypes.create_string_buffer(struct.pack("=IIIIQIIQQQQ", index, attach_type, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    if libc.syscall(BPF_CALL, PROG_QUERY, query, len(query.raw) - 1) != 0:
        return 0
    return struct.unpack_from("=IIIIQI", query.raw)[5]


def check_sight():
    """What is looked for can be seen at all: otherwise nothing would ever be found to be left."""
    for mode, expected in ("tc", ["f0 tcx ingress"]), ("native", ["f0 xdp"]):
        process = subprocess.Popen([CATCH, "-i", "f0", "-t", "60000", "--attach-mode", mode], stdout=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while attached() != expected:
            if time.monotonic() > end:
                raise RuntimeError(f"A program that is attached cannot be seen here: {attached()} instead of {expected}.")
            time.sleep(0.05)
        if not processes():
            raise RuntimeError("A program that runs cannot be seen here.")
        process.terminate()
        process.wait()


def qdiscs():
    """The interfaces that have a clsact qdisc."""
    return [one["dev"] for one in json.loads(read("tc", "-j", "qdisc", "show")) if one["kind"] == "clsact"]


def filters(name):
    """The filters of an interface's clsact qdisc."""
    return "".join(read("tc", "filter", "show", "dev", name, direction) for direction in TCX)


def pins():
    """Everything below XTrace's folder in the BPF file system."""
    return sorted(os.path.relpath(os.path.join(folder, name), PINS) for folder, folders, files in os.walk(f"{PINS}/xtrace")
                  for name in folders + files)


def files():
    """What lies in the folders for temporary files, but for pwsh's own: it has a pipe for debuggers."""
    return [os.path.join(folder, name) for folder in FOLDERS for name in os.listdir(folder)
            if name != "home" and not name.startswith("CoreFxPipe_PSHost")]


def processes():
    """Programs of XTrace that run, guards of terminals among them."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line:
                words = line.read().split(b"\0")
        except OSError:
            continue
        if b"xtrace-guard" in words or words[0].decode() in (CATCH, EXPORTER):
            found.append(f"{pid} {b' '.join(words[:2]).decode()}")
    return found


def left(patience=2):
    """What a program has left behind, in words; it has so many seconds to go."""
    end = time.monotonic() + patience
    while True:
        found = ([f"attached: {one}" for one in attached()] + [f"pinned: {one}" for one in pins()] + [f"file: {one}" for one in files()]
                 + [f"process: {one}" for one in processes()])
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.05)


def clear():
    """Takes away what was left, so that the next case begins with nothing."""
    for one in processes():
        try:
            os.kill(int(one.split()[0]), 9)
        except ProcessLookupError:
            pass
    shutil.rmtree(os.path.join(PINS, "xtrace"), ignore_errors=True)
    for path in files():
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    for name in qdiscs():
        subprocess.run(["tc", "qdisc", "del", "dev", name, "clsact"], check=False, stderr=subprocess.DEVNULL)
