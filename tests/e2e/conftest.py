"""One server with the demonstration and one browser for all tests here; a test that fails leaves pictures behind.

Both live as long as this package's tests run in a process, not longer: Playwright keeps an event loop in the thread,
which asynchronous tests elsewhere could not bear.
"""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.browsing import DESK, PHONE, Visit, chromium, visit
from tests.e2e.server import Server, serving
from tests.e2e.sights import Sights

FAILED: pytest.StashKey[bool] = pytest.StashKey()

OpenWindow = Callable[..., Visit]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:  # noqa: ARG001 - without a browser none is needed
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="package")
def sights(server: Server) -> Sights:
    return Sights(server)


@pytest.fixture
def window(browser: Browser, server: Server, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenWindow]:
    """Open windows, closed at the end; where the test fails, what each showed last is kept in its folder."""
    opened: list[Visit] = []

    def open_window(**options: Any) -> Visit:
        opened.append(visit(browser, server, **options))
        return opened[-1]

    yield open_window
    for at, each in enumerate(opened):
        if request.node.stash.get(FAILED, False):
            _keep(each, tmp_path / f"window-{at}")
        each.context.close()


@pytest.fixture
def phone(window: OpenWindow) -> Visit:
    return window(size=PHONE)


@pytest.fixture
def desk(window: OpenWindow) -> Visit:
    return window(size=DESK)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell the windows of a test that it failed."""
    report = yield
    if report.when == "call" and report.failed:
        item.stash[FAILED] = True
    return report


def _keep(each: Visit, stem: Path) -> None:
    each.page.screenshot(path=stem.with_suffix(".png"), full_page=True)
    words = [each.page.url, *each.messages, "", each.text, "", each.server.last_words]
    stem.with_suffix(".txt").write_text("\n".join(words), encoding="utf-8")
