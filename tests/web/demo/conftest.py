"""One demonstration per engine for the tests that only look at it."""

import asyncio
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shangeng_web.demo import DemoReport, describe_demo, open_demo
from shangeng_web.demo.canvas import Canvas
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests.postgres import postgres_url
from tests.waiting import until_signed


def demo_settings(folder: Path, database_url: str = "", *, demo: bool = True) -> Settings:
    return Settings(demo=demo, data_dir=folder, database_url=database_url, password_rounds=1, password_memory_kib=64)


@contextmanager
def closing(platform: Platform) -> Generator[Platform]:
    try:
        yield platform
    finally:
        asyncio.run(platform.close())


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    url = postgres_url() if request.param == "postgresql" else ""
    with closing(open_demo(demo_settings(tmp_path_factory.mktemp("demo"), url))) as platform:
        until_signed(platform.database)
        yield platform


@pytest.fixture(scope="module")
def report(demo: Platform) -> DemoReport:
    return describe_demo(demo)


@pytest.fixture
def plain_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let photos be blank sheets, where the test is not about them."""
    blank = Canvas("blank").finished()

    def draw(_name: str) -> bytes:
        return blank

    monkeypatch.setattr("shangeng_web.demo.making.draw", draw)
