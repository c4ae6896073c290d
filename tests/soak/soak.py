#!/usr/bin/python3
"""Runs XTrace at full rate for a while, with everything coming and going, and ends with a verdict.

Usage: soak.py MINUTES    as root, in a mount, network and PID namespace of its own: 'make soak' does that

Frames are sent as fast as the kernel takes them, in a million flows. Pairs of interfaces live for seconds. The exporter watches them, and
one persistent monitor. Several pwsh and xtrace-catch start and stop monitors all the time, and some are killed. The exit code is 0 if every
frame is accounted for all along, and if memory, descriptors, threads, pins and programs stay constant behind the warm-up.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../faults"))

# pylint: disable=wrong-import-position
import cmdlets
import conservation
import monitors
import world
from constancy import Kernel, Process
from exporter import Exporter
from pairs import Pairs
from tally import Tally
from traffic import Sender

SAMPLE_EVERY = 5  # seconds
STEP = 0.1  # seconds
EXPORTER_FLOOR, PWSH_FLOOR = 2 << 20, 32 << 20  # bytes that memory may rise by in any case; pwsh compiles for minutes
STARTERS, CATCHERS = 2, 1


class Soak:
    """Everything that runs."""

    def __init__(self):
        self.tally, self.kernel, self.sender = Tally(), Kernel(), Sender()
        self.reader = monitors.Reader(self.tally, self.sender)
        self.exporter = Exporter(f"veth*,{conservation.STEADY}")
        self.stream = conservation.Stream(self.exporter.collector, self.tally)
        self.pairs = Pairs(self.sender, self.exporter.collector, self.tally)
        self.workers = [self.reader, monitors.Catcher(self.tally, "alone")]
        self.workers += [monitors.Starter(self.tally) for _ in range(STARTERS)]
        self.workers += [monitors.Catcher(self.tally, number, self.pairs) for number in range(CATCHERS)]
        self.processes = [Process("xtrace-exporter", self.exporter.process.pid, EXPORTER_FLOOR),
                          Process("pwsh", self.reader.shell.process.pid, PWSH_FLOOR)]

    def run(self, minutes):
        for number in range(world.PAIRS):
            for name in f"f{number}", f"g{number}":
                self.sender.ask("add", name)
        for worker in self.workers:
            worker.start()
        begin = time.monotonic()
        next_sample = begin + SAMPLE_EVERY
        while (now := time.monotonic()) < begin + minutes * 60:
            self.pairs.step()
            if now >= next_sample:
                next_sample += SAMPLE_EVERY
                self.sample(now - begin)
            time.sleep(STEP)
        self.seconds = time.monotonic() - begin

    def sample(self, seconds):
        if self.exporter.process.poll() is not None:
            raise RuntimeError(f"The exporter has ended with exit code {self.exporter.process.returncode}.")
        self.exporter.scrape()
        for process in self.processes:
            process.look()
        attached, there = self.kernel.look()
        expected = [f"{conservation.STEADY} tcx {direction}" for direction in world.TCX]
        self.tally.check("the steady interface has its two programs", attached == expected, f"{attached}")
        self.stream.judge()
        taken = self.sender.ask("count")[0]
        print(f"{seconds:5.0f} s  {taken / seconds / 1e3:.0f} k frames/s  {self.processes[0]}; {self.processes[1]}; {self.kernel} of"
              f" {there} now; {self.pairs.made} pairs, {self.exporter.collector.records} records,"
              f" {self.tally.counts['monitors started']} starts", flush=True)

    def end(self):
        """Ends everything in order, and judges."""
        for worker in self.workers:
            worker.is_over.set()
        for worker in reversed(self.workers):
            worker.join()
        self.pairs.end_all()
        self.frames = *self.sender.ask("count"), self.sender.cpu_seconds()
        self.sender.end()
        self.exporter.end(self.tally)
        self.stream.judge()
        self.stream.judge_end()
        shown = self.tally.counts["bytes that xtrace-catch showed"]
        self.tally.check("xtrace-catch shows flows", shown > 0, "it showed none")
        for one in *self.processes, self.kernel:
            one.judge(self.tally)
        self.kernel.judge_end(self.tally)

    def report(self):
        taken, refused, cpu = self.frames
        print(f"\n{taken} frames in {self.seconds:.0f} s, {taken / self.seconds:.0f} a second, {taken / cpu:.0f} a second of CPU"
              f" time of the sender; the kernel refused {refused} more.")
        last = self.exporter.collector.moments[-1]
        print(f"{self.pairs.made} pairs; {self.exporter.collector.records} records of {self.exporter.collector.sum[0]} frames,"
              f" {last.ignored[0]} ignored, {last.not_sent[0]} not sent, {last.total[0]} in all.")
        for name, number in sorted(self.tally.counts.items()):
            print(f"  {number:9d}  {name}")
        print("\n".join(self.tally.verdict()))


def main():
    if not cmdlets.find_pwsh():
        sys.exit("There is no pwsh on PATH: 'make test' gets one.")
    world.build()
    world.add_pair(monitors.ALONE, "g3")
    soak = Soak()
    soak.run(float(sys.argv[1]))
    soak.end()
    soak.report()
    return 1 if soak.tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
