"""An honest log, followed as it grows: nothing is found, and nothing is read twice."""

import resource
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shangeng_trace.entry import Kind
from shangeng_trace.monitor.memory import Memory, MemoryInUse, MemoryUnusable
from shangeng_trace.monitor.monitor import Monitor
from shangeng_trace.monitor.source import Folder
from shangeng_trace.tiles import grown
from tests.trace.monitor.logs import ALONE, ORIGIN, WITNESSED, FakeLog, Watching, kinds, lab


def test_an_honest_log_gives_no_finding_at_any_size(tmp_path: Path) -> None:
    log, watching = FakeLog(), Watching(tmp_path)
    for size in (1, 2, 255, 256, 257, 511, 512, 513, 700):
        log.grow(size - len(log.bodies))
        report = watching.look(log)
        assert (kinds(report), report.unreachable, report.size, report.checked) == ([], None, size, size)
    assert watching.look(log).before == 700


def test_only_what_is_new_is_asked_for(tmp_path: Path) -> None:
    log, watching = FakeLog.of(600), Watching(tmp_path)
    watching.look(log)
    log.asked.clear()
    watching.look(log)
    assert log.asked == ["checkpoint", "checkpoint.unwitnessed"]
    log.grow(10)
    log.asked.clear()
    watching.look(log)
    assert log.asked == [
        "checkpoint",
        *[str(path) for path in grown(600, 610)],
        "tile/entries/002.p/98",
        "checkpoint.unwitnessed",
    ]


@pytest.mark.parametrize("after", range(1, 12))
def test_a_look_cut_off_anywhere_is_gone_on_with(tmp_path: Path, after: int) -> None:
    log, watching = FakeLog.of(700), Watching(tmp_path)
    log.fails_after = after
    report = watching.look(log)
    assert kinds(report) == []
    assert (report.code, report.unreachable is not None) == ((2, True) if after < 9 else (0, False))
    log.fails_after = None
    log.grow(3)
    report = watching.look(log)
    assert (report.code, report.checked) == (0, 703)


def test_the_entries_read_before_a_cut_are_not_read_again(tmp_path: Path) -> None:
    log, watching = FakeLog.of(256 * 20), Watching(tmp_path)
    log.served["tile/entries/018"] = None
    assert kinds(watching.look(log)) == ["object_missing"]
    log.served.clear()
    log.asked.clear()
    watching.look(log)
    assert log.asked == ["checkpoint", "tile/entries/018", "tile/entries/019", "checkpoint.unwitnessed"]


def test_an_unreachable_log_is_no_finding(tmp_path: Path) -> None:
    log = FakeLog.of(5)
    log.down = True
    assert Watching(tmp_path).look(log).code == 2
    log.down, log.served = False, {"checkpoint": None}
    assert Watching(tmp_path).look(log).code == 2


def test_a_partial_tile_that_has_gone_is_cut_from_the_full_one(tmp_path: Path) -> None:
    log, watching = FakeLog.of(700), Watching(tmp_path)
    whole = log.copy()
    whole.grow(100)
    for path in ("tile/0/002", "tile/entries/002"):
        log.served |= {f"{path}.p/188": None, path: whole.true(path)}
    report = watching.look(log)
    assert (kinds(report), report.checked) == ([], 700)


def test_an_export_is_followed_like_an_address(tmp_path: Path) -> None:
    log, watching = FakeLog.of(300), Watching(tmp_path / "state")
    for path in ("checkpoint", *map(str, grown(0, 300)), "tile/entries/000", "tile/entries/001.p/44"):
        file = tmp_path / "export" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(log.true(path) or b"")
    monitor = Monitor(tmp_path / "state", ORIGIN, ALONE, Folder(tmp_path / "export"), clock=lambda: log.time)
    report = monitor.look()
    monitor.close()
    assert (report.code, report.checked) == (0, 300)
    log.grow(20)
    assert kinds(watching.look(log)) == []


@pytest.mark.parametrize("shown", [1, 200, 256, 400, 700])
def test_a_head_that_waits_for_its_witnesses_is_compared(tmp_path: Path, shown: int) -> None:
    log = replace(FakeLog.of(700), shown=shown, signed=700)
    report = Watching(tmp_path).look(log)
    assert (kinds(report), report.size) == ([], shown)


