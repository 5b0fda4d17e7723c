"""A world per test, on both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shangeng_trace.db import Database
from tests.certs.cast import World
from tests.postgres import postgres_url


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    url = postgres_url() if request.param == "postgresql" else f"sqlite:///{tmp_path / 'shangeng.db'}"
    world = World(Database(url))
    yield world
    world.close()
