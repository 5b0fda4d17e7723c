"""`desk` for tests that only add to a ledger, one per module and engine; `own_desk` for those that break it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shangeng_trace.db import Database
from tests.postgres import postgres_url
from tests.trace.desk import Desk

ENGINES = ("sqlite", "postgresql")


def _desk(engine: str, folder: Path) -> Iterator[Desk]:
    made = Desk(Database(postgres_url() if engine == "postgresql" else f"sqlite:///{folder / 'ledger.sqlite'}"))
    yield made
    made.close()


@pytest.fixture(scope="module", params=ENGINES)
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    yield from _desk(request.param, tmp_path_factory.mktemp("desk"))


@pytest.fixture(params=ENGINES)
def own_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    yield from _desk(request.param, tmp_path)
