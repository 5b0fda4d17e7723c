"""Entries that cannot stand where they stand, in a tree that is perfect: found, told once, and gone past."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from shangeng_trace.entry import FIRST_PREV, Entry, Kind, Link
from tests.trace.monitor.convincing import confirmed, honest
from tests.trace.monitor.logs import ORIGIN, FakeLog, Watching


def put(log: FakeLog, *links: Link, kind: Kind = Kind.EVENT, origin: str = ORIGIN, after: int = 1) -> None:
    log.put(Entry(origin, kind, "ab" * 32, log.time + timedelta(seconds=after), links))


def gap(log: FakeLog) -> None:
    put(log, replace(log.link("batch:1"), seq=log.link("batch:1").seq + 2))


def same_place_twice(log: FakeLog) -> None:
    put(log, replace(log.link("batch:1"), seq=log.link("batch:1").seq - 1))


def another_predecessor(log: FakeLog) -> None:
    put(log, replace(log.link("batch:1"), prev="cd" * 32))


def chain_begun_again(log: FakeLog) -> None:
    put(log, Link("batch:1", 0, FIRST_PREV))


def chain_begun_late(log: FakeLog) -> None:
    put(log, Link("batch:new", 1, "cd" * 32))


def first_with_a_predecessor(log: FakeLog) -> None:
    put(log, Link("batch:new", 0, "cd" * 32))


def twice_in_one_chain(log: FakeLog) -> None:
    link = log.link("batch:1")
    put(log, link, replace(link, seq=link.seq + 1))


def another_origin(log: FakeLog) -> None:
    put(log, log.link("batch:1"), origin="other.example/log")


def back_in_time(log: FakeLog) -> None:
    put(log, log.link("batch:1"), after=-1)


def from_the_future(log: FakeLog) -> None:
    put(log, log.link("batch:1"), after=100_000)


def not_canonical(log: FakeLog) -> None:
    put(log, log.link("batch:1"))
    log.bodies[-1] = log.bodies[-1].replace(b'"v":1', b'"v": 1')


def no_entry(log: FakeLog) -> None:
    log.bodies.append(b"\x00\xff")


UNSOUND: dict[Callable[[FakeLog], None], tuple[str, bool]] = {
    gap: ("gap batch:1", False),
    same_place_twice: ("chain batch:1", True),
    another_predecessor: ("chain batch:1", True),
    chain_begun_again: ("chain batch:1", True),
    chain_begun_late: ("gap batch:new", False),
    first_with_a_predecessor: ("chain batch:new", True),
    twice_in_one_chain: ("twice batch:1", True),
    another_origin: ("origin", True),
    back_in_time: ("time", True),
    from_the_future: ("future", False),
    not_canonical: ("form", True),
    no_entry: ("form", True),
}


@pytest.mark.parametrize("spoil", UNSOUND)
@pytest.mark.parametrize("size", [20, 256, 300])
def test_an_unsound_entry_in_a_perfect_tree(tmp_path: Path, spoil: Callable[[FakeLog], None], size: int) -> None:
    log, watching = honest(tmp_path, size)
    spoil(log)
    report = watching.look(log)
    rule, by_signatures = UNSOUND[spoil]
    parts = confirmed(report, "entry_unsound", by_signatures=by_signatures)
    assert f"{parts['rule']} {parts.get('chain', '')}".strip() == rule
    # It is told once: the log goes on, and so does the monitor.
    log.append(Kind.EVENT, "batch:after", after=timedelta(hours=30))
    assert (watching.look(log).code, watching.look(log).checked) == (0, size + 2)


def test_a_log_that_does_not_begin_with_the_platforms_key(tmp_path: Path) -> None:
    log = FakeLog()
    log.append(Kind.EVENT, "batch:1")
    parts = confirmed(Watching(tmp_path).look(log), "entry_unsound", by_signatures=True)
    assert parts["rule"] == "first"


def test_a_log_that_is_wrong_everywhere_does_not_fill_the_disk(tmp_path: Path) -> None:
    log = FakeLog.of(1)
    log.bodies += [b"%d" % number for number in range(400)]
    report = Watching(tmp_path).look(log)
    assert (len(report.told), report.untold, report.checked) == (100, 300, 401)
    assert len(list((tmp_path / "evidence").iterdir())) == 100
