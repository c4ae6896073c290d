"""Limits of the machine: few descriptors, little memory, full disks, pins that cannot be made, rights that are missing."""
import errno
import os
import re
import subprocess
import time

import cmdlets
import programs
import verdict
import world
from report import Row, note
from verdict import Outcome

# The runtime or the loader says these if its own start fails for want of memory or descriptors; nothing of XTrace has begun.
RUNTIMES_OWN = re.compile(
    r"error while loading shared libraries|GC heap initialization failed|Failed to initialize|Out of memory\.|cannot allocate memory|"
    r"Insufficient|PAL|^$", re.IGNORECASE)
CAPABILITIES = "bpf", "perfmon", "net_admin", "net_raw", "sys_admin", "sys_resource", "dac_override", "sys_ptrace", "setuid"
NOBODY = 65534
# Numbers that no program can begin with, up to more than any needs.
DESCRIPTORS = range(3, 80)
MEBIBYTE = 1 << 20
FREED_WITHIN = 30  # seconds


def try_one(row, program, what, **streams):
    """Runs a program under a shortage, and counts how it ended."""
    outcome = program.run(**streams)
    problems = verdict.check(outcome, program.expects)
    said = outcome.error.strip()
    if problems and not outcome.left and outcome.code not in (0, 1, None) and RUNTIMES_OWN.search(said):
        row.add_runtime()
    else:
        row.add(problems, what, outcome.tail())


def under(program, *prefix, **changes):
    """The same program, started by another."""
    return type(program)(program.name, program.command, program.expects, changes.get("environment", program.environment),
                         program.limit, list(prefix))


def few_descriptors(chosen, every):
    for program in chosen:
        row = Row(program.name, "few descriptors (RLIMIT_NOFILE)")
        for limit in DESCRIPTORS[::every]:
            try_one(row, under(program, "prlimit", f"--nofile={limit}"), f"{limit} descriptors")
        row.send()


def little_memory(chosen, every):
    for program in chosen:
        row = Row(program.name, "little address space (RLIMIT_AS)")
        for limit in list(range(8, 640, 16))[::every]:
            try_one(row, under(program, "prlimit", f"--as={limit * MEBIBYTE}"), f"{limit} MiB")
        row.send()


def patiently(action, *arguments):
    """The kernel frees the maps and pages of a control group a little after the process that had them, and is busy until then."""
    last = time.monotonic() + FREED_WITHIN
    while True:
        try:
            return action(*arguments)
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > last:
                raise
        time.sleep(0.1)


def limit_memory(setting, mebibytes):
    with open(setting, "w", encoding="ascii") as stream:
        stream.write(str(mebibytes * MEBIBYTE))


def little_cgroup(chosen, every):
    """A memory cgroup, which counts the tables in the kernel as well. The kernel kills a process that cannot have what it uses."""
    parent = next((one for one in ("/sys/fs/cgroup/memory", "/sys/fs/cgroup") if os.path.exists(f"{one}/cgroup.procs")), None)
    file = {"/sys/fs/cgroup/memory": "memory.limit_in_bytes"}.get(parent, "memory.max")
    if parent is None:
        note("There is no memory cgroup here.")
        return
    folder = f"{parent}/xtrace-faults-{os.getpid()}"
    os.mkdir(folder)
    try:
        for program in chosen:
            row = Row(program.name, "little memory (cgroup)")
            for limit in list(range(1, 33))[::every]:
                patiently(limit_memory, f"{folder}/{file}", limit)
                enter = ["sh", "-c", f'echo $$ >{folder}/cgroup.procs && exec "$@"', "sh"]
                outcome = under(program, *enter).run()
                problems = verdict.check(outcome, program.expects)
                # Killed by the kernel: what counts is that nothing is left.
                row.add([one for one in problems if outcome.code != -9 or one.startswith("left")], f"{limit} MiB", outcome.tail())
            row.send()
    finally:
        patiently(os.rmdir, folder)


