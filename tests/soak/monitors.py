"""Monitors that are started and stopped by several processes, all along: pwsh with the cmdlets, and xtrace-catch."""
import json
import os
import random
import re
import signal
import subprocess
import threading
import time

import cmdlets
import conservation
import traffic
import verdict
import world

SHARED = "f1", "f2"
ALONE = "f3"  # the last of the catches ends before the next comes, so nothing may be left
# Others start and stop monitors of the same interfaces at the same time.
RACES = re.compile("^(MonitorExists|MonitorNotFound|XdpSlotBusy|InterfaceGone),")
CATCH_RACES = re.compile("already runs the XDP program|disappeared while|no longer")
ROUNDS_OF_A_SHELL = 8
ENDS = signal.SIGINT, signal.SIGTERM, signal.SIGKILL
HUNG = 30  # seconds; two CPUs have more to do than a program that ends


class Worker(threading.Thread):
    """Does rounds until stop()."""

    def __init__(self, tally):
        super().__init__(daemon=True)
        self.tally, self.is_over = tally, threading.Event()

    def run(self):
        try:
            while not self.is_over.is_set():
                self.round()
        except Exception as error:  # pylint: disable=broad-except
            self.tally.fault("the soak's own threads live", f"{type(self).__name__}: {error!r}")
        self.clean_up()

    def clean_up(self):
        """At the end."""

    def pause(self, low, high):
        self.is_over.wait(random.uniform(low, high))


class Starter(Worker):
    """A pwsh starts, reads and stops monitors of interfaces that others start and stop as well. It is killed now and then."""

    def __init__(self, tally):
        super().__init__(tally)
        self.shell, self.rounds = open_shell(), 0

    def round(self):
        name = random.choice([*SHARED, ", ".join(SHARED)])
        hook = random.choice(["Auto", "Native", "Generic", "Tc"])
        # The steady monitor's size, with which it shares a table.
        size = f" -MaxFlow {conservation.STEADY_FLOWS}"
        options = random.choice(["", size, " -Detail", " -Force", " -MaxFlow 2048 -Detail", " -Promiscuous"])
        direction = random.choice(["Ingress", "Both"])
        self.ask(f"Start-XdpMonitor {name} -AttachMode {hook} -Direction {direction}{options}", "monitors started")
        self.pause(0, 1)
        self.ask("Get-XdpMonitor")
        conservation.check_flowing(self.tally, self.ask(f"Measure-Monitor {name[:2]}"))
        self.ask(f"Get-FlowStat {name} -SampleInterval 0.2 -Top 10 {random.choice(['', '-Detail'])}")
        self.pause(0, 0.5)
        self.rounds += 1
        if self.rounds % ROUNDS_OF_A_SHELL == 0:
            self.replace(f"Start-XdpMonitor {name} -Force")
        self.ask(f"Stop-XdpMonitor {name}", "monitors stopped")

    def replace(self, command):
        """Kills the pwsh in the middle of a command, and starts another."""
        self.shell.send(command)
        time.sleep(random.uniform(0, 0.5))
        self.shell.end()
        self.tally.count("pwsh killed")
        self.shell = open_shell()

    def ask(self, command, counts=None):
        """What the command wrote; None if it failed."""
        return ask(self.shell, command, self.tally, counts)

    def clean_up(self):
        self.shell.end()


def open_shell():
    shell = cmdlets.Shell()
    shell.ask(f". '{os.path.join(os.path.dirname(os.path.abspath(__file__)), 'measure.ps1')}'")
    return shell


def ask(shell, command, tally, counts=None):
    answer = shell.ask(command)
    tally.count("cmdlets run")
    problems = list(cmdlets.judge(answer))
    if not problems:
        problems = [one["text"] for one in answer["errors"] if not RACES.match(one["id"])]
    for one in problems:
        tally.fault("a cmdlet fails only if another process was first, and says so", f"{command}: {one}")
    if answer is None:
        raise RuntimeError("pwsh hangs, or died")
    if counts and not answer["errors"]:
        tally.count(counts)
    return None if answer["errors"] else answer["written"]


