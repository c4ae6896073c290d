"""The cmdlets: each system call fails once in a pwsh that lives on, and a pwsh is killed at random moments."""
import json
import os
import random
import re
import select
import shutil
import subprocess
import threading
import time

import world
from calls import COPIES, ERRORS, LASTING, ONLY_OF_COMMAND, group, spread
from injector import Fault, Injector, read_names
from report import Row, note
from verdict import ADVICE

LIMIT = 40  # seconds; the lock of the pins waits for 30
ERROR_ID = re.compile(r"^[A-Z][A-Za-z]+,XTrace\.PowerShell\.\w+Command$")
FOREIGN = re.compile(r"Exception|^\s+at ", re.MULTILINE)
# Descriptors by which the harness talks to pwsh.
STREAMS = frozenset((0, 1, 2))


def find_pwsh():
    """The program, or None."""
    inside = os.path.join(world.ROOT, "out/tools/pwsh")
    return shutil.which("pwsh") or (inside if os.path.exists(inside) else None)


class Shell:
    """A pwsh with the module, that runs one command after another."""

    def __init__(self, injector=None):
        self.injector = injector
        script = os.path.join(world.HERE, "cmdlets.ps1")
        command = [os.path.realpath(find_pwsh()), "-NoProfile", "-NonInteractive", "-File", script, world.MODULE]
        variables = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/tmp/home", "TERM": "xterm-256color",
                     "POWERSHELL_TELEMETRY_OPTOUT": "1", "POWERSHELL_UPDATECHECK": "Off", "DOTNET_EnableDiagnostics": "0",
                     # The runtime maps what it compiles twice otherwise, at any moment, and ends where it cannot.
                     "DOTNET_EnableWriteXorExecute": "0"}
        if "DOTNET_ROOT" in os.environ:
            variables["DOTNET_ROOT"] = os.environ["DOTNET_ROOT"]
        start = injector.start if injector else subprocess.Popen
        self.process = start(command, env=variables, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.is_ready = False

    def wait_until_ready(self):
        if not self.is_ready and self.read_line(120) != b"ready\n":
            raise RuntimeError("pwsh does not start here.")
        self.is_ready = True

    def read_line(self, seconds):
        return self.process.stdout.readline() if select.select([self.process.stdout], [], [], seconds)[0] else b""

    def send(self, command):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, command):
        """The answer to a command; None if there is none in time, or if pwsh died."""
        self.wait_until_ready()
        try:
            self.send(command)
            line = self.read_line(LIMIT)
        except BrokenPipeError:
            line = b""
        return json.loads(line) if line else None

    def end(self):
        self.process.kill()
        self.process.communicate()


class Cmdlet:
    """A cmdlet, with what is done before it, and what is true after it."""

    def __init__(self, name, command, before=()):
        self.name, self.command, self.before = name, command, before


CMDLETS = [
    Cmdlet("Start-XdpMonitor", "Start-XdpMonitor f0"),
    Cmdlet("Start-XdpMonitor both", "Start-XdpMonitor f0, f1 -Direction Both -Promiscuous -Detail"),
    Cmdlet("Start-XdpMonitor -Force", "Start-XdpMonitor f0 -Force -AttachMode Native", ["Start-XdpMonitor f0"]),
    Cmdlet("Stop-XdpMonitor", "Stop-XdpMonitor f*", ["Start-XdpMonitor f0, f1 -Promiscuous"]),
    Cmdlet("Get-XdpMonitor", "Get-XdpMonitor", ["Start-XdpMonitor f0"]),
    Cmdlet("Get-FlowStat", "Get-FlowStat f0 -SampleInterval 0.1"),
    Cmdlet("Get-FlowStat of a monitor", "Get-FlowStat f0", ["Start-XdpMonitor f0"]),
    Cmdlet("Get-FlowStat -Detail", "Get-FlowStat f0 -SampleInterval 0.1 -Detail"),
]


