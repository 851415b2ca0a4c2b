#!/usr/bin/env python3
"""A counter in Python: binary frames on descriptor 3, `[payload length u32][id u32][payload]`, little endian."""

import json
import os
import struct

RUN, CALL, CAST, STOP = 3, 4, 5, 6
TRACE, TRACED = 12, 79
STARTED, REPLY, ERROR, LOG, HANDLED = 66, 67, 68, 69, 73
INFO = 1


def read_exactly(count):
    data = b""
    while len(data) < count:
        piece = os.read(3, count - len(data))
        if not piece:
            raise SystemExit("The kernel is gone")
        data += piece
    return data


def send(identifier, payload):
    data = struct.pack("<II", len(payload), identifier) + payload
    while data:
        data = data[os.write(3, data) :]


def text(value):
    encoded = value.encode()
    return struct.pack("<H", len(encoded)) + encoded


def names(*values):
    return struct.pack("<H", len(values)) + b"".join(text(value) for value in values)


def take_text(payload, offset):
    (length,) = struct.unpack_from("<H", payload, offset)
    return payload[offset + 2 : offset + 2 + length].decode(), offset + 2 + length


count = 0
traces = {}
while True:
    length, identifier = struct.unpack("<II", read_exactly(8))
    payload = read_exactly(length)
    kind = payload[0]
    if kind == RUN:
        arguments = json.loads(payload[1:] or "[]")
        count = arguments[0] if arguments else 0
        print(f"counting from {count}", flush=True)
        send(0, bytes([STARTED]) + names("add", "count", "fail") + names("reset"))
    elif kind == TRACE:
        # Comes before the call or cast of this id, where somebody follows it.
        traces[identifier], _ = take_text(payload, 1)
    elif kind == CALL:
        trace = traces.pop(identifier, None)
        # Behind the kind stand the milliseconds that the caller still waits.
        method, offset = take_text(payload, 5)
        if method == "add":
            count += json.loads(payload[offset:])[0]
            if trace is not None:
                send(0, bytes([TRACED]) + text(trace) + bytes([LOG, INFO]) + text(f"counted to {count}"))
            send(identifier, bytes([REPLY]) + json.dumps(count).encode())
        elif method == "count":
            send(identifier, bytes([REPLY]) + json.dumps(count).encode())
        elif method == "fail":
            raise SystemExit("asked to fail")
        else:
            # Kind, message, and two flags: no path, no detail.
            send(identifier, bytes([ERROR]) + text("unknown-method") + text(f"No call {method}") + b"\0\0")
    elif kind == CAST:
        traces.pop(identifier, None)
        method, offset = take_text(payload, 1)
        if method == "reset":
            count = 0
        send(identifier, bytes([HANDLED]))
    elif kind == STOP:
        raise SystemExit(0)
