"""A database that somebody outside knows to be older is read and verified, and nothing of it is signed."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from shangeng_trace.ledger import LogChanged
from shangeng_trace.publishing import latest_checkpoint
from shangeng_trace.witnessing import RolledBack
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests.people import sign_up
from tests.visiting import guest
from tests.waiting import until
from tests.web.witnessing.growing import ONE_ENGINE, write
from tests.web.witnessing.network import Lab
from tests.web.witnessing.test_remembering import restore_older


def grown(known: list[Lab], platform: Platform) -> None:
    for number in range(3):
        write(platform, f"entry {number}")
    until(lambda: {lab.size for lab in known} == {4})


@ONE_ENGINE
@pytest.mark.anyio
async def test_pages_are_served_and_writes_are_told_why(
    witnessed: Settings, known: list[Lab], tmp_path: Path, anyio_backend: str
) -> None:
    assert anyio_backend
    await asyncio.to_thread(restore_older, witnessed, tmp_path, lambda platform: grown(known, platform))
    platform = await asyncio.to_thread(Platform.open, witnessed)
    async with guest(platform) as visitor:
        for page in ("/", "/c", "/log/checkpoint.unwitnessed", "/log/policy", "/console/login", "/healthz"):
            assert (await visitor.get(page)).status_code == 200, page
        ready = await visitor.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["stopped"]["code"] == RolledBack.code
        assert ready.json()["database"] is True
        refused = await visitor.post("/console/login", data={"username": "x", "password": "y"})
        assert refused.status_code == 503
        assert "lab" in refused.text
    await platform.close()
    with closing(sqlite3.connect(tmp_path / "shangeng.sqlite")) as connection:
        assert connection.execute("SELECT max(size) FROM ledger_checkpoint").fetchone() == (1,)


@ONE_ENGINE
def test_witnesses_that_come_back_stop_a_log_that_went_on(
    witnessed: Settings, known: list[Lab], tmp_path: Path
) -> None:
    """Nobody answered at the start; the first who does shows that the database was set back."""
    restore_older(witnessed, tmp_path, lambda platform: grown(known, platform))
    for lab in known:
        lab.stop()
    platform = Platform.open(witnessed)
    assert platform.standstill.cause is None
    write(platform, "unseen")
    known[0].start()
    until(lambda: platform.standstill.cause is not None)
    assert isinstance(platform.standstill.cause, RolledBack)
    with pytest.raises(RolledBack):
        write(platform, "refused")
    asyncio.run(platform.close())


@ONE_ENGINE
def test_a_database_swapped_under_a_running_server_stops_it(settings: Settings, tmp_path: Path) -> None:
    """Without any witness: what the process itself has seen is enough."""
    platform = Platform.open(settings)
    file, backup = tmp_path / "shangeng.sqlite", tmp_path / "older.sqlite"
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    sign_up(platform)
    with closing(sqlite3.connect(backup)) as source, closing(sqlite3.connect(file)) as target:
        source.backup(target)
    with pytest.raises(LogChanged):
        write(platform, "fork")
    assert isinstance(platform.standstill.cause, LogChanged)
    asyncio.run(platform.close())
    with platform.database.session() as session:
        newest = latest_checkpoint(session)
        assert newest is None or newest.size == 1
    platform.database.engine.dispose()
