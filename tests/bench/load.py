"""A small HTTP load: connections that each send the next request when the last is answered.

Requests are bytes that were made beforehand, and an answer is read no further than its status and length ask, so that
one core of load can keep a server busy.
"""

import asyncio
import itertools
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import cast

if sys.platform == "win32":
    from asyncio import run as run_loop
else:
    from uvloop import run as run_loop

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class Load:
    """What a server answered: how many requests in how many seconds, how many not with 2xx, and how long each took."""

    requests: int
    failures: int
    seconds: float
    waits: tuple[float, ...] = ()

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    def __add__(self, other: "Load") -> "Load":
        return replace(
            self,
            requests=self.requests + other.requests,
            failures=self.failures + other.failures,
            seconds=self.seconds + other.seconds,
            waits=self.waits + other.waits,
        )


NOTHING = Load(0, 0, 0.0)


def get(path: str, *, host: str) -> bytes:
    """Return the bytes of a GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Language: zh-CN\r\n\r\n".encode()


def post(path: str, body: bytes, *, host: str, token: str = "") -> bytes:
    """Return the bytes of a POST request with a JSON body."""
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"{authorization}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def repeat(request: bytes) -> Iterator[bytes]:
    """Return the same request for ever."""
    return itertools.repeat(request)


def run(port: int, requests: Iterable[bytes], *, connections: int, seconds: float) -> Load:
    """Send requests over so many connections until the time is up or none are left."""
    return run_loop(_run(port, iter(requests), connections, seconds))


def run_in_turn(
    port: int, *kinds: Iterator[bytes], connections: int, seconds: float, turns: int = 5
) -> tuple[Load, ...]:
    """Send several kinds of requests in turn, each for `seconds` on the whole: a busy machine is busy for all."""
    loads = [NOTHING] * len(kinds)
    for _ in range(turns):
        for at, requests in enumerate(kinds):
            loads[at] += run(port, requests, connections=connections, seconds=seconds / turns)
    return tuple(loads)


async def _run(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> Load:
    loop = asyncio.get_running_loop()
    started = perf_counter()
    talks = [_Talk(requests, started + seconds) for _ in range(connections)]
    await asyncio.gather(*(loop.create_connection(lambda talk=talk: talk, "127.0.0.1", port) for talk in talks))  # type: ignore[misc]  # bound early
    await asyncio.gather(*(talk.over for talk in talks))
    statuses = [status for talk in talks for status in talk.statuses]
    failures = sum(not 200 <= status < 300 for status in statuses)
    return Load(len(statuses), failures, perf_counter() - started, tuple(wait for talk in talks for wait in talk.waits))


class _Talk(asyncio.Protocol):
    """One connection: asks, waits for the whole answer, asks again."""

    def __init__(self, requests: Iterator[bytes], until: float) -> None:
        self.statuses: list[int] = []
        self.waits: list[float] = []
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._until = until
        self._transport: asyncio.Transport | None = None
        self._answer = bytearray()
        self._awaited = 0
        self._asked = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own kind
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._awaited:
            end = self._answer.find(_HEAD_END)
            if end < 0:
                return
            head = bytes(self._answer[:end]).lower()
            at = head.find(_LENGTH) + len(_LENGTH)
            self._awaited = end + len(_HEAD_END) + int(head[at:].split(b"\r\n", 1)[0])
        if len(self._answer) >= self._awaited:
            self.statuses.append(int(self._answer[9:12]))
            self.waits.append(perf_counter() - self._asked)
            self._answer.clear()
            self._awaited = 0
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(exc or ConnectionError("the server hung up"))

    def _ask(self) -> None:
        assert self._transport is not None
        self._asked = perf_counter()
        request = next(self._requests, None) if self._asked < self._until else None
        if request is None:
            self.over.set_result(None)
            self._transport.close()
        else:
            self._transport.write(request)
