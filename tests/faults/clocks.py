"""The clock of the day is set forward and back, and processes are stopped for a while and go on, as on a machine that sleeps."""
import http.client
import json
import os
import signal
import struct
import time
import urllib.error
import urllib.request
from datetime import datetime

import programs
import world
from report import Row

LIBRARY = "/run/xtrace-sys/clock.so"
STEPS = ("+1h", 3600), ("-1h", -3600), ("+400d", 400 * 86400), ("-400d", -400 * 86400)
INTERVAL = 0.2  # seconds
LATE = 5  # seconds that a sample may be late on a busy machine; the steps are of an hour and more
ODD = 10  # times that a rate may differ from another there
SETTING = "/run/xtrace-sys/clock"


def set_clock(seconds):
    """Sets the clock of programs that run, in one write: clock.c has the file in its memory."""
    with open(SETTING, "r+b" if os.path.exists(SETTING) else "wb", buffering=0) as setting:
        setting.write(struct.pack("=q", seconds))


def faked(environment):
    """The clock of the day is the kernel's and so many seconds, and the others are as they are."""
    return {**environment, "LD_PRELOAD": LIBRARY, "XTRACE_CLOCK": SETTING}


def step_catch(row):
    """Samples go on at their pace, rates are those of before, and ages follow the clock."""
    for what, seconds in STEPS:
        set_clock(0)
        program = programs.catch("", "-i", "f0", "-t", str(int(INTERVAL * 1000)), "--json", environment=faked({}))
        process = program.start()
        lines = []
        while len(lines) < 10:
            lines.append((time.monotonic(), json.loads(process.stdout.readline())))
            if len(lines) == 4:
                set_clock(seconds)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=15)
        problems = list(judge_samples(lines, seconds, error.decode()))
        problems += [f"left {one}" for one in world.left()]
        row.add(problems, f"xtrace-catch, {what}", "\n      ".join(str(one) for _, one in lines[3:6]))


def judge_samples(lines, seconds, error):
    gaps = [after - before for (before, _), (after, _) in zip(lines, lines[1:])]
    if max(gaps) > LATE:
        yield f"no sample for {max(gaps):.1f} s"
    if "xtrace-catch: " in error:
        yield f"it says {error.strip()[:300]}"
    for _, flow in lines:
        seen, last, stamp = (datetime.fromisoformat(flow[name]) for name in ("FirstSeen", "LastSeen", "Timestamp"))
        if not seen <= last or abs((stamp - last).total_seconds()) > 2:
            yield f"first seen {seen}, last seen {last}, sampled at {stamp}"
            break
    rates = [flow["PacketsPerSecond"] for _, flow in lines[1:]]
    if rates and (min(rates) <= 0 or max(rates) > ODD * min(rates)):
        yield f"rates from {min(rates)} to {max(rates)}"
    moved = (datetime.fromisoformat(lines[-1][1]["Timestamp"]) - datetime.fromisoformat(lines[0][1]["Timestamp"])).total_seconds()
    if abs(moved - seconds - (lines[-1][0] - lines[0][0])) > 2:
        yield f"the time of samples moved by {moved:.1f} s, and the clock by {seconds} s"


def read_page(path):
    try:
        with urllib.request.urlopen(f"http://{programs.METRICS}{path}", timeout=3) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)


def step_exporter(row):
    """It stays healthy for those who would start it anew, and goes on sending."""
    for what, seconds in STEPS:
        set_clock(0)
        exporter = next(one for one in programs.all_programs() if one.name == "xtrace-exporter")
        command = [*exporter.command, "-t", "1000"] if "-t" not in exporter.command else [
            "1000" if word == "100" else word for word in exporter.command]
        process = programs.Program("", command, "", faked(exporter.environment)).start()
        problems = []
        wait_for(lambda: read_page("/metrics")[0] == 200)
        sent = collector.received
        set_clock(seconds)
        for _ in range(5):
            status, text = read_page("/healthz")
            if status != 200:
                problems.append(f"/healthz says {status} {text.strip()}")
                break
            time.sleep(0.3)
        if not wait_for(lambda: collector.received > sent):
            problems.append("it sends nothing more")
        end_exporter(row, process, problems, what)


def end_exporter(row, process, problems, what):
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=20)
    problems += [f"exit code {process.returncode}"] if process.returncode else []
    problems += [f"left {one}" for one in world.left()]
    row.add(problems, f"xtrace-exporter, {what}", error.decode()[-600:])


def wait_for(isso, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if isso():
            return True
        time.sleep(0.05)
    return False


def stop_and_go(row, name, seconds):
    """SIGSTOP, a while later SIGCONT: the next sample comes, and its rate is that of the whole pause."""
    program = programs.catch("", "-i", "f0", "-t", str(int(INTERVAL * 1000)), "--json")
    process = program.start()
    lines = [json.loads(process.stdout.readline()) for _ in range(3)]
    process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    process.send_signal(signal.SIGCONT)
    begin = time.monotonic()
    lines += [json.loads(process.stdout.readline()) for _ in range(4)]
    took = time.monotonic() - begin
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=15)
    problems = [f"left {one}" for one in world.left()]
    if took > 4 * INTERVAL + LATE:
        problems.append(f"four samples took {took:.1f} s after the pause")
    # The first sample after the pause has all that came meanwhile, over all of that time.
    usual, after = lines[2]["PacketsPerSecond"], lines[3]["PacketsPerSecond"]
    gained = lines[3]["Packets"] - lines[2]["Packets"]
    if not usual / ODD < after < usual * ODD or gained < usual * seconds / ODD:
        problems.append(f"{gained} packets, {after} a second, after a pause of {seconds} s; before it came {usual} a second")
    if "xtrace-catch: " in error.decode():
        problems.append(f"it says {error.decode().strip()[:300]}")
    row.add(problems, f"{name}, {seconds} s", str(lines[3])[:600])


def stop_exporter(row, seconds):
    exporter = next(one for one in programs.all_programs() if one.name == "xtrace-exporter")
    process = exporter.start()
    problems = []
    if not wait_for(lambda: read_page("/metrics")[0] == 200):
        problems.append("it has no metrics")
    process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    sent = collector.received
    process.send_signal(signal.SIGCONT)
    if not wait_for(lambda: read_page("/healthz")[0] == 200 and collector.received > sent):
        problems.append("it does not go on")
    end_exporter(row, process, problems, f"{seconds} s")


collector = None


def run_part(the_collector, pauses):
    global collector
    collector = the_collector
    world.run("gcc", "-O1", "-shared", "-fPIC", "-o", LIBRARY, os.path.join(world.HERE, "clock.c"))
    row = Row("both programs", "the clock of the day steps")
    step_catch(row)
    step_exporter(row)
    row.send()
    row = Row("both programs", "stopped for a while (SIGSTOP)")
    for seconds in pauses:
        stop_and_go(row, "xtrace-catch", seconds)
        stop_exporter(row, seconds)
    row.send()
