#!/usr/bin/python3
"""A collector made of python3-ipfix: each record is a line of JSON with the names of IANA's elements.

Usage: collector.py udp|tcp|tls PORT [sum] [CERTIFICATE KEY [AUTHORITIES]]
It listens on all addresses, checks the sequence numbers of each transport session, and ends when standard input does.
With sum it prints no flows, but the sum of their records, packets and bytes twice a second. Totals have the sum of their interface.
"""
import collections
import datetime
import io
import json
import socket
import ssl
import struct
import sys
import threading
import time

import ipfix.ie
import ipfix.message
import ipfix.types

ipfix.ie.use_iana_default()
for spec in ("destinationQueuePair(32473/1)<unsigned32>[4]", "bthOpcode(32473/2)<unsigned8>[1]",
             "processId(32473/3)<unsigned32>[4]", "processName(32473/4)<string>[65535]", "containerId(32473/5)<string>[65535]",
             "layer2OctetTotalCount(353)<unsigned64>[8]", "layer2OctetDeltaCount(352)<unsigned64>[8]"):
    ipfix.ie.for_spec(spec)

lock = threading.Lock()
NAMES = "packetDeltaCount", "layer2OctetDeltaCount", "ingressInterface", "egressInterface"
COUNTS = ipfix.ie.spec_list(NAMES)
OPTIONS = (261, 262)
sums = None
of_points = collections.defaultdict(lambda: [0, 0])


def text(value):
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=datetime.timezone.utc).timestamp()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex(":")
    return value if isinstance(value, (int, float, str)) else str(value)


def show(line):
    with lock:
        print(json.dumps(line), flush=True)


class Session:
    """A transport session: templates and sequence numbers are its own."""

    def __init__(self, first):
        self.messages = ipfix.message.MessageBuffer()
        self.next = first

    def take(self, message):
        self.messages.read_message(io.BytesIO(message))
        if self.next not in (None, self.messages.sequence):
            show({"expected": self.next, "sequence": self.messages.sequence})
        self.next = self.messages.sequence
        if sums is None:
            for record in self.messages.namedict_iterator():
                self.next += 1
                show({name: text(value) for name, value in record.items()} | {"domain": self.messages.odid})
        else:
            self.add()

    def add(self):
        """Decodes the counts of flows alone, which is faster, and where a message has templates or totals, all of it."""
        if all(number >= 256 and number not in OPTIONS for _, number, _ in self.messages.setlist):
            self.messages.last_tuple_iterator_ielist = None
            for counts in self.messages.tuple_iterator(COUNTS):
                self.count(*counts)
            return
        self.messages.accepted_tids.update(self.messages.templates)
        for record in self.messages.namedict_iterator():
            if "packetDeltaCount" in record:
                self.count(*(record[name] for name in NAMES))
            else:
                self.next += 1
                if "notSentPacketTotalCount" in record:
                    show({"sum": sums})  # of what came before these totals
                point = of_points[record.get("ingressInterface"), record.get("egressInterface")]
                show({name: text(value) for name, value in record.items()} | {"sum of point": point})

    def count(self, packets, octets, *point):
        self.next += 1
        of_points[point][0] += packets
        of_points[point][1] += octets
        sums[0] += 1
        sums[1] += packets
        sums[2] += octets


def add_up():
    while True:
        time.sleep(0.5)
        show({"sum": sums})


def udp(port):
    listener = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)  # SO_RCVBUFFORCE
    listener.bind(("::", port))
    show({"listens": port})
    sessions = {}
    while True:
        message, peer = listener.recvfrom(65536)
        # What an exporter sent before this collector began, nobody knows.
        sessions.setdefault(peer, Session(None)).take(message)


def stream(connection):
    session = Session(0)
    show({"connected": True})
    received = connection.makefile("rb")
    while header := received.read(16):
        session.take(header + received.read(struct.unpack_from("!H", header, 2)[0] - 16))
    show({"connected": False})


def tcp(port, context):
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("::", port))
    listener.listen()
    show({"listens": port})
    while True:
        connection, _ = listener.accept()
        if context:
            try:
                connection = context.wrap_socket(connection, server_side=True)
            except (OSError, ssl.SSLError) as error:
                show({"refused": str(error)})
                continue
        threading.Thread(target=stream, args=(connection,), daemon=True).start()


def main(transport, port, *more):
    global sums
    if more[:1] == ("sum",):
        sums, more = [0, 0, 0], more[1:]
        threading.Thread(target=add_up, daemon=True).start()
    context = None
    if transport == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(more[0], more[1])
        if len(more) > 2:
            context.load_verify_locations(more[2])
            context.verify_mode = ssl.CERT_REQUIRED
    listen = (lambda: udp(int(port))) if transport == "udp" else (lambda: tcp(int(port), context))
    threading.Thread(target=listen, daemon=True).start()
    sys.stdin.read()
    if sums:
        show({"sum": sums})


main(*sys.argv[1:])
