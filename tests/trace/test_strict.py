"""The strict parser: one meaning, or a refusal; never another exception."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shangeng_trace.canonical import canonical
from shangeng_trace.errors import MalformedError
from shangeng_trace.strict import (
    BrokenText,
    DuplicateName,
    NotJson,
    NotJsonValue,
    NumberNotExact,
    StatementNotObject,
    TooDeep,
    TooLarge,
    load,
    load_statement,
)

PIECES = st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        '"',
        '"a"',
        "1",
        "-",
        "0",
        ".5",
        "1e999",
        "1e-999999999999999999999",
        "\\",
        "\\ud800",
    ]
)


@given(st.one_of(st.binary(), st.text(), st.lists(PIECES).map("".join)))
@example("[" * 200_000)
@example('{"a":' * 100_000)
@example("1" * 100_000)
@example("0." + "1" * 900_000)
@example("\ud800")
def test_any_bytes_give_a_value_or_malformed(data: bytes | str) -> None:
    for parse in (load, load_statement):
        try:
            value = parse(data)
        except MalformedError as error:
            error.sentence("zh").encode()
            error.sentence("en").encode()
        else:
            assert load(canonical(value)) == value


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\xff", BrokenText),
        ('{"a":1}'.encode("utf-16"), BrokenText),
        (b"\xed\xa0\x80", BrokenText),
        (r'"\udc00\ud800"', BrokenText),
        (r'{"\uD800":1}', BrokenText),
        ("\ufeff{}", NotJson),
        (b"\xef\xbb\xbf{}", NotJson),
        ("", NotJson),
        ("{} {}", NotJson),
        ("[1,]", NotJson),
        ("{'a':1}", NotJson),
        ("[01]", NotJson),
        ("[.5]", NotJson),
        ("[+1]", NotJson),
        ("[1.]", NotJson),
        ("[\u00a01]", NotJson),
        ('"\t"', NotJson),
        ("[-Infinity]", NotJsonValue),
        ("[NaN]", NotJsonValue),
        ("1e400", NumberNotExact),
        ("-1e400", NumberNotExact),
        ('{"a":{"b":1,"c":2,"b":1}}', DuplicateName),
        (r'{"a":1,"\u0061":2}', DuplicateName),
        ("[" * 65 + "]" * 65, TooDeep),
    ],
)
def test_one_meaning_or_a_refusal(data: bytes | str, error: type[MalformedError]) -> None:
    with pytest.raises(error):
        load(data)


def test_pairs_of_surrogates_are_one_character() -> None:
    assert load(r'"\ud83d\ude00"') == "😀"


def test_bounds_are_inclusive() -> None:
    assert load("[" * 64 + "]" * 64)
    assert load('["' + "[" * 100 + '"]') == ["[" * 100]
    assert load("[[]]", depth=2) == [[]]
    with pytest.raises(TooDeep):
        load("[[]]", depth=1)
    assert load('"茶"', limit=5) == "茶"
    with pytest.raises(TooLarge):
        load('"茶"', limit=4)
    with pytest.raises(TooLarge):
        load('"茶"'.encode(), limit=4)


@pytest.mark.parametrize("literal", ["1250.50", "1250.5000000000000000", "38.0", "1e3", "-0", "-0.0", "0.1", "5e-324"])
def test_a_respelled_number_is_the_same_number(literal: str) -> None:
    assert load_statement(f'{{"n":{literal}}}') == {"n": float(literal)}


@pytest.mark.parametrize("literal", ["9007199254740991", "-9007199254740991", "9007199254740991.0", "123456789012.345"])
def test_the_last_number_that_every_reader_reads_alike(literal: str) -> None:
    assert load_statement(f'{{"n":{literal}}}') == {"n": float(literal)}


@pytest.mark.parametrize(
    "literal",
    [
        "9007199254740992",
        "-9007199254740992",
        "9007199254740993",
        "9" * 5000,
        "1e16",
        "1e300",
        "9007199254740992.0",
        "0.1234567890123456",
        "1234567890.123456",
        "0.10000000000000000001",
        "9007199254740990.9",
        "1e-400",
        "4.9e-324",
    ],
)
def test_a_number_that_readers_differ_on_is_refused(literal: str) -> None:
    with pytest.raises(NumberNotExact):
        load_statement(f'{{"n":{literal}}}')


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**11), max_value=10**11))
def test_fifteen_digits_come_back(quantity: Any) -> None:
    document = load_statement(f'{{"n":{quantity}}}')
    assert f"{document['n']:.3f}" == f"{quantity + 0:.3f}" or quantity == 0


@pytest.mark.parametrize("data", ["[]", "1", '"a"', "null"])
def test_a_statement_is_an_object(data: str) -> None:
    with pytest.raises(StatementNotObject):
        load_statement(data)


def test_a_refusal_says_where() -> None:
    with pytest.raises(NotJson) as refusal:
        load('{\n"a": 1,\n}')
    assert refusal.value.parts == {"line": 3, "column": 1}
    assert (
        json.dumps(refusal.value.sentence("zh"), ensure_ascii=False)
        == '"数据不是规范的 JSON：第 3 行第 1 个字符处不对。"'
    )
