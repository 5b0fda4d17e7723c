"""Canonical JSON out (RFC 8785): the bytes that are hashed, signed and stored."""

import hashlib
import json
from math import isfinite
from typing import Any, cast

from msgspec import DecodeError
from msgspec.json import Decoder, Encoder

from shangeng_trace.strict import (
    JSON,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_INTEGER,
    BrokenText,
    Document,
    NotJsonValue,
    TooDeep,
    load,
    load_statement,
)

__all__ = [
    "JSON",
    "Document",
    "canonical",
    "check_statement",
    "digest",
    "exactly",
    "load",
    "load_canonical",
    "load_statement",
]

_encode = Encoder(order="sorted").encode
_decode = Decoder().decode
_text = json.JSONEncoder(ensure_ascii=False).encode
_LEAST_PLAIN, _MOST_PLAIN = 1e-4, 1e16
"""Between these, and with a fraction, everybody spells a double alike: no exponent, no ".0"."""
_MOST_PLAIN_LENGTH = 16
"""So many characters hold fifteen digits and a point."""
_PAST_THE_BASIC_PLANE = (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4")
"""What the UTF-8 of a character begins with that UTF-16 writes as two units."""


def canonical(value: Any) -> bytes:
    """Return the canonical form of a JSON value (RFC 8785), UTF-8.

    Integers beyond 2^53 are written as the double they round to, as the RFC says; what the ledger accepts is
    narrower, see `check_statement`. Tuples are arrays. Raises MalformedError for what JSON cannot carry.
    """
    try:
        if _encodes_alike(value):
            raw = _encode(value)
            # Names are sorted by code point, in RFC 8785 by UTF-16 unit: that differs only past the basic plane.
            if raw.isascii() or not any(map(raw.__contains__, _PAST_THE_BASIC_PLANE)):
                return raw
        return exactly(value).encode()
    except UnicodeEncodeError:
        raise BrokenText from None
    except RecursionError:
        raise TooDeep(limit=MAX_DEPTH) from None


def load_canonical(data: bytes, *, limit: int = MAX_BYTES) -> Document | None:
    """Parse what nearly every statement is: one in canonical form, of plain values; None for the rest, good and bad.

    What is returned is what `load_statement` reads, and `data` its canonical form, at a third of the price of both.
    """
    if len(data) > limit or any(map(data.__contains__, _PAST_THE_BASIC_PLANE)):
        return None
    try:
        document: object = _decode(data)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None  # the strict reader says what is wrong with it
    if not isinstance(document, dict) or not _is_plain(cast("Document", document), MAX_DEPTH):
        return None
    # One text has one meaning if that is written as this text: no name stands twice, no number is respelled.
    return cast("Document", document) if _encode(document) == data else None


def digest(document: Document) -> str:
    """Return a statement's identity: SHA-256 of its canonical form, proof included, in lower-case hex."""
    return hashlib.sha256(canonical(document)).hexdigest()


def check_statement(document: Any) -> None:
    """Raise MalformedError unless a document made in memory is one that `load_statement` would accept."""
    load_statement(canonical(document))


def exactly(value: Any) -> str:
    """Write the canonical form step by step; `canonical` takes this road only where the fast encoder may differ."""
    if value is None or isinstance(value, (bool, str)):
        return _text(value)
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(exactly, cast('list[object]', value)))}]"
    if isinstance(value, dict):
        members = sorted(cast("Document", value).items(), key=_utf16)
        return f"{{{','.join(f'{_text(name)}:{exactly(member)}' for name, member in members)}}}"
    raise NotJsonValue(value=type(value).__name__)


def _encodes_alike(value: Any) -> bool:  # noqa: PLR0911  # one answer per type
    """Whether the fast encoder is known to write `value` as RFC 8785 does, but for the order of names."""
    # `type` is compared, not `isinstance`: a subclass goes the exact way. Most values are text, hence the order.
    kind = type(value)  # pyright: ignore[reportUnknownVariableType]  # any type: that is the question
    if kind is dict:
        for name, member in value.items():
            if type(name) is not str:
                return False
            if type(member) is not str and not _encodes_alike(member):
                return False
        return True
    if kind is list:
        for item in value:  # noqa: SIM110  # a generator costs more than what it iterates over
            if type(item) is not str and not _encodes_alike(item):
                return False
        return True
    if kind is int:
        return bool(-MAX_INTEGER <= value <= MAX_INTEGER)
    if kind is float:
        return bool(_LEAST_PLAIN <= abs(value) < _MOST_PLAIN and value % 1)
    return kind is str or kind is bool or value is None


def _is_plain(value: Any, levels: int) -> bool:
    """Whether a value is no deeper than so many levels, and holds no number that somebody might write or read otherwise."""
    kind = type(value)  # pyright: ignore[reportUnknownVariableType]  # any type: that is the question
    if kind is dict or kind is list:
        if not levels:
            return False
        for member in value.values() if kind is dict else value:
            if type(member) is not str and not _is_plain(member, levels - 1):
                return False
        return True
    if kind is float:
        return _encodes_alike(value) and len(repr(value)) <= _MOST_PLAIN_LENGTH
    return _encodes_alike(value)


def _utf16(member: tuple[Any, Any]) -> bytes:
    """Return what RFC 8785 3.2.3 sorts members by: the UTF-16 code units of the name."""
    name = member[0]
    if not isinstance(name, str):
        raise NotJsonValue(value=f"{type(name).__name__} as a name")
    return name.encode("utf-16-be")


def _number(value: float) -> str:
    """Write a number as ECMAScript does (RFC 8785 3.2.2.3): shortest digits, plain from 1e-6 up to 1e21."""
    if isinstance(value, int) and abs(value) <= MAX_INTEGER:
        return int.__repr__(value)
    value = _double(value)
    if value == 0:
        return "0"  # negative zero included
    sign = "-" if value < 0 else ""
    mantissa, _, power = float.__repr__(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(power or 0) - (len(whole + fraction) - len(digits))  # digits before the point
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:  # noqa: PLR2004  # ECMAScript's own bounds, here and below
        return sign + digits.ljust(point, "0")
    if 0 < point <= 21:  # noqa: PLR2004
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:  # noqa: PLR2004
        return f"{sign}0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{point - 1:+d}"


def _double(value: float) -> float:
    try:
        double = float(value)
    except OverflowError:
        raise NotJsonValue(value="an integer beyond every double") from None
    if not isfinite(double):
        raise NotJsonValue(value=float.__repr__(double))
    return double
