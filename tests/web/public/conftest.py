"""A cooperative's tea on a clock that tests turn, and a shopper's browser in front of it."""

import asyncio
from collections.abc import AsyncGenerator, Iterator

import pytest

from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests.people import sign_up
from tests.visiting import Guest, guest
from tests.web.public.scene import Hands, Scene


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test asks for the other one: these pages only read."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def platform(settings: Settings, clock: Hands) -> Iterator[Platform]:
    opened = Platform.open(settings, clock=clock)
    yield opened
    asyncio.run(opened.close())


@pytest.fixture
def scene(platform: Platform, clock: Hands) -> Scene:
    return Scene(platform, sign_up(platform), clock)


@pytest.fixture
async def shopper(platform: Platform, anyio_backend: str) -> AsyncGenerator[Guest]:  # noqa: ARG001 - makes it asynchronous
    async with guest(platform) as visitor:
        yield visitor
    await platform.close()  # in the loop that opened its connections; closing it again does nothing
