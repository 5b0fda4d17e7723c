"""Witnesses tell the time too: where most of them show another, the log stamps nothing; one alone is not believed."""

import asyncio
from datetime import datetime, timedelta

import pytest

from shangeng_trace.clock import now
from shangeng_trace.publishing import latest_checkpoint
from shangeng_trace.standstill import WritingStopped
from shangeng_trace.watch import ClockDiffers
from shangeng_trace.witnessing import clock_is_shared
from shangeng_web import collector
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests.waiting import until
from tests.web.witnessing.growing import ONE_ENGINE, catches_up, write
from tests.web.witnessing.network import Lab


class Set:
    """A clock that is off by as much as somebody sets it."""

    def __init__(self, off: timedelta) -> None:
        self.off = off

    def __call__(self) -> datetime:
        return now() + self.off


@ONE_ENGINE
@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    "off", [timedelta(minutes=-10), timedelta(minutes=10), timedelta(days=-3), timedelta(days=400)]
)
def test_a_clock_unlike_those_of_most_witnesses_stops_the_log_until_it_is_right(
    witnessed: Settings, monkeypatch: pytest.MonkeyPatch, off: timedelta
) -> None:
    monkeypatch.setattr(collector, "LONGEST_RETRY_SECONDS", 0.1)
    clock = Set(timedelta())
    platform = Platform.open(witnessed, clock=clock)
    write(platform, "in time")
    catches_up(platform)
    clock.off = off + timedelta(seconds=off.total_seconds() > 0)
    with platform.database.session() as session:
        head = latest_checkpoint(session)
    assert platform.collector is not None
    assert head is not None
    platform.collector.announce(head)  # as a heartbeat does
    until(lambda: platform.standstill.has(ClockDiffers))
    with pytest.raises(WritingStopped, match="clock"):
        write(platform, "refused")
    clock.off = timedelta()
    until(lambda: platform.standstill.cause is None)
    write(platform, "in time again")
    catches_up(platform)
    asyncio.run(platform.close())


@ONE_ENGINE
def test_one_witness_alone_is_not_believed(
    witnessed: Settings, known: list[Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known[0].witness, "_clock", Set(timedelta(minutes=30)))
    platform = Platform.open(witnessed)
    for number in range(3):
        write(platform, f"entry {number}")
        until(lambda: {lab.size for lab in known} == {number + 2})  # noqa: B023 - called in this turn
    assert platform.standstill.cause is None
    asyncio.run(platform.close())


@ONE_ENGINE
@pytest.mark.parametrize("off", [timedelta(days=1), timedelta(minutes=-10)])
def test_a_server_that_starts_with_a_wrong_clock_stamps_nothing(
    witnessed: Settings, known: list[Lab], off: timedelta
) -> None:
    """A machine whose battery is empty: what its witnesses hold tells the time before the first entry."""
    platform = Platform.open(witnessed)
    catches_up(platform)
    until(lambda: {lab.size for lab in known} == {1})
    asyncio.run(platform.close())
    clock = Set(off)
    platform = Platform.open(witnessed, clock=clock)
    with pytest.raises(WritingStopped, match="clock"):
        write(platform, "wrong time")
    asyncio.run(platform.close())
    platform = Platform.open(witnessed)
    assert platform.standstill.cause is None
    write(platform, "right time")
    asyncio.run(platform.close())


@ONE_ENGINE
@pytest.mark.usefixtures("known")
def test_a_storys_clock_is_held_against_nobodys(witnessed: Settings) -> None:
    """The demonstration is logged at the time of its story, whatever witnesses of today show."""
    platform = Platform.open(witnessed, clock=Set(timedelta(days=200)), story=True)
    for number in range(3):
        write(platform, f"entry {number}")
    assert platform.standstill.cause is None
    asyncio.run(platform.close())


@pytest.mark.parametrize(
    ("ahead", "shared"),
    [([], False), ([0], False), ([0, 9], True), ([0, 999], False), ([0, 9, -999], True), ([0, 999, -999], False)],
)
def test_a_doubt_stands_until_most_agree(ahead: list[float], shared: bool) -> None:
    assert clock_is_shared({str(number): seconds for number, seconds in enumerate(ahead)}) is shared
