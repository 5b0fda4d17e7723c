"""Custody: what is wrapped comes back to the right hands only."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_trace.custody import (
    CustodyError,
    MasterKey,
    MasterKeyExposed,
    MasterKeyMalformed,
    MasterKeyMissing,
    UnwrapFailed,
)

MASTER = MasterKey(bytes(range(32)))


@given(st.binary(max_size=100), st.text(st.characters(codec="utf-8")))
def test_what_is_wrapped_comes_back(secret: bytes, key_id: str) -> None:
    wrapped = MASTER.wrap(secret, key_id)
    assert len(wrapped) == len(secret) + 28
    assert MASTER.unwrap(wrapped, key_id) == secret


def test_no_two_wrappings_are_alike() -> None:
    assert MASTER.wrap(b"secret", "K1") != MASTER.wrap(b"secret", "K1")


def test_only_the_same_master_key_key_id_and_bytes_open_it() -> None:
    wrapped = MASTER.wrap(b"secret", "K1")
    for position in range(len(wrapped)):
        altered = bytearray(wrapped)
        altered[position] ^= 1
        with pytest.raises(UnwrapFailed):
            MASTER.unwrap(bytes(altered), "K1")
    for master, data, key_id in ((MasterKey(bytes(32)), wrapped, "K1"), (MASTER, wrapped, "K2"), (MASTER, b"", "K1")):
        with pytest.raises(UnwrapFailed) as refusal:
            master.unwrap(data, key_id)
        assert key_id in refusal.value.sentence("zh")


def test_a_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    with pytest.raises(MasterKeyMissing):
        MasterKey.load(path)
    first = MasterKey.load(path, create=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size == 32
    assert MasterKey.load(path) == MasterKey.load(path, create=True) == first
    assert os.listdir(tmp_path) == ["master.key"]  # noqa: PTH208  # no draft is left behind


def test_of_many_who_make_it_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(MasterKey.load, path, create=True) for _ in range(16)]
        keys = {future.result() for future in asked}
    assert len(keys) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    MasterKey.load(path, create=True)
    path.chmod(mode)
    with pytest.raises(MasterKeyExposed) as refusal:
        MasterKey.load(path, create=True)
    assert "chmod 600" in refusal.value.sentence("zh")
    assert f"{mode:o}" in refusal.value.sentence("en")


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_file_of_another_size_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    with pytest.raises(MasterKeyMalformed):
        MasterKey.load(path)


def test_a_folder_that_is_not_there_is_a_custody_error(tmp_path: Path) -> None:
    for path in (tmp_path / "absent" / "master.key", tmp_path):
        with pytest.raises(CustodyError):
            MasterKey.load(path, create=True)


def test_a_setting_is_sixty_four_hexadecimal_digits() -> None:
    assert MasterKey.from_hex(bytes(range(32)).hex()) == MASTER
    for text in ("", "00" * 31, "00" * 33, "zz" * 32, "茶"):
        with pytest.raises(MasterKeyMalformed):
            MasterKey.from_hex(text)


def test_a_master_key_does_not_show() -> None:
    assert repr(MASTER) == "MasterKey()"
