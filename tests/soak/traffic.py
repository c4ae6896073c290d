"""Full rate: the sender, and what interfaces have counted."""
import os
import subprocess
import threading
import time

import world

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sender.c")
PROGRAM = "/run/xtrace-sys/sender"


class Sender:
    """sender.c, which threads may share."""

    def __init__(self):
        world.run("gcc", "-O2", "-Wall", "-Werror", "-o", PROGRAM, SOURCE)
        self.process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.lock = threading.Lock()

    def ask(self, *words):
        """Gives a command, and returns how many frames the kernel took and how many it refused."""
        with self.lock:
            self.process.stdin.write(" ".join(words) + "\n")
            return tuple(map(int, self.process.stdout.readline().split()))

    def cpu_seconds(self):
        """Its CPU time, the kernel's for its frames included."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            return sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def counted(name):
    """What an interface has counted, by direction: (packets, bytes). At rest only do the two belong together."""
    found = {}
    for kind in "rx_packets", "rx_bytes", "tx_packets", "tx_bytes", "tx_dropped":
        with open(f"/sys/class/net/{name}/statistics/{kind}", encoding="ascii") as file:
            found[kind] = int(file.read())
    # TC egress runs before the driver, and a driver does not count the bytes of what it drops.
    sent_bytes = found["tx_bytes"] if found["tx_dropped"] == 0 else None
    return {"Ingress": (found["rx_packets"], found["rx_bytes"]), "Egress": (found["tx_packets"] + found["tx_dropped"], sent_bytes)}


def agree(seen, expected):
    """Whether two counts are the same, in packets, and in bytes if the second has them."""
    return seen[0] == expected[0] and expected[1] in (None, seen[1])


def wait_until(condition, seconds, step=0.1):
    """Whether it became true in time."""
    end = time.monotonic() + seconds
    while not (is_true := condition()) and time.monotonic() < end:
        time.sleep(step)
    return is_true