def full_disks(chosen):
    disk = "/run/xtrace-sys/full"
    os.makedirs(disk, exist_ok=True)
    world.run("mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", disk)
    for program in chosen:
        row = Row(program.name, "full disk (ENOSPC)")
        for target in "/dev/full", f"{disk}/output":
            with open(target, "wb") as stream:
                if target != "/dev/full":
                    stream.write(bytes(4096))
                    stream.flush()
                is_exporter = "exporter" in program.name
                outcome = program.run(**{"stderr" if is_exporter else "stdout": stream})
                problems = verdict.check(outcome, "")
                if not is_exporter and outcome.code != 1:
                    problems.append(f"it does not fail: {outcome.code}")
                row.add(problems, target, outcome.tail())
        row.send()
    world.run("umount", disk)


def missing_rights(chosen):
    """Each capability missing by itself, of root and of an ordinary user who has what is needed."""
    for program in chosen:
        row = Row(program.name, "a capability is missing")
        for capability in CAPABILITIES:
            try_one(row, under(program, "setpriv", f"--bounding-set=-{capability}"), f"root without {capability}")
        for capability in ("none", "bpf", "perfmon", "net_admin"):
            held = ",".join(f"+{one}" for one in ("bpf", "perfmon", "net_admin") if one != capability)
            user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", f"--inh-caps=-all,{held}",
                    f"--ambient-caps=-all,{held}", f"--bounding-set=-all,{held}"]
            try_one(row, under(program, *user), f"a user without {capability}")
        row.send()


def refused_pins(doctor_is_there):
    """The BPF file system read-only, somebody else's, or a file where the folder should be."""
    if not doctor_is_there:
        return
    doctor = cmdlets.Shell()
    row = Row("Start-XdpMonitor", "pins refused")
    for what, make, undo in (
            ("read-only", ["mount", "-o", "remount,ro", world.PINS], ["mount", "-o", "remount,rw", world.PINS]),
            ("a folder of another user", ["install", "-d", "-o", str(NOBODY), f"{world.PINS}/xtrace"], ["rmdir", f"{world.PINS}/xtrace"]),
            ("a file of the folder's name", ["bpftool", "map", "create", f"{world.PINS}/xtrace", "type", "array", "key", "4", "value", "4",
                                             "entries", "1", "name", "x"], ["rm", f"{world.PINS}/xtrace"])):
        subprocess.run(["rm", "-rf", f"{world.PINS}/xtrace"], check=True)
        world.run(*make)
        for command in "Start-XdpMonitor f0", "Get-XdpMonitor", "Stop-XdpMonitor f*":
            answer = doctor.ask(command)
            problems = list(cmdlets.judge(answer))
            if answer and not answer["errors"] and command.startswith("Start"):
                problems.append("it claims success")
            problems += [f"left attached: {one}" for one in world.attached()]
            row.add(problems, f"{what}: {command}", str(answer)[:600])
        world.run(*undo)
    row.send()
    doctor.end()


def full_tables(doctor_is_there):
    """More interfaces than a monitor has points for: the next monitor takes the rest."""
    if not doctor_is_there:
        return
    doctor = cmdlets.Shell()
    row = Row("Start-XdpMonitor", "more interfaces than points")
    names = [f"t{number}" for number in range(60)]
    for name in names:
        if doctor.ask("Get-XdpMonitor")["written"] == []:
            doctor.ask("Start-XdpMonitor f0")
        world.add_pair(name, f"u{name}")
        answer = doctor.ask(f"Start-XdpMonitor {name} -Direction Both")
        problems = list(cmdlets.judge(answer))
        if answer and [one.split()[-1] for one in answer["written"]] != ["Running", "Running"]:
            problems.append(f"it is not counted: {answer['written']}")
        row.add(problems, name, str(answer)[:600])
    row.add(list(cmdlets.end_all(doctor)), "stopping all")
    for name in names:
        world.run("ip", "link", "del", name)
    row.send()
    doctor.end()


def run_part(names, every):
    chosen = [one for one in programs.all_programs() if one.name in names]
    few_descriptors(chosen, every)
    little_memory(chosen, every)
    little_cgroup(chosen, every)
    full_disks([one for one in chosen if "--live" not in one.name])
    missing_rights(chosen)
    refused_pins(cmdlets.find_pwsh())
    full_tables(cmdlets.find_pwsh())
