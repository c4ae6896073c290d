"""kill -9 at random moments of each program's life: nothing stays that should not, and the next run works."""
import random
import subprocess

import cmdlets
import programs
import verdict
import world
from report import Row, note

MANY = 40  # from 32 interfaces on, XTrace uses clsact filters, which nothing in the kernel ties to a process
CHECK_EVERY = 20


def kill_program(program, moments):
    """A row of the table."""
    row = Row(program.name, "kill -9 at a random moment")
    life = min(program.run().seconds for _ in range(3))
    for number in range(moments):
        moment = random.uniform(0, life)
        outcome = program.run(kill_after=moment)
        problems = find_left(program, outcome)
        if number % CHECK_EVERY == CHECK_EVERY - 1:
            problems += check_next(program)
        row.add(problems, f"after {moment * 1000:.0f} of {life * 1000:.0f} ms", outcome.tail())
    row.send()


def find_left(program, outcome):
    problems = [f"left {one}" for one in world.left()]
    if not getattr(outcome, "is_restored", True):
        problems.append("the terminal is not as it was")
    if problems:
        world.clear()
    return problems


def check_next(program):
    outcome = program.run()
    problems = verdict.check(outcome, program.expects)
    return [f"the next run: {one}" for one in problems]


def kill_many(moments):
    """The filters of a killed process stay until the next looks at the interface: then they must go."""
    for number in range(MANY):
        world.add_pair(f"m{number}", f"n{number}")
    program = programs.catch("-i m* (clsact)", "-i", "m*", "-t", "100", "--once", expects="")
    row = Row(program.name, "kill -9 at a random moment")
    life, empty = program.run().seconds, 0
    for _ in range(moments):
        moment = random.uniform(0, life)
        killed = program.run(kill_after=moment)
        outcome = program.run()
        problems = [f"the next run: {one}" for one in verdict.check(outcome, "")]
        # A kill between a qdisc and its filter leaves an empty one. Nobody can tell it from one that others are about to use.
        problems += [f"left a filter of {one}" for one in world.qdiscs() if world.filters(one)]
        empty += len(world.qdiscs())
        if problems or world.qdiscs():
            world.clear()
        row.add(problems, f"after {moment * 1000:.0f} of {life * 1000:.0f} ms", killed.tail() + outcome.tail())
    note(f"{program.name}: {empty} empty qdiscs were left in {moments} kills")
    row.send()
    for number in range(MANY):
        subprocess.run(["ip", "link", "del", f"m{number}"], check=True)


def kill_watch(moments):
    """pwsh takes longest to start, so the moments are those after that."""
    program = programs.watch(cmdlets.find_pwsh())
    row = Row(program.name, "kill -9 at a random moment")
    life = program.run().seconds
    for _ in range(moments):
        moment = random.uniform(life / 3, life)
        outcome = program.run(kill_after=moment)
        row.add(find_left(program, outcome), f"after {moment * 1000:.0f} of {life * 1000:.0f} ms", outcome.tail())
    row.send()


def run_part(names, moments):
    for program in programs.all_programs():
        if program.name in names:
            note(f"{program.name}: {moments} moments")
            kill_program(program, moments)
    if "many" in names:
        kill_many(moments)
