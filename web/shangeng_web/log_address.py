"""A log at its address, read like a good guest: one connection, one request at a time, nothing twice, no redirect."""

import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from urllib.parse import urlsplit

from shangeng_trace.monitor.source import CHECKPOINT
from shangeng_trace.policy import Witness
from shangeng_web.outside import Line, OutsideUnreachable, ask

SECONDS = 30.0
"""For one object: the largest bundle has 16 MB."""

PAUSES = (0.0, 1.0, 5.0)
"""Before each try of one object: a long pull should not fail for one bad moment."""

_GOOD, _UNCHANGED = 200, 304
_NOT_THERE = {404, 410}
_GZIP = 31
"""zlib's word for gzip."""
_ROOM = 1024
"""Octets that compressing what cannot be compressed may add."""


class Address:
    """A log's prefix as a monitor's source; call `close` when done."""

    def __init__(self, url: str, *, seconds: float = SECONDS, pauses: Sequence[float] = PAUSES) -> None:
        self.name = url.rstrip("/")
        self._pauses = pauses
        self._prefix = urlsplit(self.name).path
        self._line = Line(self.name, seconds=seconds)
        self._last: tuple[str, bytes] | None = None

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def fetch(self, path: str, largest: int) -> bytes | None:
        """Return an object below the prefix; the checkpoint is sent only where it has changed."""
        *pauses, last = self._pauses
        for pause in pauses:
            time.sleep(pause)
            with suppress(OutsideUnreachable):
                return self._fetch(path, largest)
        time.sleep(last)
        return self._fetch(path, largest)

    def _fetch(self, path: str, largest: int) -> bytes | None:
        headers = {"User-Agent": "shangeng-monitor", "Accept-Encoding": "gzip"}
        if path == CHECKPOINT and self._last is not None:
            headers["If-None-Match"] = self._last[0]
        answer = self._line.ask(f"{self._prefix}/{path}", headers=headers, largest=largest + _ROOM)
        if answer.status == _UNCHANGED and path == CHECKPOINT and self._last is not None:
            return self._last[1]
        if answer.status in _NOT_THERE:
            return None
        if answer.status != _GOOD:
            raise OutsideUnreachable(url=f"{self.name}/{path}", reason=answer.status)
        body = answer.body if answer.encoding in (None, "identity") else self._unpacked(path, answer.body, largest)
        if path == CHECKPOINT:
            self._last = (answer.tag, body) if answer.tag else None
        return body[: largest + 1]

    def _unpacked(self, path: str, packed: bytes, largest: int) -> bytes:
        unpacking = zlib.decompressobj(_GZIP)
        try:
            body = unpacking.decompress(packed, largest + 1)
        except zlib.error as error:
            raise OutsideUnreachable(url=f"{self.name}/{path}", reason="gzip") from error
        if not unpacking.eof and len(body) <= largest:
            raise OutsideUnreachable(url=f"{self.name}/{path}", reason="gzip")
        return body


def ask_witness(witness: Witness, origin: str) -> bytes | None:
    """Return what a witness publishes of a log (C2SP tlog-witness), or None where it has cosigned nothing yet.

    Raises:
        OutsideUnreachable: it does not answer, or only with an error.
    """
    assert witness.url is not None, "only a witness with an address can be asked"
    url = f"{witness.url.rstrip('/')}/{sha256(origin.encode()).hexdigest()}/{CHECKPOINT}"
    answer = ask(url)
    if answer.status in _NOT_THERE:
        return None
    if answer.status != _GOOD:
        raise OutsideUnreachable(url=url, reason=answer.status)
    return answer.body