def test_watched_chains_are_told_of_every_new_key_and_status(tmp_path: Path) -> None:
    log, watching = FakeLog.of(5), Watching(tmp_path, watch=frozenset({"member:tea"}))
    assert kinds(watching.look(log)) == []
    log.append(Kind.KEY, "key:a", "member:tea")
    log.append(Kind.KEY, "key:b", "member:other")
    log.append(Kind.EVENT, "member:tea")
    log.append(Kind.STATUS, "member:tea", "key:a")
    report = watching.look(log)
    assert [told.finding.evidence.parts["entry"]["index"] for told in report.told] == [5, 8]
    assert set(kinds(report)) == {"watched"}
    assert all(told.finding.shown.by_signatures for told in report.told)
    assert watching.look(log).code == 0


def test_two_monitors_do_not_share_a_memory(tmp_path: Path) -> None:
    memory = Memory(tmp_path, ORIGIN)
    with pytest.raises(MemoryInUse):
        Memory(tmp_path, ORIGIN)
    memory.close()
    Memory(tmp_path, ORIGIN).close()


def test_a_disk_without_room_is_not_taken_for_another_monitor(tmp_path: Path) -> None:
    largest = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, largest[1]))
    try:
        with pytest.raises(MemoryUnusable):
            Memory(tmp_path, ORIGIN)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, largest)
    Memory(tmp_path, ORIGIN).close()


def test_a_memory_is_of_one_log(tmp_path: Path) -> None:
    Watching(tmp_path).look(FakeLog.of(3))
    with pytest.raises(MemoryUnusable):
        Memory(tmp_path, "another.example/log")
    (tmp_path / "monitor.sqlite").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(MemoryUnusable):
        Memory(tmp_path, ORIGIN)


def test_witnesses_that_agree_or_are_behind_or_ahead_are_fine(tmp_path: Path) -> None:
    log, watching = FakeLog.of(20), Watching(tmp_path, WITNESSED)
    log.labs = (0, 1)
    ahead = log.copy()
    ahead.grow(5)
    behind = log.copy()
    behind.shown = 12
    watching.published = {
        "lab0": ahead.note(labs=(0,)).encode(),
        "lab1": log.note(labs=(1,)).encode(),
        "lab2": behind.note(labs=(2,)).encode(),
    }
    assert kinds(watching.look(log)) == []
    ahead.grow(1)
    report = watching.look(ahead)
    assert (kinds(report), report.silent) == ([], {})


def test_a_silent_witness_is_named_and_no_finding(tmp_path: Path) -> None:
    log = FakeLog.of(4)
    log.labs = (0, 1)
    report = Watching(tmp_path, WITNESSED).look(log, at=log.time + timedelta(minutes=5))
    assert (report.code, set(report.silent)) == (0, {lab(n).name for n in range(3)})


def test_a_full_disk_stops_the_monitor_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, watching = FakeLog.of(700), Watching(tmp_path)
    assert watching.look(replace(log, shown=1)).code == 0
    connect = sqlite3.connect

    def full(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **kwargs)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages + 2}")
        return connection

    monkeypatch.setattr(sqlite3, "connect", full)
    with pytest.raises(MemoryUnusable, match="full"):
        watching.look(log)
    monkeypatch.undo()
    report = watching.look(log)
    assert (report.code, report.before, report.checked) == (0, 1, 700)


def test_a_folder_that_is_none_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MemoryUnusable):
        Memory(tmp_path / "file", ORIGIN)


def test_a_memory_that_was_altered_is_not_believed(tmp_path: Path) -> None:
    log, watching = FakeLog.of(300), Watching(tmp_path)
    watching.look(log)
    with closing(sqlite3.connect(tmp_path / "monitor.sqlite", isolation_level=None)) as database:
        database.execute("UPDATE tile SET hashes = zeroblob(32 * 44) WHERE level = 0 AND number = 1")
    log.grow()
    with pytest.raises(MemoryUnusable):
        watching.look(log)
