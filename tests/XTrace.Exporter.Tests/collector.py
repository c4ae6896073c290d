#!/usr/bin/python3
"""A collector made of python3-ipfix: each record is a line of JSON with the names of IANA's elements.

Usage: collector.py udp|tcp|tls PORT [CERTIFICATE KEY [AUTHORITIES]]
It listens on all addresses, checks the sequence numbers of each transport session, and ends when standard input does.
"""
import datetime
import io
import json
import socket
import ssl
import struct
import sys
import threading

import ipfix.ie
import ipfix.message
import ipfix.types

ipfix.ie.use_iana_default()
for spec in ("destinationQueuePair(32473/1)<unsigned32>[4]", "bthOpcode(32473/2)<unsigned8>[1]",
             "layer2OctetTotalCount(353)<unsigned64>[8]", "layer2OctetDeltaCount(352)<unsigned64>[8]"):
    ipfix.ie.for_spec(spec)

lock = threading.Lock()


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

    def __init__(self):
        self.messages = ipfix.message.MessageBuffer()
        self.next = 0

    def take(self, message):
        self.messages.read_message(io.BytesIO(message))
        if self.messages.sequence != self.next:
            show({"expected": self.next, "sequence": self.messages.sequence})
        self.next = self.messages.sequence
        for record in self.messages.namedict_iterator():
            self.next += 1
            show({name: text(value) for name, value in record.items()} | {"domain": self.messages.odid})


def udp(port):
    listener = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)  # SO_RCVBUFFORCE
    listener.bind(("::", port))
    show({"listens": port})
    sessions = {}
    while True:
        message, peer = listener.recvfrom(65536)
        sessions.setdefault(peer, Session()).take(message)


def stream(connection):
    session = Session()
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


def main(transport, port, *files):
    context = None
    if transport == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files[0], files[1])
        if len(files) > 2:
            context.load_verify_locations(files[2])
            context.verify_mode = ssl.CERT_REQUIRED
    listen = (lambda: udp(int(port))) if transport == "udp" else (lambda: tcp(int(port), context))
    threading.Thread(target=listen, daemon=True).start()
    sys.stdin.read()


main(*sys.argv[1:])
