#!/usr/bin/python3
"""Looks how the programs and the cmdlets end when something fails, and ends with a table.

Usage: faults.py [full | quick] [PART...]    as root: 'make faults' does that, 'FAULTS=quick make faults' takes a sample

Each part runs in namespaces of its own, as many at once as there are CPUs. The exit code is 0 if every case ended well:
in time, without a crash, with an error that says what to do, and with nothing left behind.
"""
import json
import os
import subprocess
import sys
import time

import calls
import clocks
import cmdlets
import kills
import shortages
import world
from report import Row, note, table

NAMESPACES = "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"
PROGRAMS = ["-i f0", "-i f*", "--json", "--detail", "native", "--list", "-l --json", "-m rdma", "-m nccl", "--live"]
CATCH = [f"xtrace-catch {name}" for name in PROGRAMS]
EXPORTER = "xtrace-exporter"
KILLED = [CATCH[0], CATCH[1], CATCH[7], CATCH[9], EXPORTER]


class Size:
    """How much is tried: faults of each call and error, moments of a kill, which of the limits, seconds of a pause."""

    def __init__(self, is_quick):
        self.faults = 1 if is_quick else 6
        self.cmdlet_faults = 1 if is_quick else 3
        self.moments = 10 if is_quick else 200
        self.cmdlet_moments = 3 if is_quick else 50
        self.every = 12 if is_quick else 1
        self.pauses = [4] if is_quick else [4, 15, 60]


def parts(size, is_quick):
    """The parts by name, those that take longest first."""
    faulty = [CATCH[0], CATCH[6], EXPORTER] if is_quick else [*CATCH, EXPORTER]
    found = {f"calls of {name}": lambda name=name: calls.run_part([name], size.faults) for name in sorted(faulty, key=len, reverse=True)}
    if cmdlets.find_pwsh():
        some = cmdlets.CMDLETS[:1] if is_quick else cmdlets.CMDLETS
        for cmdlet in some:
            found[f"calls of {cmdlet.name}"] = lambda cmdlet=cmdlet: cmdlets.run_part([cmdlet.name], size.cmdlet_faults)
        for name in list(cmdlets.KILLED)[:1 if is_quick else None]:
            found[f"kills of {name}"] = lambda name=name: cmdlets.kill_all([name], size.cmdlet_moments)
        found["kills of Watch-FlowStat"] = lambda: kills.kill_watch(size.cmdlet_moments)
    for name in [*KILLED, "many"]:
        found[f"kills of {name}"] = lambda name=name: kills.run_part([name], size.moments)
    found["shortages"] = lambda: shortages.run_part([CATCH[0], CATCH[5], CATCH[7], EXPORTER], size.every)
    found["clocks"] = lambda: clocks.run_part(world.Collector(), size.pauses)
    return found


def run_here(name, size, is_quick):
    """Runs one part in the namespaces that this process was started in."""
    world.build()
    world.run("gcc", "-O1", "-o", "/run/xtrace-sys/armed", os.path.join(world.HERE, "armed.c"))
    world.send_frames()
    world.check_sight()
    if name != "clocks":
        world.Collector()
    parts(size, is_quick)[name]()


def run_all(names, mode):
    """Starts the parts, as many at once as there are CPUs, and returns their rows and those that died."""
    waiting, running, rows, dead = list(names), {}, [], []
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            name = waiting.pop(0)
            log = open(os.path.join(world.ROOT, "out", f"faults.{name.replace(' ', '_').replace('*', 'all')}.log"), "w+", encoding="utf-8")
            command = [*NAMESPACES, sys.executable, os.path.abspath(__file__), mode, "--here", name]
            running[name] = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT), log, time.monotonic()
        for name, (process, log, begin) in list(running.items()):
            if process.poll() is not None:
                del running[name]
                rows += finish(name, process.returncode, log, time.monotonic() - begin, dead)
        time.sleep(0.1)
    return rows, dead


def finish(name, code, log, seconds, dead):
    """Reads what a part has said."""
    log.seek(0)
    lines = log.read().splitlines()
    log.close()
    rows = [Row(**json.loads(line[4:])) for line in lines if line.startswith("ROW ")]
    bad = sum(row.badly for row in rows)
    note(f"{name}: {sum(row.cases for row in rows)} cases in {seconds:.0f} s, {bad} ended badly")
    for row in rows:
        for problem in row.problems[:5]:
            note(f"    {row.program}, {row.fault}: {problem}")
    if code != 0 or not rows:
        dead.append(name)
        note("\n".join(f"    {line}" for line in lines[-15:] if not line.startswith("ROW ")))
    return rows


def main():
    arguments = sys.argv[1:]
    mode = arguments.pop(0) if arguments and arguments[0] in ("full", "quick") else "full"
    size = Size(mode == "quick")
    if arguments[:1] == ["--here"]:
        run_here(arguments[1], size, mode == "quick")
        return 0
    known = parts(size, mode == "quick")
    unknown = [name for name in arguments if name not in known]
    if unknown:
        print(f"There is no part {', '.join(unknown)}. There are: {', '.join(known)}.", file=sys.stderr)
        return 2
    if not cmdlets.find_pwsh():
        note("The cmdlets are left out: there is no pwsh on PATH.")
    begin = time.monotonic()
    rows, dead = run_all(arguments or known, mode)
    table(rows)
    print(f"It took {time.monotonic() - begin:.0f} s." + (f" These parts died: {', '.join(dead)}." if dead else ""))
    return 1 if dead or any(row.badly for row in rows) else 0


sys.exit(main())
