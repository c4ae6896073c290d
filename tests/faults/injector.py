"""Answers system calls of a process in the kernel's place: the supervisor of armed.c."""
import ctypes
import errno
import fcntl
import os
import select
import struct
import subprocess
import threading
from dataclasses import dataclass, field

RECEIVE = 0xC0502100  # SECCOMP_IOCTL_NOTIF_RECV, linux/seccomp.h
SEND = 0xC0182101  # SECCOMP_IOCTL_NOTIF_SEND
CONTINUE = 1  # SECCOMP_USER_NOTIF_FLAG_CONTINUE
PIDFD_GETFD = 438
NOTIFICATION = struct.Struct("=QIIiIQ6Q")  # struct seccomp_notif with its struct seccomp_data
ANSWER = struct.Struct("=QqiI")  # struct seccomp_notif_resp

# enum bpf_cmd, linux/bpf.h, as far as libbpf uses them.
COMMANDS = dict(enumerate((
    "MAP_CREATE", "MAP_LOOKUP_ELEM", "MAP_UPDATE_ELEM", "MAP_DELETE_ELEM", "MAP_GET_NEXT_KEY", "PROG_LOAD", "OBJ_PIN", "OBJ_GET",
    "PROG_ATTACH", "PROG_DETACH", "PROG_TEST_RUN", "PROG_GET_NEXT_ID", "MAP_GET_NEXT_ID", "PROG_GET_FD_BY_ID", "MAP_GET_FD_BY_ID",
    "OBJ_GET_INFO_BY_FD", "PROG_QUERY", "RAW_TRACEPOINT_OPEN", "BTF_LOAD", "BTF_GET_FD_BY_ID", "TASK_FD_QUERY",
    "MAP_LOOKUP_AND_DELETE_ELEM", "MAP_FREEZE", "BTF_GET_NEXT_ID", "MAP_LOOKUP_BATCH", "MAP_LOOKUP_AND_DELETE_BATCH",
    "MAP_UPDATE_BATCH", "MAP_DELETE_BATCH", "LINK_CREATE", "LINK_UPDATE", "LINK_GET_FD_BY_ID", "LINK_GET_NEXT_ID", "ENABLE_STATS",
    "ITER_CREATE", "LINK_DETACH", "PROG_BIND_MAP", "TOKEN_CREATE")))

# The argument that is a path.
PATHS = {"openat": 1, "open": 0, "statx": 1, "newfstatat": 1, "stat": 0, "lstat": 0, "readlink": 0, "readlinkat": 1, "access": 0,
         "faccessat": 1, "mkdir": 0, "mkdirat": 1, "unlink": 0, "unlinkat": 1, "rmdir": 0, "mount": 1, "execve": 0, "statfs": 0}
# The argument that is a descriptor.
DESCRIPTORS = {"read": 0, "pread64": 0, "write": 0, "writev": 0, "fcntl": 0, "ioctl": 0, "lseek": 0, "fstat": 0, "sendto": 0,
               "sendmsg": 0, "recvfrom": 0, "recvmsg": 0, "mmap": 4}

libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Call:
    """A call: its name, what it is about, and whether the first thread made it."""
    name: str
    detail: str
    is_main: bool
    number: int = -1  # the descriptor, where it is about one

    def __str__(self):
        return f"{self.name}({self.detail})" if self.detail else self.name


@dataclass(frozen=True)
class Fault:
    """The error of the n-th call of a name, and with 'lasting' of those that follow."""
    call: str
    error: str
    when: int
    lasting: bool = False

    def __str__(self):
        return f"{self.call} {self.when}{' and on' if self.lasting else ''}: {self.error}"


