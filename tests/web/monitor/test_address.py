"""Reading a log at its address: politely, and without believing the transport."""

import gzip
import socket
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from shangeng_trace.monitor.monitor import Monitor
from shangeng_web.log_address import Address
from shangeng_web.outside import OutsideUnreachable
from tests.trace.monitor.logs import ALONE, ORIGIN, FakeLog
from tests.web.witnessing.network import Manner, bad_witness, drips, floods, free_port, garbles, hangs, says

ONCE = (0.0,)

Reply = Callable[[str, dict[str, str]], bytes]
"""What to answer to a path and headers: the whole response."""


@contextmanager
def server(reply: Reply) -> Generator[tuple[str, list[str]]]:
    """Serve on kept-open connections, and note each path with the number of its connection."""
    port, seen, connections = free_port(), list[str](), [0]

    def manner(visitor: socket.socket) -> None:
        connections[0] += 1
        number = connections[0]
        with visitor.makefile("rb") as heard:
            while line := heard.readline():
                path = line.split()[1].decode()
                headers: dict[str, str] = {}
                while (header := heard.readline().strip()) != b"":
                    name, _, value = header.decode().partition(": ")
                    headers[name.lower()] = value
                seen.append(f"{number} {path}")
                answer = reply(path, headers)
                visitor.sendall(answer)
                if b"Hangs-Up" in answer:
                    return

    with bad_witness(port, manner):
        yield f"http://127.0.0.1:{port}/log/", seen


def response(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def test_one_connection_serves_a_whole_look(tmp_path: Path) -> None:
    log = FakeLog.of(300)

    def reply(path: str, _headers: dict[str, str]) -> bytes:
        body = log.true(path.removeprefix("/log/"))
        return response(b"", status="404 Not Found") if body is None else response(body)

    with server(reply) as (url, seen), closing(Address(url, pauses=ONCE)) as address:
        monitor = Monitor(tmp_path, ORIGIN, ALONE, address, clock=lambda: log.time)
        assert monitor.look().checked == 300
        monitor.close()
    assert seen[0] == "1 /log/checkpoint"
    assert {each[0] for each in seen} == {"1"}
    assert len(seen) == len(set(seen))


def test_a_connection_that_was_closed_meanwhile_is_made_anew() -> None:
    def reply(_path: str, _headers: dict[str, str]) -> bytes:
        return response(b"body", "Hangs-Up: without a word")

    with server(reply) as (url, seen), closing(Address(url, pauses=ONCE)) as address:
        assert [address.fetch(f"tile/0/00{number}", 10) for number in range(3)] == [b"body"] * 3
    assert seen == ["1 /log/tile/0/000", "2 /log/tile/0/001", "3 /log/tile/0/002"]


def test_an_unchanged_checkpoint_is_not_sent_again() -> None:
    def reply(_path: str, headers: dict[str, str]) -> bytes:
        if headers.get("if-none-match") == '"a"':
            return response(b"", status="304 Not Modified")
        return response(b"note", 'ETag: "a"')

    with server(reply) as (url, _), closing(Address(url, pauses=ONCE)) as address:
        assert [address.fetch("checkpoint", 100) for _ in range(3)] == [b"note"] * 3


def test_packed_objects_are_unpacked_up_to_a_limit() -> None:
    packed = {
        "/log/good": gzip.compress(b"x" * 1000),
        "/log/bomb": gzip.compress(b"x" * 10_000_000),
        "/log/cut": gzip.compress(b"x" * 1000)[:-5],
        "/log/bad": b"\x1f\x8b" + b"no gzip at all",
    }

    def reply(path: str, headers: dict[str, str]) -> bytes:
        assert headers["accept-encoding"] == "gzip"
        return response(packed[path], "Content-Encoding: gzip")

    with server(reply) as (url, _), closing(Address(url, pauses=ONCE)) as address:
        assert address.fetch("good", 1000) == b"x" * 1000
        assert address.fetch("good", 10) == b"x" * 11
        assert address.fetch("bomb", 1000) == b"x" * 1001
        for path in ("cut", "bad"):
            with pytest.raises(OutsideUnreachable):
                address.fetch(path, 1000)


def test_one_bad_moment_is_waited_for() -> None:
    moments = iter(["503 Busy", "500 Oops", "200 OK"])

    def reply(_path: str, _headers: dict[str, str]) -> bytes:
        return response(b"body", status=next(moments))

    with server(reply) as (url, seen), closing(Address(url, pauses=(0.0, 0.0, 0.0))) as address:
        assert address.fetch("tile/0/000", 10) == b"body"
    assert len(seen) == 3


def test_an_answer_cut_short_is_none_at_all() -> None:
    """Else a broken line would look like an altered tile."""

    def reply(_path: str, _headers: dict[str, str]) -> bytes:
        return response(b"half", "Hangs-Up: early", length=8)

    with server(reply) as (url, _), closing(Address(url, pauses=ONCE)) as address, pytest.raises(OutsideUnreachable):
        address.fetch("tile/0/000", 8)


@pytest.mark.parametrize(
    "status",
    [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
        "206 Partial Content",
        "429 Too Many Requests",
        "500 Oops",
        "503 Busy",
    ],
)
def test_only_a_plain_yes_or_no_is_an_answer(status: str) -> None:
    def reply(_path: str, _headers: dict[str, str]) -> bytes:
        return response(b"", "Location: http://127.0.0.1:1/elsewhere", status=status)

    with server(reply) as (url, seen), closing(Address(url, pauses=ONCE)) as address:
        with pytest.raises(OutsideUnreachable, match=status.split(maxsplit=1)[0]):
            address.fetch("checkpoint", 100)
        assert len(seen) == 1


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
def test_what_is_not_there_is_none(status: str) -> None:
    def reply(_path: str, _headers: dict[str, str]) -> bytes:
        return response(b"", status=status)

    with server(reply) as (url, _), closing(Address(url, pauses=ONCE)) as address:
        assert address.fetch("tile/0/000", 100) is None


@pytest.mark.parametrize("manner", [hangs, drips, garbles])
def test_no_bad_server_holds_a_monitor_up(manner: Manner) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/log"
    with (
        bad_witness(port, manner),
        closing(Address(url, seconds=0.3, pauses=ONCE)) as address,
        pytest.raises(OutsideUnreachable),
    ):
        address.fetch("checkpoint", 100)


def test_a_flood_is_read_no_further_than_wanted() -> None:
    port = free_port()
    with bad_witness(port, floods), closing(Address(f"http://127.0.0.1:{port}/log")) as address:
        assert address.fetch("tile/0/000", 8192) == b"x" * 8193


def test_an_unusual_length_is_judged_and_not_believed() -> None:
    port = free_port()
    with bad_witness(port, says("200 OK", b"y" * 9000)), closing(Address(f"http://127.0.0.1:{port}/")) as address:
        assert len(address.fetch("tile/0/000", 8192) or b"") == 8193
