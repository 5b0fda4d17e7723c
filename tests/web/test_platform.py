"""What one process holds: founded once, kept over restarts, never opened with the wrong key."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlmodel import select

from shangeng_trace.batch_tables import LedgerKey
from shangeng_trace.custody import MasterKeyMissing, UnwrapFailed
from shangeng_trace.errors import ShangengError
from shangeng_trace.ledger import OriginDiffers
from shangeng_trace.log_tables import LedgerEntry
from shangeng_trace.registry import platform_organisation
from shangeng_web.app import create_app
from shangeng_web.migrations import SchemaOutdated
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings

SECRET = "correct-horse-battery-staple-2026"


def opened(settings: Settings) -> tuple[str, int, str]:
    """Open and close the platform: its log key, number of entries and the organisation of entry 0."""
    platform = Platform.open(settings)
    with platform.database.session() as session:
        entries = session.exec(select(LedgerEntry)).all()
        first = session.exec(select(LedgerKey).where(LedgerKey.registered_index == 0)).one()
        assert first.controller == platform_organisation(session).id
        found = (platform.policy(session), len(entries), first.controller)
    asyncio.run(platform.close())
    return found


def test_entry_0_is_the_platforms_own_key_and_restarts_add_nothing(settings: Settings) -> None:
    first = opened(settings)
    assert first[1] == 1
    assert opened(settings) == first


def test_processes_that_start_at_once_found_one_log(settings: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(opened, [settings] * 4))
    assert len(found) == 1


def test_another_port_opens_the_same_data(settings: Settings) -> None:
    assert opened(settings)[1:] == opened(replace(settings, origin="", port=9000))[1:]


def test_a_database_of_another_log_is_refused(settings: Settings) -> None:
    opened(settings)
    with pytest.raises(OriginDiffers):
        opened(replace(settings, log_origin="other.example/log"))


def test_a_lost_master_key_is_not_replaced(settings: Settings) -> None:
    opened(settings)
    (settings.data_dir / "master.key").unlink()
    with pytest.raises(MasterKeyMissing):
        opened(settings)
    assert not (settings.data_dir / "master.key").exists()


def test_in_public_the_master_key_comes_from_the_secret(settings: Settings) -> None:
    public = replace(settings, origin="https://trace.example.cn", log_origin="", secret=SECRET)
    assert opened(public) == opened(public)
    assert not (settings.data_dir / "master.key").exists()
    with pytest.raises(UnwrapFailed):
        opened(replace(public, secret=SECRET[::-1]))


def test_a_master_key_file_stands_before_the_secret(settings: Settings, tmp_path: Path) -> None:
    kept = replace(settings, master_key_file=tmp_path / "kept.key", secret=SECRET)
    first = opened(kept)
    assert (tmp_path / "kept.key").stat().st_mode & 0o777 == 0o600
    assert opened(replace(kept, secret=SECRET[::-1])) == first


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_server_outside_the_demonstration_waits_for_its_migration(settings: Settings) -> None:
    with pytest.raises(SchemaOutdated):
        opened(replace(settings, demo=False))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_failed_start_leaves_no_thread_behind(settings: Settings) -> None:
    wrong = replace(settings, platform_number="not a number")
    with pytest.raises(ShangengError):
        Platform.open(wrong)
    assert opened(settings)[1] == 1


@pytest.mark.anyio
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_the_application_opens_and_closes_its_platform(settings: Settings) -> None:
    app: FastAPI = create_app(settings)
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        platform: Platform = state["platform"]
        assert await platform.write(lambda _session: 42) == 42
    with pytest.raises(ShangengError):
        await platform.write(lambda _session: 42)
