"""xtrace-exporter, and the collector that takes its records."""
import collections
import json
import os
import subprocess
import threading
import time
import urllib.request

import traffic
import world

COLLECTOR = os.path.join(world.ROOT, "tests/XTrace.Exporter.Tests/collector.py")
METRICS = "127.0.0.1:9430"
ACTIVE = 10  # seconds
# A table that is full within the warm-up, so that flows make room from then on, and a buffer that a slow collector fills.
OPTIONS = ["--direction", "both", "-t", "1000", "--max-flow", "8192", "--idle-timeout", "3", "--active-timeout", str(ACTIVE),
           "--buffer", "8", "--ipfix", f"tcp://127.0.0.1:{world.COLLECTOR}", "--ipfix-refresh", "5", "--metrics", METRICS]
LAG = 4 * ACTIVE  # seconds after which a frame is in a record, ignored or not sent: timeout, buffer and two busy CPUs
KINDS = "Packet", "Octet"
TOTALS = "packetTotalCount", "layer2OctetTotalCount", "ignoredPacketTotalCount", "ignoredOctetTotalCount"

NOTHING = (0,) * len(TOTALS)

# Sums of packets and bytes at one place of the stream: in records, ignored, not sent, and in the totals of the points.
Moment = collections.namedtuple("Moment", "seconds records ignored not_sent total")


def add(one, other):
    return tuple(map(sum, zip(one, other)))


class Exporter:
    """Runs over the interfaces that match, until end()."""

    def __init__(self, interfaces):
        self.collector = Collector()
        self.log = open("/run/xtrace-sys/exporter.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen([world.EXPORTER, "-i", interfaces, *OPTIONS], stderr=self.log)
        traffic.wait_until(self.scrape, 30)

    def scrape(self):
        """Whether it serves metrics."""
        try:
            with urllib.request.urlopen(f"http://{METRICS}/metrics", timeout=30) as answer:
                return b"xtrace_" in answer.read()
        except OSError:
            return False

    def end(self, tally):
        """Lets it send what waits, and ends it."""
        last = None
        while last != (last := self.collector.records):
            time.sleep(5)
        self.process.terminate()
        code = self.process.wait(30)
        tally.check("the exporter ends with exit code 0", code == 0, f"it ended with {code}")
        self.collector.finish()


class Collector:
    """collector.py: the sum of all records, and the last totals of each point and of the exporter."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", COLLECTOR, "tcp", str(world.COLLECTOR), "sum"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.records, self.sum, self.points, self.moments, self.complaints = 0, (0, 0), {}, [], []
        self.before, self.recorded = {}, {}
        self.listens = threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.listens.wait(30)

    def read(self):
        for line in self.process.stdout:
            record = json.loads(line)
            if "sum" in record:
                self.records, *rest = record["sum"]
                self.sum = tuple(rest)
            elif "packetTotalCount" in record:
                self.keep(record)
            elif "notSentPacketTotalCount" in record:
                self.moments.append(self.sum_up(record))
            elif "expected" in record:
                self.complaints.append(record)
            elif "listens" in record:
                self.listens.set()

    def keep(self, record):
        """An interface whose monitor was stopped has another, which begins with nothing."""
        key = record["ingressInterface"] or record["egressInterface"], "Ingress" if record["ingressInterface"] else "Egress"
        new = tuple(record[name] for name in TOTALS)
        old = self.points.get(key, NOTHING)
        if new[0] < old[0]:
            self.before[key] = add(self.before.get(key, NOTHING), old)
        self.points[key], self.recorded[key] = new, record["sum of point"]

    def sum_up(self, process):
        packets, octets, *ignored = map(sum, zip(NOTHING, *self.before.values(), *self.points.values()))
        not_sent = tuple(process[f"notSent{kind}TotalCount"] for kind in KINDS)
        return Moment(time.monotonic(), self.sum, tuple(ignored), not_sent, (packets, octets))

    def missing(self):
        """Packets of each point that are in no record and were not ignored, for those that lack some."""
        for key, now in self.points.items():
            packets, _, ignored, _ = add(now, self.before.get(key, NOTHING))
            if (number := packets - ignored - self.recorded[key][0]) != 0:
                yield f"{key[0]} {key[1]} {number}"

    def total(self, index, direction):
        """The packets and bytes that the exporter told last of a point; (0, 0) if it has told nothing."""
        return self.points.get((index, direction), (0, 0))[:2]

    def finish(self):
        self.process.stdin.close()
        self.process.wait()
        self.reader.join()
