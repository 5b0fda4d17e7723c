"""Canonical JSON: the published vectors, and one form whichever road was taken."""

import hashlib
import json
import math
import struct
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shangeng_trace.canonical import canonical, check_statement, digest, exactly, load, load_canonical, load_statement
from shangeng_trace.errors import MalformedError
from shangeng_trace.strict import BrokenText, NotJsonValue, NumberNotExact, StatementNotObject, TooDeep
from tests.vectors import vectors

TEXT = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from('\ue000\uffff😀茶\x7f\u2028\\"/\x1f')))
NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(2**54), 2**54),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(1e-8, 1e-3),
    st.integers(-(10**22), 10**22).map(float),
    st.decimals(-1000, 1000, places=2).map(float),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
)


def test_published_documents() -> None:
    for path in sorted(vectors("jcs").glob("cyberphone-*.json")):
        vector = json.loads(path.read_text("utf-8"))
        assert canonical(load(vector["inputText"])) == bytes.fromhex(vector["outputHex"]), path.name


def test_published_numbers() -> None:
    lines = (vectors("jcs") / "es6-numbers.csv").read_text("ascii").split()
    assert len(lines) > 6000
    for line in lines:
        bits, _, expected = line.partition(",")
        (number,) = struct.unpack(">d", int(bits, 16).to_bytes(8, "big"))
        assert canonical(number) == expected.encode(), line


def test_authored_documents() -> None:
    cases = json.loads((vectors("jcs") / "own.json").read_text("utf-8"))
    for case in cases["valid"]:
        assert canonical(load(case["input"])).hex() == case["outputUtf8Hex"], case["input"]
    for case in cases["must_refuse"]:
        for data in (case["input"], case["input"].encode(errors="surrogatepass")):
            with pytest.raises(MalformedError):
                load(data)


@given(VALUES)
@example({"😀": 1, "\ufb33": 2})
@example([1e16, 1e21, 1e-7, 1e-4, 9.9e-5, 123456789012345680.0, -0.0, 38.0, 2**53, -(2**53) - 1, 10**21])
def test_the_fast_road_and_the_exact_road_meet(value: Any) -> None:
    assert canonical(value) == exactly(value).encode()


@given(VALUES)
def test_canonical_form_is_a_fixed_point(value: Any) -> None:
    once = canonical(value)
    assert canonical(load(once)) == once
    assert canonical(json.loads(once)) == once


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_its_value(number: float) -> None:
    assert float(canonical(number)) == number


@given(st.dictionaries(TEXT, st.integers(0, 9)))
def test_names_stand_in_utf16_order(members: dict[str, int]) -> None:
    names = list(load(canonical(members)))
    assert names == sorted(members, key=lambda name: name.encode("utf-16-be"))


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        10**400,
        Decimal("1.5"),
        datetime(2026, 4, 12, tzinfo=UTC),
        b"bytes",
        {1, 2},
        object(),
        {1: "a"},
        {None: "a"},
        {True: "a"},
        {"a": 1, 2: "b"},
    ],
)
def test_what_json_cannot_carry_is_refused(value: object) -> None:
    for nested in (value, [value], {"a": [value]}, {"😀": 1, "\uffff": value}):
        with pytest.raises(NotJsonValue):
            canonical(nested)


@pytest.mark.parametrize("value", ["\ud800", {"\udc00": 1}, ["茶\ud83d"], {"a": 1e21, "\udfff": 1}])
def test_half_a_surrogate_pair_is_refused(value: object) -> None:
    with pytest.raises(BrokenText):
        canonical(value)


def test_a_circle_or_an_abyss_is_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(TooDeep):
        canonical(circle)
    abyss: list[Any] = []
    for _ in range(100_000):
        abyss = [abyss]
    with pytest.raises(TooDeep):
        canonical(abyss)


def test_subclasses_are_written_as_what_they_are() -> None:
    class Kind(StrEnum):
        EVENT = "event"

    class Half(float):
        def __repr__(self) -> str:
            return "not a number"

    assert canonical({Kind.EVENT: Kind.EVENT, "h": Half(0.5), "t": (1, 2)}) == b'{"event":"event","h":0.5,"t":[1,2]}'


def test_digest_is_sha256_of_the_canonical_form() -> None:
    document = {"b": 1250.50, "a": "惠明茶"}
    assert digest(document) == hashlib.sha256('{"a":"惠明茶","b":1250.5}'.encode()).hexdigest()


def test_check_statement_holds_a_document_to_what_may_be_read_back() -> None:
    check_statement({"quantity": 1250.5, "count": 2**53 - 1})
    for number in (2**53, -(2**53), 2**53 + 1, 1e21, 0.1 + 0.2):
        with pytest.raises(NumberNotExact):
            check_statement({"quantity": number})
    with pytest.raises(StatementNotObject):
        check_statement([])


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.decimals("0.01", 1000, places=2).filter(lambda each: each % 1).map(float)
    | st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF)),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text("ab茶/", max_size=3), inner, max_size=5),
)


@given(st.dictionaries(st.text("ab茶/", max_size=3), PLAIN, max_size=5))
def test_the_quick_reader_reads_what_is_plain(document: dict[str, Any]) -> None:
    data = canonical(document)
    assert load_canonical(data) == load_statement(data)


@given(st.one_of(VALUES.map(canonical), VALUES.map(lambda value: json.dumps({"a": value}).encode()), st.binary()))
@example(b'{"a":1,"a":1}')
@example(b'{"a":1,"a":2}')
@example(b'{"b":1,"a":2}')
@example(b'{"a": 1}')
@example(b'{"a":1} ')
@example(b'{"a":1.0}')
@example(b'{"a":-0}')
@example(b'{"a":-0.0}')
@example(b'{"a":1e3}')
@example(b'{"a":9007199254740993}')
@example(b'{"a":18446744073709551616}')
@example(b'{"a":0.12345678901234567}')
@example(b'{"a":1.2345678901234567}')
@example(b'{"a":NaN}')
@example(b'{"a":"\\u0041"}')
@example(b'{"a":"\\ud800"}')
@example(b'{"a":"\xff"}')
@example(b'\xef\xbb\xbf{"a":1}')
@example('{"😀":1,"\ue000":2}'.encode())
@example('{"\ue000":1,"😀":2}'.encode())
@example(b'{"a":' * 63 + b"{}" + b"}" * 63)
@example(b'{"a":' * 64 + b"{}" + b"}" * 64)
@example(b'{"a":' + b"[" * 100_000)
@example(b"[]")
@example(b"7")
@example(b"")
def test_the_quick_reader_reads_as_the_strict_one_or_not_at_all(data: bytes) -> None:
    document = load_canonical(data)
    if document is not None:
        # By its kinds too: true is not 1, and 1.0 not 1.
        assert repr(document) == repr(load_statement(data))
        assert canonical(document) == data


def test_the_quick_reader_has_the_strict_ones_bounds() -> None:
    whole = b'{"a":' * 63 + b"{}" + b"}" * 63
    assert load_canonical(whole) == load_statement(whole)
    assert load_canonical(b'{"a":' + whole + b"}") is None
    assert load_canonical(b'{"a":1}', limit=7) == {"a": 1}
    assert load_canonical(b'{"a":1}', limit=6) is None
