"""The programs in short, complete runs: start, one sample, end."""
import http.client
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
import urllib.request
from dataclasses import dataclass, field

import world
from verdict import Outcome

FLOW = r"10\.0\.0\.1(:|.*)5000"
METRICS = "127.0.0.1:9430"
SENT = ": sent "
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


@dataclass
class Program:
    """A run of a program."""
    name: str
    command: list
    expects: str  # what its output has if nothing went wrong
    environment: dict = field(default_factory=dict)
    limit: float = 15  # seconds, a hang from there on
    prefix: list = field(default_factory=list)  # what starts it: setpriv, prlimit

    def start(self, starter=None, **streams):
        """Starts it, through an injector or by itself."""
        variables = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/tmp/home", "TERM": "xterm-256color", **self.environment}
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        command = [*self.prefix, *self.command]
        return (starter or subprocess.Popen)(command, env=variables, cwd="/", **options)

    def run(self, starter=None, kill_after=None, **streams):
        """Runs it to its end, or kills it after some seconds."""
        begin = time.monotonic()
        process = self.start(starter, **streams)
        if kill_after is not None:
            time.sleep(kill_after)
            process.kill()
        else:
            self.steer(process)
        try:
            output, error = process.communicate(timeout=self.limit)
            code = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            output, error = process.communicate()
            code = None
        return Outcome(code, *((text or b"").decode(errors="replace") for text in (output, error)), time.monotonic() - begin)

    def steer(self, process):
        """What a user does while it runs; nothing where it ends by itself."""


class Exporter(Program):
    """Runs until its metrics were read once, and then gets SIGTERM."""

    def steer(self, process):
        self.metrics = ""
        end = time.monotonic() + 3
        while process.poll() is None and time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"http://{METRICS}/metrics", timeout=2) as answer:
                    self.metrics = answer.read().decode()
                    break
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
        process.send_signal(signal.SIGTERM)

    def run(self, starter=None, kill_after=None, **streams):
        outcome = super().run(starter, kill_after, **streams)
        # Its last word is how many records were sent, which is no error.
        lines = outcome.error.splitlines(keepends=True)
        outcome.output = "".join(line for line in lines if SENT in line)
        outcome.error = "".join(line for line in lines if SENT not in line)
        return outcome


class Live(Program):
    """Runs in a terminal until it has drawn, and then gets a q."""

    def run(self, starter=None, kill_after=None, **streams):
        master, slave = pty.openpty()
        before = termios.tcgetattr(slave)
        begin = time.monotonic()
        process = self.start(starter, stdin=slave, stdout=slave, stderr=subprocess.PIPE)
        text, code = self.watch(process, master, begin, kill_after)
        error = process.stderr.read().decode(errors="replace")
        process.stderr.close()
        text += self.restored(master, slave, before, text)
        outcome = Outcome(code, text, error, time.monotonic() - begin)
        outcome.is_restored = text.rfind(LEAVE) >= text.rfind(ENTER) and self.modes(slave) == before
        os.close(master)
        os.close(slave)
        return outcome

    def watch(self, process, master, begin, kill_after):
        text, has_typed = "", False
        while process.poll() is None:
            text += drain(master, 0.02)
            now = time.monotonic() - begin
            if kill_after is not None and now >= kill_after:
                process.kill()
                process.wait()
            elif kill_after is None and not has_typed and (re.search(r"Flows: ?\S*[1-9]", text) or now > 3):
                os.write(master, b"q")
                has_typed = True
            elif now > self.limit:
                process.kill()
                process.wait()
                return text, None
        return text, process.returncode

    def restored(self, master, slave, before, text):
        """The guard of the terminal comes after the end of the process."""
        more, end = "", time.monotonic() + 3
        while time.monotonic() < end:
            more += drain(master, 0.02)
            if (text + more).rfind(LEAVE) >= (text + more).rfind(ENTER) and self.modes(slave) == before:
                break
        return more

    @staticmethod
    def modes(slave):
        return termios.tcgetattr(slave)


def drain(master, seconds):
    text = b""
    while select.select([master], [], [], seconds)[0]:
        try:
            data = os.read(master, 1 << 16)
        except OSError:
            break
        if not data:
            break
        text += data
        seconds = 0
    return text.decode(errors="replace")


def catch(name, *arguments, expects=FLOW, kind=Program, **more):
    return kind(f"xtrace-catch {name}", [world.CATCH, *arguments], expects, **more)


def all_programs():
    devices = {"XTRACE_SYSFS_ROOT": world.unpack_devices()}
    return [
        catch("-i f0", "-i", "f0", "-t", "100", "--once"),
        catch("-i f*", "-i", "f*", "-t", "100", "--once", "--direction", "both"),
        catch("--json", "-i", "f0", "-t", "100", "--once", "--json"),
        catch("--detail", "-i", "f0", "-t", "100", "--once", "--detail"),
        catch("native", "-i", "f0", "-t", "100", "--once", "--attach-mode", "native", "--promiscuous"),
        catch("--list", "--list", expects=r"f0 +Up", environment=devices),
        catch("-l --json", "-l", "--json", expects='"InterfaceAlias":"f0"', environment=devices),
        catch("-m rdma", "-m", "rdma", "-t", "100", "--once", expects="(?s)RDMA.*(bytes|packets|MB|B/s)", environment=devices),
        catch("-m nccl", "-m", "nccl", "-t", "100", "--once", expects="NCCL|RDMA", environment=devices),
        catch("--live", "--live", "-i", "f0", "-t", "100", kind=Live, expects="Flows"),
        Exporter("xtrace-exporter", [
            world.EXPORTER, "-i", "f*", "-t", "100", "--ipfix", f"tcp://127.0.0.1:{world.COLLECTOR}", "--metrics", METRICS,
            "--active-timeout", "1"], r"sent [1-9]\d* records of [1-9]", environment=devices),
    ]


def watch(pwsh):
    """Watch-FlowStat in a pwsh of its own."""
    command = f"Import-Module '{world.MODULE}'; Watch-FlowStat f0 -SampleInterval 0.1"
    variables = {"POWERSHELL_TELEMETRY_OPTOUT": "1", "POWERSHELL_UPDATECHECK": "Off", "DOTNET_EnableDiagnostics": "0"}
    if "DOTNET_ROOT" in os.environ:
        variables["DOTNET_ROOT"] = os.environ["DOTNET_ROOT"]
    return Live("Watch-FlowStat", [os.path.realpath(pwsh), "-NoProfile", "-NonInteractive", "-Command", command], "Flows", variables)
