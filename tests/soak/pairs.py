"""
Interfaces that come and go: each pair is watched, and frames are sent on it at full rate. Most are stilled then, and must have been counted
exactly. The others are taken away while frames flow. Nobody knows how many those have seen, but they must be in records all the same.
"""
import socket
import time

import traffic
import world

PAIRS = 12
LIFE = 12  # seconds
PATIENCE = 60  # seconds until the exporter watches a new pair, and until it has told the last total of one that is gone
REST = 0.3  # seconds in which the last frames pass
STILLED = 4  # of so many pairs all but one are
EXACT = "a pair that is gone was counted exactly"
TAKEN = "a pair has counted what the kernel took"


class Pair:
    """veth pair NUMBER; frames are sent from both of its ends."""

    def __init__(self, number):
        self.name, self.peer, self.born = f"veth{number}", f"peer{number}", time.monotonic()
        self.ended, self.counted = None, None
        world.add_pair(self.name, self.peer)
        self.index = socket.if_nametoindex(self.name)

    def is_watched(self):
        return all(world.count_programs(self.index, kind) for kind in world.TCX.values())

    def drop(self, sender):
        """Ends its traffic, and returns what was sent to each direction."""
        return sender.ask("drop", self.peer), sender.ask("drop", self.name)

    def still(self, sender, tally):
        """Ends its traffic, and reads what it has counted."""
        arrived, left = self.drop(sender)
        time.sleep(REST)
        self.counted = traffic.counted(self.name)
        for direction, sent in ("Ingress", arrived[0]), ("Egress", sum(left)):
            packets = self.counted[direction][0]
            tally.check(TAKEN, packets == sent, f"{self.name}, {direction}: {packets} of {sent}")

    def remove(self):
        world.run("ip", "link", "del", self.name)
        self.ended = time.monotonic()


class Pairs:
    """All pairs; the oldest makes room for a new one."""

    def __init__(self, sender, collector, tally):
        self.sender, self.collector, self.tally = sender, collector, tally
        self.waiting, self.alive, self.gone = [], [], []
        self.made, self.next = 0, time.monotonic()

    def step(self):
        now = time.monotonic()
        if now >= self.next and len(self.waiting) + len(self.alive) < PAIRS:
            self.waiting.append(Pair(self.made))
            self.made += 1
            self.next = now + LIFE / PAIRS
        for pair in [one for one in self.waiting if one.is_watched()]:
            self.begin(pair)
        if self.waiting and now > self.waiting[0].born + PATIENCE:
            self.tally.fault("a new pair is watched", f"{self.waiting[0].name} is not, after {PATIENCE} s")
            self.waiting.pop(0).remove()
        if self.alive and now > self.alive[0].born + LIFE:
            self.end(self.alive.pop(0), self.made % STILLED != 0)
        self.judge()

    def begin(self, pair):
        self.waiting.remove(pair)
        for name in pair.peer, pair.name:
            self.sender.ask("add", name)
        self.alive.append(pair)

    def end(self, pair, is_stilled=True):
        if is_stilled:
            pair.still(self.sender, self.tally)
            self.gone.append(pair)
        pair.remove()
        if not is_stilled:
            pair.drop(self.sender)
            self.tally.count("pairs taken away at full rate")

    def end_all(self):
        """Stills those that are there, and waits for the totals of those that are gone."""
        for pair in self.alive:
            self.end(pair)
        for pair in self.waiting:
            pair.remove()
        self.alive, self.waiting = [], []
        traffic.wait_until(lambda: not self.judge(), PATIENCE)

    def judge(self):
        """Those that are gone and whose totals the exporter has yet to tell."""
        for pair in list(self.gone):
            totals = {direction: self.collector.total(pair.index, direction) for direction in pair.counted}
            is_exact = all(traffic.agree(totals[direction], pair.counted[direction]) for direction in totals)
            if is_exact or time.monotonic() > pair.ended + PATIENCE:
                self.gone.remove(pair)
                self.tally.check(EXACT, is_exact, f"{pair.name} counted {pair.counted}, the exporter {totals}")
        return self.gone
