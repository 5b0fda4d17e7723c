"""Strict JSON in: one text, one meaning, for every reader alike."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, NoReturn, TypeAlias, cast

from shangeng_trace.errors import MalformedError

JSON: TypeAlias = dict[str, "JSON"] | list["JSON"] | str | int | float | bool | None
"""Any JSON value."""

Document: TypeAlias = dict[str, Any]
"""A JSON object as the ledger handles it: an event, a credential, an entry."""

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_INTEGER = 2**53 - 1
"""The largest integer that every IEEE 754 reader, JavaScript among them, tells apart from its neighbours."""
MAX_DIGITS = 15
"""Every decimal of so many significant digits survives the way through a double."""


class NotJson(MalformedError):
    """The text is not JSON at this place."""

    code = "trace.not_json"
    zh = "数据不是规范的 JSON：第 {line} 行第 {column} 个字符处不对。"
    en = "This is not strict JSON at line {line}, column {column}."


class NotJsonValue(MalformedError):
    """A value that JSON cannot carry: NaN, an infinity, a name that is not text, another type."""

    code = "trace.not_json_value"
    zh = "数据里有 JSON 不能表示的内容：{value}。"
    en = "JSON cannot carry this: {value}."


class DuplicateName(MalformedError):
    """One object has two members of the same name, so that two readers may see two documents."""

    code = "trace.duplicate_name"
    zh = "同一项内容“{name}”出现了两次。"
    en = 'The member "{name}" stands twice in one object.'


class BrokenText(MalformedError):
    """Bytes that are not UTF-8, or half of a surrogate pair."""

    code = "trace.broken_text"
    zh = "文字里有不完整的字符。"
    en = "The text holds a broken character."


class TooLarge(MalformedError):
    """More bytes than the reader accepts."""

    code = "trace.too_large"
    zh = "数据太大，最多 {limit} 字节。"
    en = "Too large: at most {limit} bytes."


class TooDeep(MalformedError):
    """Objects and arrays nested further than anything real."""

    code = "trace.too_deep"
    zh = "数据的层次太多，最多 {limit} 层。"
    en = "Nested too deeply: at most {limit} levels."


class NumberNotExact(MalformedError):
    """A number that not every reader would read as the same number."""

    code = "trace.number_not_exact"
    zh = "数字 {number} 的位数太多，不同的设备会读成不同的数。"
    en = "The number {number} has more digits than every device reads alike."


class StatementNotObject(MalformedError):
    """A statement is a JSON object, and this is something else."""

    code = "trace.statement_not_object"
    zh = "记录的格式不对，应当是一个 JSON 对象。"
    en = "A statement must be a JSON object."


def load(data: bytes | str, *, limit: int = MAX_BYTES, depth: int = MAX_DEPTH) -> Any:
    """Parse one strict JSON text (RFC 8259 within I-JSON, RFC 7493): UTF-8, no byte order mark, no name twice.

    `limit` is in bytes, `depth` in nested objects and arrays. Raises MalformedError and nothing else.
    """
    return _parse(_STRICT, data, limit, depth)


def load_statement(data: bytes | str, *, limit: int = MAX_BYTES) -> Document:
    """Parse a document for the ledger: as `load`, an object, and only numbers that every reader reads alike.

    Integers lie within ±(2^53 - 1), other numbers have at most 15 significant digits. A number may be respelled
    (1250.50), since the canonical form is what is stored, but the canonical form must not change it.
    """
    document = _parse(_EXACT, data, limit, MAX_DEPTH)
    if not isinstance(document, dict):
        raise StatementNotObject
    return cast("Document", document)


def _parse(decoder: json.JSONDecoder, data: bytes | str, limit: int, depth: int) -> Any:
    try:
        if len(data) > limit:
            raise TooLarge(limit=limit)
        raw = data.encode() if isinstance(data, str) else data
        if len(raw) > limit:
            raise TooLarge(limit=limit)
        text = raw.decode()
        value = decoder.decode(text)
        # Brackets inside of text count here too: few of them prove a shallow document without looking.
        if raw.count(b"{") + raw.count(b"[") > depth and _is_deeper(value, depth):
            raise TooDeep(limit=depth)
        if _SURROGATE.search(text):
            # The parser has joined the pairs; half of one is left as it was, and cannot be encoded.
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        raise BrokenText from None
    except json.JSONDecodeError as error:
        raise NotJson(line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise TooDeep(limit=depth) from None
    return value


def _is_deeper(value: Any, depth: int) -> bool:
    """Whether more than `depth` objects and arrays stand inside one another; level by level, without recursion."""
    level: list[object] = [value] if isinstance(value, (dict, list)) else []
    for _ in range(depth):
        level = [member for each in level for member in _members(each) if isinstance(member, (dict, list))]
        if not level:
            return False
    return True


def _members(container: object) -> Iterable[object]:
    if isinstance(container, dict):
        return cast("Document", container).values()
    return cast("list[object]", container)


def _object(pairs: list[tuple[str, Any]]) -> Document:
    members = dict(pairs)
    if len(members) != len(pairs):
        [(name, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise DuplicateName(name=_short(name))
    return members


def _constant(word: str) -> NoReturn:
    raise NotJsonValue(value=word)


def _integer(literal: str) -> int:
    if len(literal) > _LONGEST_LITERAL:
        raise NumberNotExact(number=_short(literal))
    return int(literal)


def _finite(literal: str) -> float:
    if len(literal) > _LONGEST_LITERAL or not isfinite(value := float(literal)):
        raise NumberNotExact(number=_short(literal))
    return value


def _exact_integer(literal: str) -> int:
    value = _integer(literal)
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise NumberNotExact(number=_short(literal))
    return value


def _exact(literal: str) -> float:
    value = _finite(literal)
    if not _is_exact(value, literal):
        raise NumberNotExact(number=_short(literal))
    return value


def _is_exact(value: float, literal: str) -> bool:
    """Whether a double stands for the number that was written, and for no other of 15 digits."""
    shortest = Decimal(repr(value))
    try:
        written = Decimal(literal)
    except InvalidOperation:  # an exponent beyond even decimals; only a zero would survive that
        return False
    if shortest != written:
        return False
    if value.is_integer():
        return abs(value) <= MAX_INTEGER
    return len(shortest.as_tuple().digits) <= MAX_DIGITS


def _short(text: str) -> str:
    """Return what of a stranger's text may stand in a sentence: little, and always encodable."""
    return text[:_LONGEST_QUOTE].encode(errors="replace").decode() + ("…" if len(text) > _LONGEST_QUOTE else "")


_LONGEST_QUOTE = 40
_LONGEST_LITERAL = 400
"""Longer than any double spelled out; bounds the quadratic work of reading a number."""

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_STRICT = json.JSONDecoder(object_pairs_hook=_object, parse_float=_finite, parse_int=_integer, parse_constant=_constant)
_EXACT = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_exact, parse_int=_exact_integer, parse_constant=_constant
)
