import hashlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_labels.codes import (
    batch_address,
    commit,
    commit_one,
    new_codes,
    printed_host,
    read_code,
    spell_code,
    unit_address,
)
from shangeng_trace.ids import CROCKFORD

CODE = "7K3M9QXT2HVB4R8N"
codes = st.text(alphabet=CROCKFORD, min_size=16, max_size=16)


def test_new_codes_are_all_different_and_in_the_alphabet() -> None:
    made = new_codes(2000)
    assert len(set(made)) == 2000
    assert set("".join(made)) == set(CROCKFORD)
    assert {len(code) for code in made} == {16}
    assert made != sorted(made)


def test_a_negative_number_of_codes_is_an_error() -> None:
    assert new_codes(0) == []
    with pytest.raises(ValueError, match="-1"):
        new_codes(-1)


@given(codes)
def test_a_code_is_read_however_it_was_written(code: str) -> None:
    spelled = spell_code(code)
    assert spelled.count("-") == 3
    for written in (
        code,
        code.lower(),
        spelled,
        f"  {spelled.lower()} ",
        spelled.replace("-", "—"),
        spelled.replace("0", "o").replace("1", "l"),
        "".join(chr(ord(character) + 0xFEE0) for character in spelled),
        unit_address("https://lssg.cn", code),
        unit_address("https://lssg.cn", code, upper=False) + "?from=wechat#top",
    ):
        assert read_code(written) == code


@pytest.mark.parametrize("text", ["", "7K3M", CODE + "X", "7K3M9QXT2HVB4R8U", "https://lssg.cn/b/" + CODE, "茶" * 16])
def test_what_is_no_code_is_not_read(text: str) -> None:
    assert read_code(text) is None


def test_addresses() -> None:
    assert unit_address("https://lssg.cn", CODE) == f"HTTPS://LSSG.CN/T/{CODE}"
    assert unit_address("https://LSSG.cn/", CODE, upper=False) == f"https://lssg.cn/t/{CODE}"
    assert batch_address("http://127.0.0.1:8000", CODE) == f"http://127.0.0.1:8000/b/{CODE}"
    assert printed_host("http://127.0.0.1:8000") == "127.0.0.1:8000"


@pytest.mark.parametrize(
    "site",
    [
        "lssg.cn",
        "ftp://lssg.cn",
        "https://",
        "https://lssg.cn/path",
        "https://u:p@lssg.cn",
        "https://lssg.cn?x=1",
        "https://丽水.cn",
    ],
)
def test_what_is_no_origin_is_refused(site: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        unit_address(site, CODE)


def test_the_commitment_can_be_computed_from_its_description() -> None:
    run = ["7K3M9QXT2HVB4R8N", "9D4V6WJ0ZC8EPK2M"]
    digests = sorted(hashlib.sha256(code.encode()).digest() for code in run)
    assert commit(run) == hashlib.sha256(digests[0] + digests[1]).hexdigest()
    assert commit_one(run[0]) == hashlib.sha256(b"7K3M9QXT2HVB4R8N").hexdigest()


@given(st.lists(codes, unique=True, max_size=8), st.randoms())
def test_a_commitment_forgets_the_order_and_nothing_else(run: list[str], random: Random) -> None:
    shuffled = list(run)
    random.shuffle(shuffled)
    assert commit(shuffled) == commit(run)
    for at in range(len(run)):
        assert commit(run[:at] + run[at + 1 :]) != commit(run)


def test_a_code_stands_once_in_a_run() -> None:
    with pytest.raises(ValueError, match="once"):
        commit([CODE, CODE])
