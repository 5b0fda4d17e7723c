"""Fixtures and plugins that every test may use.

`engine` runs a test on SQLite and on PostgreSQL; everything below it, from an empty migrated `database` to an HTTP
`client`, follows it. A test that needs one engine only says `@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)`.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import hypothesis
import pytest

from shangeng_trace.db import Database
from shangeng_web.migrations import migrate
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests.people import People, sign_up
from tests.postgres import postgres_url
from tests.visiting import Guest, guest

pytest_plugins = ["tests.skips"]

# Integration says the same of the same code every time; at a desk every run looks elsewhere. How long an example
# takes says nothing on a shared machine.
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.register_profile("integration", deadline=None, derandomize=True)
hypothesis.settings.load_profile("integration" if os.environ.get("CI") else "desk")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database_url(engine: str, tmp_path: Path) -> str:
    return postgres_url() if engine == "postgresql" else f"sqlite:///{tmp_path / 'shangeng.sqlite'}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    migrate(made)
    yield made
    asyncio.run(made.dispose())


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=database_url, password_rounds=1, password_memory_kib=64, demo=True)


@pytest.fixture
def platform(settings: Settings) -> Iterator[Platform]:
    opened = Platform.open(settings)
    yield opened
    asyncio.run(opened.close())


@pytest.fixture
def people(platform: Platform) -> People:
    return sign_up(platform)


@pytest.fixture
async def client(platform: Platform, anyio_backend: str) -> AsyncGenerator[Guest]:  # noqa: ARG001 - makes it asynchronous
    """A visitor without a session, for tests marked `anyio`."""
    async with guest(platform) as visitor:
        yield visitor
    await platform.close()  # in the loop that opened its connections; closing it again does nothing
