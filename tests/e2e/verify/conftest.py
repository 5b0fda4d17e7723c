"""A blank page of each kind of browser, and a ledger on which things can be forged."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from shangeng_trace.db import Database
from tests.e2e.verify.laboratory import KINDS, Laboratory, laboratory
from tests.trace.desk import Desk


@pytest.fixture(scope="module", params=list(KINDS))
def anywhere(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Laboratory]:
    """Every kind of browser in turn: all of them must agree."""
    with laboratory(browser, request.param) as opened:
        yield opened


@pytest.fixture(scope="module")
def modern(browser: Browser) -> Iterator[Laboratory]:
    with laboratory(browser, "webcrypto") as opened:
        yield opened


@pytest.fixture(scope="package")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(Database(f"sqlite:///{tmp_path_factory.mktemp('desk') / 'ledger.sqlite'}"))
    yield made
    made.close()
