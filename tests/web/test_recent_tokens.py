"""Tokens remembered for a second: found once for many, and never after they were revoked or have expired."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from shangeng_trace.acting import Actor
from shangeng_trace.db import Database
from shangeng_trace.registry_tables import OrganisationKind
from shangeng_web.recent_tokens import FRESH_SECONDS, Found, RecentTokens

NOW = datetime(2026, 4, 12, tzinfo=UTC)
pytestmark = pytest.mark.anyio


class Desk:
    """Somebody who looks tokens up, and a clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.looks = 0
        self.valid: Found | None = Found(
            "token", Actor("organisation", OrganisationKind.MEMBER, frozenset()), NOW + timedelta(hours=1), NOW
        )
        self.gate = asyncio.Event()
        self.gate.set()
        self.recent = RecentTokens(clock=lambda: self.seconds)

    async def look(self, _token: str) -> Found | None:
        self.looks += 1
        found = self.valid
        await self.gate.wait()
        return found

    async def find(self, moment: datetime = NOW) -> Found | None:
        return await self.recent.find("shg_x", self.look, moment=moment)

    def revoke(self, database: Database) -> None:
        self.valid = None
        with Session(database.engine) as session:
            self.recent.forget_with(session)
            session.connection()
            session.commit()


async def test_a_token_is_looked_up_once_a_second() -> None:
    desk = Desk()
    for _ in range(3):
        assert await desk.find() == desk.valid
    assert desk.looks == 1
    desk.seconds += FRESH_SECONDS
    assert await desk.find() == desk.valid
    assert desk.looks == 2


async def test_of_many_who_ask_at_once_one_looks() -> None:
    desk = Desk()
    desk.gate.clear()
    asking = [asyncio.ensure_future(desk.find()) for _ in range(20)]
    await asyncio.sleep(0)
    desk.gate.set()
    assert await asyncio.gather(*asking) == [desk.valid] * 20
    assert desk.looks == 1


async def test_what_is_remembered_expires_with_the_token() -> None:
    desk = Desk()
    assert await desk.find() is not None
    assert await desk.find(NOW + timedelta(hours=1)) is None


async def test_a_token_that_is_not_valid_is_not_remembered() -> None:
    desk = Desk()
    valid, desk.valid = desk.valid, None
    assert await desk.find() is None
    desk.valid = valid
    assert await desk.find() == valid


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_revoked_token_is_refused_at_once(database: Database) -> None:
    desk = Desk()
    assert await desk.find() is not None
    desk.revoke(database)
    assert await desk.find() is None


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_look_that_a_revocation_overtook_is_not_remembered(database: Database) -> None:
    desk = Desk()
    desk.gate.clear()
    early = asyncio.ensure_future(desk.find())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert desk.looks == 1
    desk.revoke(database)
    late = asyncio.ensure_future(desk.find())
    await asyncio.sleep(0)
    desk.gate.set()
    await early  # its request had come before
    assert await late is None
    assert await desk.find() is None
