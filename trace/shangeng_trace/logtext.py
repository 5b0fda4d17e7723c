"""Strict readings of the small pieces that texts around the log are made of: numbers, base64, hashes, UTF-8.

Python's own readers are too kind for signed bytes: `int()` takes "+5", "1_0" and full-width digits,
`b64decode` drops foreign characters and unused bits, and two spellings of one value make one proof two files.
"""

import base64
import binascii
import re
from typing import Never

from shangeng_trace.errors import MalformedError

HASH_SIZE = 32
"""Octets of a SHA-256 hash."""

LARGEST = 2**63 - 1
"""The largest size, index or time read: what a signed 64-bit column holds (tlog formats allow one bit more)."""

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
"""What a signed note must not hold: octets below 0x20 other than LF."""


class LogTextMalformed(MalformedError):
    """A checkpoint, note, key, policy, tile or proof file is not in its format; `what` names the piece."""

    code = "trace.log_text_malformed"
    zh = "这份日志凭证的格式不对，可能已经损坏或被改动。"
    en = "This log evidence is malformed: {what}."


def malformed(what: str) -> Never:
    """Raise LogTextMalformed about `what`."""
    raise LogTextMalformed(what=what)


def read_decimal(text: str, what: str) -> int:
    """Return a number written as ASCII decimal without sign or leading zero, at most 2**63 - 1."""
    if not _DECIMAL.fullmatch(text) or (number := int(text)) > LARGEST:
        malformed(what)
    return number


def read_base64(text: str, what: str) -> bytes:
    """Return the octets of standard base64 with padding, in its one canonical spelling (RFC 4648 3.5 and 4)."""
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        malformed(what)
    if write_base64(octets) != text:
        malformed(what)
    return octets


def read_hash(text: str, what: str) -> bytes:
    """Return the 32 octets of a hash written in base64."""
    octets = read_base64(text, what)
    if len(octets) != HASH_SIZE:
        malformed(what)
    return octets


def write_base64(octets: bytes) -> str:
    """Write octets in standard base64 with padding."""
    return base64.b64encode(octets).decode("ascii")


def read_text(data: bytes | str, what: str, *, refused: re.Pattern[str] | None = CONTROL) -> str:
    """Return the text of valid UTF-8, unless a `refused` character stands in it.

    A text that was decoded elsewhere, such as a column's, passes the same checks.
    """
    try:
        text = data.decode() if isinstance(data, bytes) else data.encode().decode()
    except UnicodeError:
        malformed(what)
    if refused and refused.search(text):
        malformed(what)
    return text
