"""What was done and checked, and the faults that were found. Threads may share it."""
import collections
import threading

from report import note

SHOWN = 3  # faults of a kind that are shown whole


class Tally:
    """Counts by name, and faults by kind."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.faults = collections.defaultdict(list)

    def count(self, name, number=1):
        with self.lock:
            self.counts[name] += number

    def fault(self, kind, text):
        """Kinds are sentences; the text says what was seen."""
        with self.lock:
            self.faults[kind].append(text)
            is_shown = len(self.faults[kind]) <= SHOWN
        if is_shown:
            note(f"FAULT: {kind}: {text}")

    def check(self, kind, is_true, text):
        """Counts a check, and keeps a fault if it is not true."""
        self.count(kind)
        if not is_true:
            self.fault(kind, text)

    def verdict(self):
        """The last lines."""
        for kind, texts in self.faults.items():
            yield f"  {kind}: {len(texts)} times, first: {texts[0]}"
        if self.faults:
            yield f"FAILED: {len(self.faults)} kinds of faults."
        else:
            yield "PASSED: every frame is accounted for, and what is held is constant."
