"""Identifiers: 16 characters of Crockford base32 for things, UUID version 7 for events."""

import re
import secrets
import time
import uuid

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No I, L, O or U, so that an identifier read aloud or from a worn label has one reading."""

_ID = re.compile(rf"[{CROCKFORD}]{{16}}")
_EVENT_ID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})


def new_id() -> str:
    """Return a fresh random identifier: 80 bits, 16 characters, fit for a path and a small QR symbol."""
    number = secrets.randbits(80)
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(75, -1, -5))


def read_id(text: str) -> str | None:
    """Return the identifier in its one written form, or None where `text` cannot be one.

    Case, blanks and hyphens do not matter, and I, L and O are read as the digits they look like.
    """
    if _ID.fullmatch(text):
        return text
    folded = re.sub(r"[\s-]", "", text).upper().translate(_READ_AS)
    return folded if _ID.fullmatch(folded) else None


def new_event_id() -> str:
    """Return a fresh event identifier, `urn:uuid:` version 7 (RFC 9562 5.7: time first, then random)."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return f"urn:uuid:{uuid.UUID(int=value)}"


def is_event_id(text: str) -> bool:
    """Whether `text` is `urn:uuid:` with a lower-case version 7 UUID."""
    return _EVENT_ID.fullmatch(text) is not None