class Catcher(Worker):
    """Starts xtrace-catch, and ends it with a signal."""

    def __init__(self, tally, number, pairs=None):
        super().__init__(tally)
        self.pairs, self.file = pairs, f"/run/xtrace-sys/catch{number}"

    def target(self):
        """Its interface, and a hook."""
        if self.pairs is None:
            return ALONE, random.choice(["auto", "native", "tc", "generic"])
        alive = list(self.pairs.alive)
        if alive and random.random() < 0.5:
            # Native XDP gives a veth a queue, which loses frames when it goes.
            return random.choice(alive).name, "tc"
        return random.choice([*SHARED, ",".join(SHARED), "f[0-2]"]), random.choice(["auto", "native", "tc", "generic"])

    def round(self):
        name, hook = self.target()
        arguments = ["-i", name, "--attach-mode", hook, "-t", str(random.choice([100, 200, 500])), "--max-flow", "2048"]
        if hook in ("auto", "tc") and random.random() < 0.5:
            arguments += ["--direction", "both"]
        arguments += random.choice([[], ["--json"], ["--detail"], ["--promiscuous"], ["--all"]])
        with open(self.file, "wb") as output, open(self.file + ".errors", "w+b") as errors:
            begin = time.monotonic()
            process = subprocess.Popen([world.CATCH, *arguments], stdout=output, stderr=errors)
            self.pause(0.1, 3)
            how = random.choice(ENDS)
            process.send_signal(how)
            try:
                code = process.wait(HUNG)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait() and None
            errors.seek(0)
            outcome = verdict.Outcome(code, "", errors.read().decode(), time.monotonic() - begin)
        self.judge(" ".join(arguments), how, outcome)

    def judge(self, arguments, how, outcome):
        self.tally.count(f"xtrace-catch ended by {how.name}")
        self.tally.count("bytes that xtrace-catch showed", os.path.getsize(self.file))
        problems = list(verdict.judge(outcome, "")) if outcome.code != -how else []
        if how != signal.SIGKILL and outcome.code == -how and outcome.seconds > 2:
            problems.append("the signal was not handled")
        if outcome.code == 1 and not CATCH_RACES.search(outcome.error):
            problems.append("it fails though nobody was in its way")
        for one in problems:
            self.tally.fault("xtrace-catch ends well", f"{arguments}, {how.name}: {one}: {outcome.tail()}")
        if self.pairs is None:
            left = lambda: [one for one in world.attached() if one.startswith(ALONE)]
            is_gone = traffic.wait_until(lambda: not left(), 10)
            self.tally.check("a monitor of xtrace-catch ends with it", is_gone, f"{arguments}, {how.name}: {left()}")


class Reader(Worker):
    """One pwsh that reads the steady monitor until the end: while frames flow, and at rest."""

    EVERY = 4  # seconds

    def __init__(self, tally, sender):
        super().__init__(tally)
        self.sender, self.shell = sender, open_shell()
        self.name = conservation.STEADY
        if not ask(self.shell, f"Start-XdpMonitor {self.name} -Direction Both -MaxFlow {conservation.STEADY_FLOWS}", tally):
            raise RuntimeError(f"{self.name} cannot be monitored here.")
        self.before = traffic.counted(self.name)

    def read(self):
        written = ask(self.shell, f"Measure-Monitor {self.name}", self.tally)
        return json.loads(written[0]) if written else {}

    def round(self):
        conservation.check_flowing(self.tally, [json.dumps(self.read())])
        self.pause(self.EVERY / 2, self.EVERY)
        with conservation.rest(self.sender, self.name):
            conservation.check_resting(self.tally, self.read, lambda: traffic.counted(self.name), self.before)
        self.pause(self.EVERY / 2, self.EVERY)

    def clean_up(self):
        # The next start removes a table that a killed one has left without a point.
        ask(self.shell, f"Start-XdpMonitor {SHARED[0]} -Force", self.tally)
        ask(self.shell, f"Stop-XdpMonitor {self.name}, {SHARED[0]}", self.tally)
        ask(self.shell, f"Stop-XdpMonitor {SHARED[1]}", self.tally)
        self.shell.end()
