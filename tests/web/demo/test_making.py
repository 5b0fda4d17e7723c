"""How the demonstration is made: once, as a whole, on any day, and only where it is wanted."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from shangeng_trace.batch_tables import EventRecord
from shangeng_trace.registry_tables import Organisation, OrganisationKind
from shangeng_web.account_tables import Account
from shangeng_web.demo import DemoMisplaced, DemoRefused, describe_demo, make_demo, open_demo
from shangeng_web.demo import stories as stories_module
from shangeng_web.demo.calendar import Story
from shangeng_web.demo.stage import Stage
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests.people import People
from tests.web.demo.conftest import closing, demo_settings

pytestmark = pytest.mark.usefixtures("plain_pictures")


class PowerCutError(Exception):
    """Something ends the making."""


def broken(stage: Stage) -> Story:
    """Break off when much has been told already."""
    yield stage.calendar.ago(3)(0, "12:00")
    raise PowerCutError


def count(platform: Platform) -> tuple[int, int, int]:
    with platform.database.session() as session:
        others = select(Organisation.id).where(Organisation.kind != OrganisationKind.PLATFORM)
        return (
            len(session.exec(select(EventRecord.digest)).all()),
            len(session.exec(others).all()),
            len(session.exec(select(Account.username)).all()),
        )


def test_outside_demo_mode_it_is_refused(tmp_path: Path) -> None:
    settings = demo_settings(tmp_path, demo=False)
    with pytest.raises(DemoRefused):
        open_demo(settings)
    with closing(Platform.open(settings)) as platform:
        with pytest.raises(DemoRefused):
            make_demo(platform)
        assert count(platform) == (0, 0, 0)


def test_into_a_database_with_other_data_it_is_not_put(platform: Platform, people: People) -> None:
    assert people.producer
    before = count(platform)
    with pytest.raises(DemoMisplaced):
        make_demo(platform)
    assert count(platform) == before


def test_what_breaks_off_leaves_nothing_and_the_next_start_makes_it_whole(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(stories_module, "STORIES", (*stories_module.STORIES, broken))
        with pytest.raises(PowerCutError):
            open_demo(settings)
    with closing(Platform.open(settings)) as platform:
        assert count(platform) == (0, 0, 0)
    with closing(open_demo(settings)) as platform:
        events, organisations, accounts = count(platform)
        assert events > 100
        assert organisations == 17
        assert accounts == 23
        assert min(count(platform)) > 0
        assert len(describe_demo(platform)["batches"]) == 24


def test_two_processes_that_start_at_once_make_it_once(settings: Settings) -> None:
    first = Platform.open(settings)
    second = Platform.open(settings)
    with closing(first), closing(second), ThreadPoolExecutor(2) as threads:
        reports = [each.result() for each in [threads.submit(make_demo, each) for each in (first, second)]]
        assert reports[0] == reports[1]
        assert count(first)[1] == 17


def test_a_platform_that_was_opened_today_gets_it_too(platform: Platform) -> None:
    report = make_demo(platform)
    assert len(report["batches"]) == 24
    with platform.database.session() as session:
        logged = session.exec(select(EventRecord.logged_at)).all()
    assert {moment.date() for moment in logged} == {datetime.now(UTC).date()}


def test_it_stays_when_the_server_is_started_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = demo_settings(tmp_path)
    with closing(open_demo(settings)) as platform:
        first = describe_demo(platform)
    with closing(Platform.open(settings)) as platform:
        assert make_demo(platform) == first
    with closing(open_demo(settings)) as platform:
        assert describe_demo(platform) == first
    assert not caplog.records, "no clock is doubted meanwhile"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "day", ["2027-01-01", "2027-03-15", "2027-05-04", "2027-06-20", "2027-09-16", "2028-02-29", "2027-12-31"]
)
def test_it_can_be_made_on_any_day(settings: Settings, day: str) -> None:
    moment = datetime.fromisoformat(f"{day}T16:30:00Z")
    with closing(open_demo(settings, clock=lambda: moment)) as platform:
        report = describe_demo(platform, clock=lambda: moment)
        with platform.database.session() as session:
            assert max(session.exec(select(EventRecord.logged_at))) < moment
    states = Counter(batch["state"] for batch in report["batches"])
    assert states == {
        "good": 6,
        "uncertified": 9,
        "unpacked": 3,
        "expired_since": 2,
        "held": 1,
        "recalled": 2,
        "suspended": 1,
    }
