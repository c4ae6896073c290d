"""What XTrace promises, held against it while frames flow, and exactly where they rest for a moment."""
import contextlib
import json
import os
import time

import traffic
from exporter import KINDS, LAG

STEADY, PEER = "f0", "g0"
STEADY_FLOWS = 4096
CPUS = os.cpu_count() or 1
LONGEST = 1514  # bytes of a frame
FLOWING = "flows and totals fit while frames flow"
RESTING = "flows + others = total = the interface's count at rest"
STREAM = "records + ignored + not sent stay within the totals"
SUM = "records + ignored + not sent = totals at the end"


def check_flowing(tally, written):
    """
    Totals only grow, and flows move to the others when they make room. So the others that were read before and the flows are never more
    than the total behind them, and the flows and the others behind them are never less than the total before. Each CPU may be between
    the total and the flow of one frame.
    """
    for direction, seen in (json.loads(written[0]) if written else {}).items():
        before, after = seen["before"], seen.get("after")
        if after is None or before["state"] != "Running" or (before["program"], before["path"]) != (after["program"], after["path"]):
            continue  # somebody has restarted it meanwhile
        for i, kind in enumerate(KINDS):
            slack = CPUS * (LONGEST if i else 1)
            low, high = seen["flows"][i] + after["other"][i], seen["flows"][i] + before["other"][i]
            is_right = low + slack >= before["total"][i] <= after["total"][i] and high <= after["total"][i] + slack
            tally.check(FLOWING, is_right, f"{direction} {kind}s: {seen}")


@contextlib.contextmanager
def rest(sender, name):
    """No frames come to the steady interface, nor leave it."""
    assert name == STEADY
    for end in PEER, STEADY:
        sender.ask("hold", end)
    time.sleep(0.1)
    try:
        yield
    finally:
        for end in PEER, STEADY:
            sender.ask("go", end)


def check_resting(tally, read, count, start):
    """Exactly; frames that a busy CPU has yet to hand on have some seconds to arrive."""
    wrong = []

    def is_exact():
        seen, now = read(), count()
        wrong[:] = [f"{direction}: {one}, of the interface {now[direction]} - {start[direction]}"
                    for direction, one in seen.items() if not is_balanced(one, now[direction], start[direction])]
        return seen and not wrong
    tally.check(RESTING, traffic.wait_until(is_exact, 5, 0.5), "; ".join(wrong) or "the monitor cannot be read")


def is_balanced(seen, now, start):
    """Others may share the table: their flows take the room of this monitor's while it is read, and then its sum has two bounds."""
    total = tuple(seen["after"]["total"])
    bounds = zip(total, seen["flows"], seen["before"]["other"], seen["after"]["other"])
    gained = (now[0] - start[0], None if now[1] is None or start[1] is None else now[1] - start[1])
    return all(flows + before <= one <= flows + after for one, flows, before, after in bounds) and traffic.agree(total, gained)


class Stream:
    """What the exporter has told so far: no frame twice, and none later than it promises."""

    def __init__(self, collector, tally):
        self.collector, self.tally, self.judged = collector, tally, 0

    def judge(self):
        """The moments that are new."""
        moments = self.collector.moments
        for number in range(self.judged, len(moments)):
            moment = moments[number]
            due = next((one.total for one in reversed(moments[:number]) if one.seconds < moment.seconds - LAG), (0, 0))
            for i, kind in enumerate(KINDS):
                found = moment.records[i] + moment.ignored[i] + moment.not_sent[i]
                self.tally.check(STREAM, due[i] <= found <= moment.total[i], f"{kind}s: {due[i]} <= {found} <= {moment.total[i]}: {moment}")
        self.judged = len(moments)

    def judge_end(self):
        last = self.collector.moments[-1]
        for i, kind in enumerate(KINDS):
            found = self.collector.sum[i] + last.ignored[i] + last.not_sent[i]
            missing = f"packets in no record, by interface: {', '.join(self.collector.missing())}"
            self.tally.check(SUM, found == last.total[i], f"{found} of {last.total[i]} {kind}s; {missing}")
        self.tally.check("sequence numbers are right", not self.collector.complaints, f"{self.collector.complaints[:3]}")
