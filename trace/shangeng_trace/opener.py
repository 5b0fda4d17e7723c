"""A process that opens signed events for a server: `python -m shangeng_trace.opener`, spoken to over its pipes.

A server's own process can run one line of Python at a time; reading and checking a hundred events would keep it from
all else. Each message is a length in four bytes, big-endian, and MessagePack.
"""

import gc
import signal
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, cast

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from shangeng_trace.canonical import load_canonical, load_statement
from shangeng_trace.errors import ShangengError
from shangeng_trace.keys import VerifyKey
from shangeng_trace.signed_events import SignedEvent, open_event

LENGTH = struct.Struct(">I")


class Asked(Struct, frozen=True, array_like=True, tag=True):
    """A body `{"events": […]}` with what is needed to open it: keys as Multikey text under their ids."""

    body: bytes
    limit: int
    most: int
    keys: Mapping[str, str]
    host: str

    def open(self) -> "Opened | None":
        """Open every event; None where the body is not what it should be."""
        return open_body(self)


class AskedEach(Struct, frozen=True, array_like=True, tag=True):
    """Bodies that are one event each."""

    bodies: Sequence[bytes]
    limit: int
    keys: Mapping[str, str]
    host: str

    def open(self) -> "Opened":
        """Open every body."""
        return open_each(self)


class KeyNotGivenError(ShangengError):
    """A statement names a key that was not among those given; whoever asked knows what to say of it."""


Opened = list[SignedEvent | None]
"""The events in order; None for one that does not open, which whoever asked opens again to hear what is wrong."""


_encode = Encoder().encode
read_question = Decoder(Asked | AskedEach).decode
read_answer = Decoder(Opened | None).decode
"""Times come in UTC, whatever their offset was."""


def written(message: Asked | AskedEach | Opened | None) -> bytes:
    """Return a message as the other end reads it."""
    body = _encode(message)
    return LENGTH.pack(len(body)) + body


def open_body(asked: Asked) -> Opened | None:
    """Open every event of a body; None where the body is not what it should be."""
    try:
        document = load_canonical(asked.body, limit=asked.limit) or load_statement(asked.body, limit=asked.limit)
    except ShangengError:
        return None
    found: object = document.get("events")
    if (
        not isinstance(found, list)
        or len(document) > 1
        or not 1 <= len(events := cast("list[object]", found)) <= asked.most
    ):
        return None

    opened = _opener(asked.keys, asked.host)
    return [opened(event) for event in events]


def open_each(asked: AskedEach) -> Opened:
    """Open every body."""
    opened = _opener(asked.keys, asked.host)

    def read(body: bytes) -> SignedEvent | None:
        try:
            if (document := load_canonical(body, limit=asked.limit)) is not None:
                return opened(document, body)
            return opened(load_statement(body, limit=asked.limit))
        except ShangengError:
            return None

    return [read(body) for body in asked.bodies]


def _opener(keys: Mapping[str, str], host: str) -> Callable[..., SignedEvent | None]:
    def key_of(key_id: str) -> VerifyKey:
        if key_id not in keys:
            raise KeyNotGivenError
        return VerifyKey.from_multikey(keys[key_id])

    def opened(event: object, body: bytes | None = None) -> SignedEvent | None:
        try:
            return open_event(event, key_of, host=host, is_strict=True, body=body)
        except ShangengError:
            return None

    return opened


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer one question after the other, until there are no more."""
    while len(length := questions.read(LENGTH.size)) == LENGTH.size:
        asked = read_question(questions.read(*LENGTH.unpack(length)))
        answers.write(written(asked.open()))
        answers.flush()
        gc.collect()  # while nobody waits; not while opening


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the server, which closes our pipes when it has finished
    gc.disable()
    gc.freeze()
    serve(sys.stdin.buffer, sys.stdout.buffer)
