"""One number, asked cheaply: what was committed after the question was put, also over a connection that broke."""

import asyncio
from collections.abc import AsyncGenerator
from unittest.mock import AsyncMock

import pytest
from sqlalchemy import text

from shangeng_trace.db import Database
from shangeng_trace.errors import UnavailableError
from shangeng_trace.glance import Glance, Line

pytestmark = pytest.mark.anyio
QUESTION = "SELECT max(size) FROM counted"


@pytest.fixture
def counted(database_url: str) -> Database:
    database = Database(database_url)
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE counted (size INTEGER)"))
    return database


@pytest.fixture
async def glance(counted: Database, anyio_backend: str) -> AsyncGenerator[Glance]:  # noqa: ARG001 - makes it asynchronous
    made = Glance.over(counted.url, QUESTION)
    yield made
    await made.close()
    await counted.dispose()


def count(database: Database, size: int) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("INSERT INTO counted VALUES (:size)"), {"size": size})


async def test_every_answer_is_younger_than_its_question(counted: Database, glance: Glance) -> None:
    """Twenty ask at every moment while the number grows; each knows how large it was when asking."""
    known = 0
    count(counted, known)
    late: list[tuple[int, int]] = []

    async def ask() -> None:
        while known < 30:
            before = known
            late.extend((before, answer) for answer in [await glance.number()] if answer < before)
            await asyncio.sleep(0)

    async def grow() -> None:
        nonlocal known
        for size in range(1, 31):
            await asyncio.to_thread(count, counted, size)
            known = size

    await asyncio.gather(grow(), *(ask() for _ in range(20)))
    assert late == []
    assert await glance.number() == 30


async def test_a_crowd_shares_a_question() -> None:
    asked: list[int] = []
    under_way = asyncio.Event()

    async def ask() -> int:
        asked.append(1)
        under_way.set()
        await asyncio.sleep(0.01)
        return 7

    async def connect() -> Line:
        return Line(ask, AsyncMock())

    glance = Glance(connect)
    first = asyncio.create_task(glance.number())
    await under_way.wait()
    assert await asyncio.gather(first, *(glance.number() for _ in range(50))) == [7] * 51
    assert len(asked) == 2, "the first question was already under way when the others came"


async def test_a_broken_connection_is_told_and_replaced() -> None:
    broken = Line(AsyncMock(side_effect=ConnectionResetError), AsyncMock(side_effect=ConnectionResetError))
    good = Line(AsyncMock(return_value=7), AsyncMock())
    glance = Glance(AsyncMock(side_effect=[broken, OSError, good]))
    for _ in range(2):
        with pytest.raises(UnavailableError):
            await glance.number()
    assert [await glance.number(), await glance.number()] == [7, 7]
    await glance.close()
    assert good.close.await_count == 1  # type: ignore[attr-defined]  # a mock


async def test_a_silent_server_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shangeng_trace.glance.PATIENCE_SECONDS", 0)
    silent = Line(asyncio.Event().wait, AsyncMock())
    glance = Glance(AsyncMock(return_value=silent))
    with pytest.raises(UnavailableError):
        await glance.number()
    assert silent.close.await_count == 1  # type: ignore[attr-defined]  # a mock


async def test_no_answer_is_no_number(counted: Database, anyio_backend: str) -> None:
    del anyio_backend
    for glance in (
        Glance.over(counted.url, "SELECT size FROM counted"),
        Glance.over(counted.url, "SELECT size FROM nowhere"),
        Glance.over(counted.url.set(database="/nowhere/at/all"), QUESTION),
    ):
        with pytest.raises(UnavailableError):
            await glance.number()
    await counted.dispose()
