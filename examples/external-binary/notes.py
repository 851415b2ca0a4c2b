#!/usr/bin/env python3
"""Notes in Python, kept in the server's store: how a program asks drivers, by binary frames on descriptor 3."""

import collections
import json
import os
import struct

RUN, CALL, CAST, STOP, ANSWER, REFUSAL = 3, 4, 5, 6, 7, 8
STARTED, REPLY, ERROR, HANDLED, DRIVER = 66, 67, 68, 73, 78


class Refused(Exception):
    """What a driver refused: `reason` is one of page `errors`."""

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


def text(value):
    encoded = value.encode()
    return struct.pack("<H", len(encoded)) + encoded


def names(*values):
    return struct.pack("<H", len(values)) + b"".join(text(value) for value in values)


def take_text(payload, offset):
    (length,) = struct.unpack_from("<H", payload, offset)
    return payload[offset + 2 : offset + 2 + length].decode(), offset + 2 + length


class Kernel:
    """Descriptor 3. What comes while an answer is waited for keeps its turn."""

    def __init__(self):
        self.waiting = collections.deque()
        self.last = 0

    def receive(self):
        return self.waiting.popleft() if self.waiting else self.read()

    def ask(self, driver, operation, *arguments, lent_by=0):
        """One operation of a driver. With `lent_by`, the id of a call, by what its caller has lent for it."""
        self.last += 1
        question = bytes([DRIVER]) + struct.pack("<I", lent_by) + text(driver) + text(operation)
        self.send(self.last, question + json.dumps(arguments).encode())
        while True:
            identifier, payload = self.read()
            if identifier != self.last or payload[0] not in (ANSWER, REFUSAL):
                self.waiting.append((identifier, payload))
            elif payload[0] == ANSWER:
                return json.loads(payload[1:] or "null")
            else:
                reason, offset = take_text(payload, 1)
                raise Refused(reason, take_text(payload, offset)[0])

    def send(self, identifier, payload):
        data = struct.pack("<II", len(payload), identifier) + payload
        while data:
            data = data[os.write(3, data) :]

    def reply(self, identifier, value):
        self.send(identifier, bytes([REPLY]) + json.dumps(value).encode())

    def read(self):
        length, identifier = struct.unpack("<II", self.read_exactly(8))
        return identifier, self.read_exactly(length)

    def read_exactly(self, count):
        data = b""
        while len(data) < count:
            piece = os.read(3, count - len(data))
            if not piece:
                raise SystemExit("The kernel is gone")
            data += piece
        return data


kernel = Kernel()


def write(call, title, note):
    kernel.ask("kv", "put", f"notes/{title}", note)
    return "written"


def read(call, title):
    found = kernel.ask("kv", "get", f"notes/{title}")
    return found and found["value"]


def remind(call, title, delay_ms):
    """Casts `due` to this service in a while, whatever happens to it or to the server meanwhile."""
    return kernel.ask("clock", "after", delay_ms, "due", [title])["id"]


def publish_for(call, topic, note):
    """By the right of the caller, who lends it with the call."""
    return kernel.ask("events", "publish", topic, note, lent_by=call)


def hear(call, topic, after):
    """The next items of a topic behind a sequence. A stream is a number, and its items come when they are asked for."""
    stream = kernel.ask("events", "subscribe", topic, {"after": after})
    batch = kernel.ask("self", "next", stream)
    kernel.ask("self", "close", stream)
    return [item["data"] for item in batch["items"]]


def ask(call, driver, operation, arguments):
    return kernel.ask(driver, operation, *arguments)


calls = {each.__name__: each for each in (write, read, remind, publish_for, hear, ask)}
while True:
    identifier, payload = kernel.receive()
    kind = payload[0]
    if kind == RUN:
        kernel.send(0, bytes([STARTED]) + names(*calls) + names("due"))
    elif kind == CALL:
        method, offset = take_text(payload, 5)
        try:
            kernel.reply(identifier, calls[method](identifier, *json.loads(payload[offset:])))
        except (Refused, TypeError) as error:
            reason = getattr(error, "reason", "arguments-invalid")
            kernel.send(identifier, bytes([ERROR]) + text(reason) + text(f"{reason}: {error}") + b"\0\0")
    elif kind == CAST:
        _, offset = take_text(payload, 1)
        title, notice = json.loads(payload[offset:])
        kernel.ask("kv", "put", f"reminded/{title}", notice["firing"])
        kernel.send(identifier, bytes([HANDLED]))
    elif kind == STOP:
        raise SystemExit(0)
