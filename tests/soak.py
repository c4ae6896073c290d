#!/usr/bin/python3
"""Runs xtrace-exporter for a while over interfaces that come and go all the time, and ends with a verdict.

Usage: soak.py MINUTES    as root, in a mount, network and PID namespace of its own: 'make soak' does that

Frames are sent on veth pairs without a pause. A pair lives for seconds. The exporter sends IPFIX over TCP to a collector, and its
metrics are scraped. Every few seconds its resident memory, descriptors and threads are read. The exit code is 0 if they stay
constant behind the warm-up, and if the records, with what was ignored and not sent, add up to what the interfaces counted.
"""
import collections
import json
import os
import random
import signal
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
EXPORTER = os.path.join(HERE, "../out/xtrace-exporter")
COLLECTOR = os.path.join(HERE, "XTrace.Exporter.Tests/collector.py")
METRICS = "127.0.0.1:9430"
PAIRS = 20
PAIR_LIVES = 10  # seconds
SAMPLE_EVERY = 5  # seconds
FRAMES_A_STEP = 400
STEP = 0.05  # seconds
# A table that is full within the warm-up, so that flows make room from then on.
OPTIONS = ["-i", "veth*", "--direction", "both", "-t", "1000", "--max-flow", "8192", "--idle-timeout", "3", "--active-timeout", "10",
           "--ipfix", "tcp://127.0.0.1", "--ipfix-refresh", "10", "--metrics", METRICS]

MEMORY_SHARE = 0.05  # that resident memory may rise by, from one half to the other
MEMORY_FLOOR = 2 << 20  # bytes that it may rise by in any case
DESCRIPTORS = 4  # that one more sample than another may have, as pairs come and go meanwhile

Sample = collections.namedtuple("Sample", "seconds resident descriptors threads")


def run(*command):
    subprocess.run(command, check=True)


class Pairs:
    """veth pairs of which the oldest makes room for a new one."""

    def __init__(self):
        self.sockets = {}
        self.made = 0

    def add(self):
        name, self.made = self.made, self.made + 1
        run("ip", "link", "add", f"veth{name}", "type", "veth", "peer", "name", f"peer{name}")
        run("ip", "link", "set", f"veth{name}", "up")
        run("ip", "link", "set", f"peer{name}", "up")
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sender.bind((f"peer{name}", 0))
        self.sockets[name] = sender

    def remove_oldest(self):
        name = min(self.sockets)
        self.sockets.pop(name).close()
        run("ip", "link", "del", f"veth{name}")

    def send(self, frames):
        senders = list(self.sockets.values())
        for _ in range(frames):
            random.choice(senders).send(frame())


def frame():
    """UDP over IPv4 in 64 bytes and more, of one of a million flows."""
    payload = bytes(random.randrange(22, 200))
    udp = struct.pack("!HHHH", random.randrange(1024, 65536), 4433, 8 + len(payload), 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0,
                     bytes([10, 0, 0, random.randrange(16)]), bytes([10, 1, 0, 1]))
    return bytes(12) + b"\x08\x00" + ip + udp + payload