@dataclass
class Injector:
    """Runs a command, knows its calls, and lets one of them fail."""
    armed: str
    names: dict
    ignored: frozenset = frozenset()  # descriptors whose reading and writing is nobody's business
    calls: list = field(default_factory=list)
    fault: Fault | None = None
    struck: Call | None = None
    is_counting: bool = True
    process: subprocess.Popen | None = None

    def start(self, command, **options):
        """Starts the command; its calls are answered until it ends."""
        receive, control = os.pipe()
        self.process = subprocess.Popen([self.armed, str(control), *command], pass_fds=[control], **options)
        os.close(control)
        number = os.read(receive, 4)
        os.close(receive)
        if len(number) != 4:
            raise RuntimeError("armed could not start the command.")
        pidfd = os.pidfd_open(self.process.pid)
        listener = libc.syscall(PIDFD_GETFD, pidfd, struct.unpack("=i", number)[0], 0)
        os.close(pidfd)
        if listener < 0:
            raise OSError(ctypes.get_errno(), "pidfd_getfd")
        self.has_begun = False
        threading.Thread(target=self.serve, args=(listener,), daemon=True).start()
        return self.process

    def arm(self, fault=None):
        """Forgets what was counted, and counts from now on towards a fault."""
        self.calls, self.counts, self.struck, self.fault, self.is_counting = [], 0, None, fault, True

    def disarm(self):
        self.fault, self.is_counting = None, False

    counts = 0

    def serve(self, listener):
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        buffer = bytearray(NOTIFICATION.size)
        try:
            while True:
                events = poll.poll()[0][1]
                if events & select.POLLIN:
                    self.answer(listener, buffer)
                elif events & (select.POLLHUP | select.POLLERR):
                    return
        finally:
            os.close(listener)

    def answer(self, listener, buffer):
        buffer[:] = bytes(NOTIFICATION.size)
        try:
            fcntl.ioctl(listener, RECEIVE, buffer)
        except OSError:
            return  # the process was killed meanwhile
        identifier, thread, _, number, _, _, *arguments = NOTIFICATION.unpack(buffer)
        error = self.decide(thread, self.names[number], arguments)
        answer = ANSWER.pack(identifier, 0, -error, 0 if error else CONTINUE)
        try:
            fcntl.ioctl(listener, SEND, answer)
        except OSError:
            pass

    def decide(self, thread, name, arguments):
        """The error number of a call; 0 lets the kernel answer it."""
        if not self.has_begun:
            self.has_begun = name == "execve"
            return 0
        descriptor = self.descriptor(name, arguments)
        if not self.is_counting or (name in ("read", "write") and self.is_stream(descriptor)):
            return 0
        call = Call(name, self.describe(thread, name, arguments), thread == self.process.pid, descriptor)
        self.calls.append(call)
        if self.fault is None or self.fault.call != name:
            return 0
        self.counts += 1
        if self.counts == self.fault.when or (self.fault.lasting and self.counts > self.fault.when):
            self.struck = self.struck or call
            return getattr(errno, self.fault.error)
        return 0

    def is_stream(self, descriptor):
        """Whether the harness itself is at the other end: .NET writes through a copy of the descriptor."""
        targets = {read_target(self.process.pid, one).split(": ", 1)[-1] for one in self.ignored}
        return descriptor in self.ignored or read_target(self.process.pid, descriptor).split(": ", 1)[-1] in targets

    @staticmethod
    def descriptor(name, arguments):
        return descriptor_of(arguments[DESCRIPTORS[name]]) if name in DESCRIPTORS else -1

    def describe(self, thread, name, arguments):
        if name == "bpf":
            return COMMANDS.get(arguments[0], str(arguments[0]))
        if name in PATHS:
            return read_text(thread, arguments[PATHS[name]])
        if name == "ioctl":
            return f"{read_target(self.process.pid, descriptor_of(arguments[0]))}, {arguments[1]:#x}"
        if name == "fcntl":
            return f"{arguments[0]}, {arguments[1]}"
        return read_target(self.process.pid, self.descriptor(name, arguments)) if name in DESCRIPTORS else ""


def descriptor_of(argument):
    return ctypes.c_int(argument & 0xFFFFFFFF).value


def read_target(process, descriptor):
    """What an open file is: its path, or its kind."""
    try:
        return f"{descriptor}: {os.readlink(f'/proc/{process}/fd/{descriptor}')}"
    except OSError:
        return str(descriptor)


def read_text(thread, address):
    """The text at an address of a process, up to 255 bytes."""
    try:
        with open(f"/proc/{thread}/mem", "rb", buffering=0) as memory:
            memory.seek(address)
            # The next page may not be there.
            return memory.read(min(255, 4096 - address % 4096)).split(b"\0")[0].decode(errors="replace")
    except (OSError, ValueError, OverflowError):
        return "?"


def read_names(armed):
    """The calls that armed.c knows, by number."""
    lines = subprocess.run([armed, "names"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return {int(number): name for number, name in (line.split() for line in lines)}
