"""Asking others over HTTP with hard time limits, so that whoever hangs, drips or floods holds nobody up.

No redirect is followed and no proxy asked: a witness is where the policy says it is.
"""

import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from urllib.parse import urlsplit

from shangeng_trace.errors import UnavailableError

SECONDS = 2.0
LARGEST_ANSWER = 1 << 16
_TIME = "time"


class OutsideUnreachable(UnavailableError):
    """Somebody outside does not answer, not in time, or not in words."""

    code = "web.outside_unreachable"
    zh = "{url} 没有回应（{reason}）。"
    en = "{url} does not answer ({reason})."


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered: the status, at most one octet more than was wanted, and the headers asked about."""

    status: int
    body: bytes
    tag: str | None = None
    encoding: str | None = None


class Line:
    """A connection to one host, kept open between requests; for one thread."""

    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise OutsideUnreachable(url=url, reason="URL")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        try:
            self._connection = kind(parts.hostname, parts.port, timeout=seconds)
        except ValueError as error:
            raise OutsideUnreachable(url=url, reason=error) from error
        self._url = url
        self._seconds = seconds

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def ask(
        self,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        largest: int = LARGEST_ANSWER,
    ) -> Answer:
        """Fetch a path, or post `body` to it, in the time that the line has for each answer.

        A line that was kept open may have been closed by the other side since, which costs a second try.

        Raises:
            OutsideUnreachable: there was no answer, or no whole one.
        """
        was_open = self._connection.sock is not None
        try:
            return self._ask(path, body, dict(headers or {}), largest)
        except OutsideUnreachable as error:
            self.close()
            if not was_open or error.parts["reason"] == _TIME:
                raise
            return self._ask(path, body, dict(headers or {}), largest)

    def _ask(self, path: str, body: bytes | None, headers: dict[str, str], largest: int) -> Answer:
        connection, whole = self._connection, False
        # The connection's own limit holds for each piece it waits for; the timer's for all of them together.
        deadline = time.monotonic() + self._seconds
        timer = threading.Timer(self._seconds, _cut, [connection])
        timer.daemon = True
        timer.start()
        try:
            connection.request("GET" if body is None else "POST", path, body, headers)
            with connection.getresponse() as response:
                read = response.read(largest + 1)
                whole = response.isclosed()
                if response.length and len(read) <= largest:  # less came than was announced
                    raise IncompleteRead(read)  # it is the library's own word for this
                answer = Answer(
                    response.status, read, response.getheader("ETag"), response.getheader("Content-Encoding")
                )
        except (OSError, HTTPException, ssl.SSLError, ValueError) as error:
            raise OutsideUnreachable(url=self._url, reason=type(error).__name__) from error
        finally:
            timer.cancel()
            if not whole:
                connection.close()
        if time.monotonic() >= deadline:  # what was cut may look whole
            raise OutsideUnreachable(url=self._url, reason=_TIME)
        return answer


def ask(url: str, *, body: bytes | None = None, seconds: float = SECONDS) -> Answer:
    """Fetch a URL, or post `body` to it; raises `OutsideUnreachable` after `seconds` at the latest."""
    headers = {"Content-Type": "text/plain; charset=utf-8"} if body is not None else {}
    with closing(Line(url, seconds=seconds)) as line:
        answer = line.ask(urlsplit(url).path or "/", body=body, headers=headers)
    if len(answer.body) > LARGEST_ANSWER:
        raise OutsideUnreachable(url=url, reason="length")
    return answer


def _cut(connection: HTTPConnection) -> None:
    sock: socket.socket | None = connection.sock
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
