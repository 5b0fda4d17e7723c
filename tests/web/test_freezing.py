"""A log that has ended: a last entry says so, every process refuses more, reading goes on, and nobody undoes it unseen."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shangeng_trace.bundle import build_bundle
from shangeng_trace.canonical import canonical
from shangeng_trace.flaws import Flaw
from shangeng_trace.log_ending import freeze_log
from shangeng_trace.log_export import export_log
from shangeng_trace.publishing import latest_checkpoint
from shangeng_trace.registry import platform_organisation
from shangeng_trace.standstill import LogFrozen
from shangeng_trace.verifying import verify_bundle
from shangeng_web.auditing import audit
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests import outside_log
from tests.people import People, sign_up
from tests.story import tell_story
from tests.visiting import guest
from tests.waiting import until_signed
from tests.web.api.programs import API, program
from tests.web.test_audit import unguard
from tests.web.witnessing.growing import ONE_ENGINE, write


def freeze(platform: Platform) -> int:
    """End the log, as `shangeng log freeze` does."""
    return platform.writer.run(
        lambda session: freeze_log(
            session,
            platform.office.keyring,
            platform_organisation(session).id,
            moment=platform.office.clock(),
        )
    )


def flaws(platform: Platform) -> set[tuple[str, str]]:
    with platform.database.session() as session:
        found: list[Flaw] = audit(session, platform.settings, platform.office.keyring)
    return {(each.table, each.column) for each in found}


@pytest.mark.anyio
async def test_every_process_refuses_more_and_reads_on(
    settings: Settings, people: People, platform: Platform, tmp_path: Path, anyio_backend: str
) -> None:
    assert anyio_backend
    story = tell_story(platform, people)
    other = await asyncio.to_thread(Platform.open, settings)
    index = await asyncio.to_thread(freeze, platform)
    until_signed(platform.database)
    for each in (platform, other):
        with pytest.raises(LogFrozen, match=str(index)):
            await asyncio.to_thread(write, each, "more")
    async with program(other, people.producer) as api:
        refused = await api.post(
            f"{API}/batches",
            json={
                "product_id": story.product.id,
                "lot": "HM20260413",
                "step": "harvest",
                "plot_id": story.plot.id,
                "quantity": {"amount": "1", "unit": "kg"},
                "values": {"harvest_date": "2026-04-13", "pick_standard": "bud_leaf_1"},
            },
        )
        assert (refused.status_code, refused.json()["code"]) == (409, LogFrozen.code), refused.text
        assert (await api.get(f"{API}/batches")).status_code == 200
    async with guest(other) as visitor:
        ready = await visitor.get("/readyz")
        assert (ready.status_code, ready.json()["stopped"]["code"]) == (200, LogFrozen.code)
        for page in (f"/b/{story.leaf}", f"/b/{story.leaf}/verify", f"/b/{story.leaf}/bundle.json", "/log/checkpoint"):
            assert (await visitor.get(page)).status_code == 200
        desk = await (await visitor.log_in(people.producer)).get("/console/")
        assert "已经封存" in desk.text
    with platform.database.session() as session:
        assert export_log(session, tmp_path / "out") == index + 1
        assert verify_bundle(canonical(build_bundle(session, story.leaf)), platform.trust).is_good
    read = outside_log.check(lambda name: (tmp_path / "out" / name).read_bytes(), str(platform.log_key))
    assert len(read) == index + 1
    assert flaws(platform) == set()
    await other.close()
    await platform.close()


def test_neighbours_in_the_same_group_come_too_late(platform: Platform) -> None:
    """What stands behind the freezing in its own transaction is refused as well."""
    sign_up(platform)
    freezing = platform.writer.submit(
        lambda session: freeze_log(
            session, platform.office.keyring, platform_organisation(session).id, moment=platform.office.clock()
        )
    )
    with pytest.raises(LogFrozen):
        write(platform, "too late")
    index = freezing.result(30)
    until_signed(platform.database)
    with pytest.raises(LogFrozen):
        freeze(platform)
    with platform.database.session() as session:
        newest = latest_checkpoint(session)
    assert newest is not None
    assert newest.size == index + 1


def test_it_cannot_be_undone_unseen(platform: Platform) -> None:
    sign_up(platform)
    freeze(platform)
    until_signed(platform.database)
    platform.writer.stop()
    undo = text("UPDATE ledger_state SET frozen_index = NULL")
    with pytest.raises(DBAPIError), platform.database.engine.begin() as connection:
        connection.execute(undo)
    unguard(platform.database)
    with platform.database.engine.begin() as connection:
        if not platform.database.is_sqlite:
            connection.execute(text("SET session_replication_role = replica"))
        connection.execute(undo)
    assert flaws(platform) == {("ledger_state", "frozen_index")}


@ONE_ENGINE
def test_a_log_that_went_on_after_its_end_is_found(platform: Platform, settings: Settings) -> None:
    sign_up(platform)
    end = freeze(platform)
    platform.writer.stop()
    unguard(platform.database)
    with platform.database.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_state SET frozen_index = NULL"))
    again = Platform.open(settings)
    write(again, "after the end")
    again.writer.stop()
    with again.database.session() as session:
        found = audit(session, again.settings, again.office.keyring)
    assert ("ledger_entry", str(end + 1), "index") in {(each.table, each.row, each.column) for each in found}
    asyncio.run(again.close())