class Collector:
    """collector.py: the sum of all records, and the last totals of each interface and of the exporter."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", COLLECTOR, "tcp", "4739", "sum"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.sum, self.interfaces, self.exporter, self.complaints = [0, 0, 0], {}, {}, []
        self.listens = threading.Event()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        self.listens.wait(30)

    def read(self):
        for line in self.process.stdout:
            record = json.loads(line)
            if "listens" in record:
                self.listens.set()
            elif "sum" in record:
                self.sum = record["sum"]
            elif "packetTotalCount" in record:
                key = record["ingressInterface"], record["egressInterface"]
                self.interfaces[key] = record
            elif "notSentPacketTotalCount" in record:
                self.exporter = record
            elif "expected" in record:
                self.complaints.append(record)

    def finish(self):
        self.process.stdin.close()
        self.process.wait()
        self.reader.join()

    def total(self, name):
        return sum(record[name] for record in self.interfaces.values())


def take_sample(pid, start):
    urllib.request.urlopen(f"http://{METRICS}/metrics").read()
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status)
    return Sample(round(time.monotonic() - start), int(fields["VmRSS"].split()[0]) << 10,
                  len(os.listdir(f"/proc/{pid}/fd")), int(fields["Threads"]))


def churn(exporter, pairs, minutes):
    samples = []
    start = time.monotonic()
    next_pair = next_sample = start
    while (now := time.monotonic()) < start + minutes * 60:
        if exporter.poll() is not None:
            sys.exit(f"The exporter has ended with exit code {exporter.returncode}.")
        if now >= next_pair:
            pairs.add()
            if len(pairs.sockets) > PAIRS:
                pairs.remove_oldest()
            next_pair += PAIR_LIVES / PAIRS
        if now >= next_sample + SAMPLE_EVERY:
            samples.append(take_sample(exporter.pid, start))
            next_sample += SAMPLE_EVERY
            print("%5d s  %6.1f MiB resident  %3d descriptors  %2d threads  %5d pairs so far  %9d records" % (
                samples[-1].seconds, samples[-1].resident / 2**20, samples[-1].descriptors, samples[-1].threads,
                pairs.made, collector.sum[0]), flush=True)
        pairs.send(FRAMES_A_STEP)
        time.sleep(STEP)
    return samples


def judge(samples):
    """What is not constant: the first fifth is the warm-up, and the rest is compared half by half."""
    steady = samples[len(samples) // 5:]
    first, last = steady[:len(steady) // 2], steady[len(steady) // 2:]
    before, after = (statistics.median(one.resident for one in half) for half in (first, last))
    if after > before + max(MEMORY_FLOOR, before * MEMORY_SHARE):
        yield f"resident memory rose from {before / 2**20:.1f} to {after / 2**20:.1f} MiB"
    for name in "descriptors", "threads":
        before, after = (max(getattr(one, name) for one in half) for half in (first, last))
        if after > before + DESCRIPTORS:
            yield f"{name} rose from {before} to {after}"


def judge_sums():
    """Records + ignored + not sent = frames of the interfaces."""
    for what, number, total in ("packets", 1, "packetTotalCount"), ("bytes", 2, "layer2OctetTotalCount"):
        kind = "Packet" if what == "packets" else "Octet"
        found = collector.sum[number] + collector.total(f"ignored{kind}TotalCount") + collector.exporter[f"notSent{kind}TotalCount"]
        if found != collector.total(total):
            yield f"{found} {what} of {collector.total(total)} are in records, ignored or not sent"
    if collector.complaints:
        yield f"sequence numbers are wrong: {collector.complaints[:3]}"


minutes = float(sys.argv[1])
run("mount", "-t", "sysfs", "sysfs", "/sys")
run("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")
run("ip", "link", "set", "lo", "up")
# The kernel would send frames of its own at any time.
with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w", encoding="ascii") as setting:
    setting.write("1")
collector = Collector()
exporter = subprocess.Popen([EXPORTER, *OPTIONS], stderr=subprocess.DEVNULL)
pairs = Pairs()
try:
    time.sleep(2)
    samples = churn(exporter, pairs, minutes)
    time.sleep(1)  # sums are exact at rest
    exporter.send_signal(signal.SIGTERM)
    code = exporter.wait(30)
finally:
    exporter.kill()
    collector.finish()
faults = [*judge(samples), *judge_sums()]
if code != 0:
    faults.append(f"the exporter ended with exit code {code}")
print(f"{pairs.made} pairs came and {pairs.made - len(pairs.sockets)} went. {collector.sum[0]} records had {collector.sum[1]} packets;"
      f" the interfaces counted {collector.total('packetTotalCount')}, of which {collector.total('ignoredPacketTotalCount')} were ignored"
      f" and {collector.exporter['notSentPacketTotalCount']} not sent.")
print(f"FAILED: {'; '.join(faults)}." if faults else "PASSED: memory, descriptors and threads are constant, and every frame is accounted for.")
sys.exit(1 if faults else 0)
