"""Collects what was tried and how it ended, and writes the table."""
import json
import sys
from dataclasses import asdict, dataclass, field


@dataclass
class Row:
    """A program under one kind of fault."""
    program: str
    fault: str
    cases: int = 0
    well: int = 0
    badly: int = 0
    runtime: int = 0  # the runtime's own start failed, before the program's first line
    problems: list = field(default_factory=list)

    def add(self, faults, what, details=""):
        """Counts a case; faults are what is wrong with its end."""
        self.cases += 1
        if faults:
            self.badly += 1
            self.problems.append(f"{what}: {'; '.join(faults)}\n      {details}")
            note(f"{self.program}, {self.fault}: {self.problems[-1]}")
        else:
            self.well += 1

    def add_runtime(self):
        self.cases += 1
        self.runtime += 1

    def send(self):
        """To the process that writes the table."""
        print("ROW " + json.dumps(asdict(self)), flush=True)


def note(text):
    """Progress, for people."""
    print(text, file=sys.stderr, flush=True)


def table(rows):
    head = "program", "fault", "cases", "ended well", "ended badly", "runtime's own"
    lines = [head, *((row.program, row.fault, row.cases, row.well, row.badly, row.runtime) for row in rows)]
    sums = [sum(getattr(row, name) for row in rows) for name in ("cases", "well", "badly", "runtime")]
    lines.append(("all", "", *sums))
    widths = [max(len(str(line[i])) for line in lines) for i in range(len(head))]
    for line in lines:
        cells = [str(cell).ljust(width) if i < 2 else str(cell).rjust(width) for i, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())
