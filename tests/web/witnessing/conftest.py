"""A platform with three witnesses on real sockets, and a quorum of two."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shangeng_trace.note import Vkey
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests.web.witnessing.network import (
    Lab,
    labs,
    write_policy,
)


@pytest.fixture
def log_key(settings: Settings) -> Vkey:
    """Found the log without witnesses, since they must know its key first."""
    platform = Platform.open(settings)
    asyncio.run(platform.close())
    return platform.log_key


@pytest.fixture
def known(tmp_path: Path, log_key: Vkey) -> Iterator[list[Lab]]:
    with labs(tmp_path / "labs", log_key) as made:
        yield made


@pytest.fixture
def witnessed(settings: Settings, known: list[Lab], tmp_path: Path) -> Settings:
    path = write_policy(tmp_path / "witnesses.txt", [each.known for each in known], 2)
    return replace(settings, witnesses=path)


@pytest.fixture
def platform(witnessed: Settings) -> Iterator[Platform]:
    opened = Platform.open(witnessed)
    yield opened
    asyncio.run(opened.close())