class Faults:
    """The faults of a cmdlet."""

    def __init__(self, cmdlet, most):
        self.cmdlet, self.most = cmdlet, most
        self.injector, self.shell = None, None
        self.doctor = Shell()

    def restart(self):
        if self.shell:
            self.shell.end()
        self.injector = Injector("/run/xtrace-sys/armed", read_names("/run/xtrace-sys/armed"), ignored=STREAMS)
        self.injector.disarm()
        self.shell = Shell(self.injector)
        self.shell.wait_until_ready()
        for _ in range(3):  # until everything is compiled
            self.prepare()
            self.shell.ask(self.cmdlet.command)
            self.cure()

    def prepare(self):
        for command in self.cmdlet.before:
            answer = self.doctor.ask(command)
            if answer is None or answer["errors"]:
                raise RuntimeError(f"{command} does not run here: {answer}")
        if self.cmdlet.before and self.cmdlet.name.startswith("Get"):
            time.sleep(0.2)  # until the monitor has counted something

    def run(self, fault=None):
        self.prepare()
        self.injector.arm(fault)
        answer = self.shell.ask(self.cmdlet.command)
        self.injector.disarm()
        return answer

    def cure(self):
        """What others find of monitors afterwards, and whether they can end them; in words what is wrong."""
        return [*tell_truth(self.doctor), *end_all(self.doctor)]

    def try_all(self):
        self.restart()
        answer = self.run()
        self.cure()
        if answer is None or answer["errors"]:
            raise RuntimeError(f"{self.cmdlet.command} does not run here: {answer}")
        faults = list(self.plan())
        note(f"{self.cmdlet.name}: {len(self.injector.calls)} calls, {len(faults)} faults")
        rows = {}
        for fault in faults:
            answer = self.run(fault)
            problems = [*judge(answer), *self.claims(answer), *self.cure()]
            row = rows.setdefault(group(fault), Row(self.cmdlet.name, group(fault)))
            row.add(problems, f"{fault}, {self.injector.struck}", json.dumps(answer)[:600])
            if answer is None or any(one.startswith("left") for one in problems):
                # This process's leavings must not be found again after the next fault.
                self.restart()
        for row in rows.values():
            row.send()
        self.shell.end()
        self.doctor.end()

    def plan(self):
        places = {}
        for call in self.injector.calls:
            places.setdefault(call.name, []).append(call)
        for name, of_name in places.items():
            most = self.most if name != "bpf" else 8 * self.most
            for when, call in spread(list(enumerate(of_name, 1)), most):
                if name == "fcntl" and not call.detail.endswith(COPIES):
                    continue
                extra = ONLY_OF_COMMAND.get(call.detail, ()) if name == "bpf" else ()
                for error in (*ERRORS.get(name, ()), *extra):
                    yield Fault(name, error, when)
            if name in LASTING:
                for when in spread(range(1, len(of_name) + 1), max(2, self.most // 2)):
                    yield Fault(name, LASTING[name], when, lasting=True)

    def claims(self, answer):
        """A cmdlet that has no error has done its work."""
        if answer is None or answer["errors"] or answer["warnings"]:
            return
        monitors = world.attached()
        if self.cmdlet.name.startswith("Start") and not (answer["written"] and monitors):
            yield f"it claims success, and {monitors} runs"
        if self.cmdlet.name.startswith("Stop") and (monitors or world.pins()):
            yield f"it claims success, and {monitors} runs"
        if self.cmdlet.name.startswith("Get") and not answer["written"]:
            yield "it claims success, and shows nothing"


def judge(answer):
    """What is wrong with an answer, in words."""
    if answer is None:
        yield "it hangs, or pwsh died"
        return
    for error in answer["errors"]:
        if not ERROR_ID.match(error["id"]):
            yield f"an error that is not XTrace's: {error['id']}"
        if not ADVICE.search(error["text"]):
            yield f"its error does not say what to do: {error['text'][:200]}"


def tell_truth(doctor):
    """Get-XdpMonitor shows as running what the kernel runs, and Start-XdpMonitor works beside what is left."""
    answer = doctor.ask("Get-XdpMonitor")
    if answer is None or answer["errors"]:
        yield f"Get-XdpMonitor fails afterwards: {answer}"
        return
    running = sum(one.endswith(" Running") for one in answer["written"])
    # 'Incomplete' points may still run: they are shown, and a stop ends them.
    attached = world.attached()
    if running > len(attached) or (attached and not answer["written"]):
        yield f"Get-XdpMonitor shows {answer['written']}, and the kernel runs {attached}"


def end_all(doctor):
    """Everything can be stopped, and nothing is left then."""
    answer = doctor.ask("Start-XdpMonitor f2 -Force")
    if answer is None or answer["errors"]:
        yield f"Start-XdpMonitor fails afterwards: {answer}"
    answer = doctor.ask("Stop-XdpMonitor *")
    if answer is None or answer["errors"]:
        yield f"Stop-XdpMonitor fails afterwards: {answer}"
    left = world.left(0.5) + [f"qdisc: {one}" for one in world.qdiscs()]
    promiscuous = [name for name in ("f0", "f1", "f2") if "promiscuity 0" not in world.read("ip", "-d", "link", "show", name)]
    if left:
        world.clear()
    for name in promiscuous:
        world.run("ip", "link", "set", name, "promisc", "off")
    yield from (f"left {one}" for one in [*left, *(f"promiscuous: {name}" for name in promiscuous)])


KILLED = {
    "Start-XdpMonitor": (Cmdlet("Start-XdpMonitor", "Start-XdpMonitor f0, f1 -Direction Both -Promiscuous"), 1.0),
    "Stop-XdpMonitor": (Cmdlet("Stop-XdpMonitor", "Stop-XdpMonitor f*", ["Start-XdpMonitor f0, f1 -Direction Both -Promiscuous"]), 1.0),
    "Get-FlowStat -Continuous": (Cmdlet("Get-FlowStat -Continuous", "Get-FlowStat f* -Continuous -SampleInterval 0.1"), 1.2),
}


def kill_all(names, moments):
    """Kills a pwsh at a random moment of a cmdlet. The next pwsh starts meanwhile, as that takes longest."""
    doctor = Shell()
    for name in names:
        cmdlet, life = KILLED[name]
        row = Row(cmdlet.name, "kill -9 at a random moment")
        note(f"{cmdlet.name}: {moments} moments")
        waiting = [Shell() for _ in range(3)]
        for _ in range(moments):
            shell = waiting.pop(0)
            shell.wait_until_ready()
            waiting.append(Shell())
            moment = random.uniform(0, life)
            for command in cmdlet.before:
                doctor.ask(command)
            shell.send(cmdlet.command)
            time.sleep(moment)
            shell.end()
            problems = [*tell_truth(doctor), *end_all(doctor)]
            row.add(problems, f"after {moment * 1000:.0f} ms")
        for shell in waiting:
            shell.end()
        row.send()
    doctor.end()


def run_part(names, most):
    for cmdlet in CMDLETS:
        if cmdlet.name in names:
            Faults(cmdlet, most).try_all()
