"""Logs and witnesses that lie: each lie is found, and its evidence convinces whoever reads the file alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from shangeng_trace.entry import load_entry
from shangeng_trace.errors import ShangengError
from shangeng_trace.keys import SigningKey
from shangeng_trace.logtext import write_base64
from shangeng_trace.merkle import leaf_hash
from shangeng_trace.monitor.examining import examine
from shangeng_trace.policy import NONE, Log, Policy
from tests.trace.monitor.convincing import confirmed, honest
from tests.trace.monitor.logs import ALONE, ORIGIN, WITNESSED, FakeLog, Watching, kinds, vkey


def test_another_root_under_one_size(tmp_path: Path) -> None:
    log, watching = honest(tmp_path)
    parts = confirmed(watching.look(log.rewritten(7)), "fork", by_signatures=True)
    assert (parts["newer"], parts["proof"]) == (log.note(), [])


@pytest.mark.parametrize("more", [1, 100, 300])
@pytest.mark.parametrize("size", [1, 5, 256, 300])
def test_a_rewritten_entry_in_a_log_that_goes_on(tmp_path: Path, size: int, more: int) -> None:
    log, watching = honest(tmp_path, size)
    forged = log.rewritten(size // 2)
    forged.grow(more)
    confirmed(watching.look(forged), "fork", by_signatures=True)
    # It is told once, and stays a finding; the monitor stays with what it saw first.
    forged.grow()
    again = watching.look(forged)
    assert (again.code, again.size, [told.is_new for told in again.told]) == (1, size, [False])
    assert watching.look(log).code == 0


def test_a_truncated_log_and_one_that_grows_again(tmp_path: Path) -> None:
    log, watching = honest(tmp_path)
    cut = log.copy()
    del cut.bodies[200:]
    confirmed(watching.look(cut), "shrunk", by_signatures=False)
    cut.heads = {
        link.chain: (link.seq, leaf_hash(body).hex()) for body in cut.bodies for link in load_entry(body).links
    }
    cut.time += timedelta(hours=1)
    cut.grow(50)
    confirmed(watching.look(cut), "fork", by_signatures=True)
    assert watching.look(log).code == 0
    cut.grow(51)
    _, another = honest(tmp_path / "another")
    parts = confirmed(another.look(cut), "fork", by_signatures=True)
    assert parts["older"] == log.note()


def test_an_older_checkpoint_served_again(tmp_path: Path) -> None:
    log, watching = honest(tmp_path)
    log.served["checkpoint"] = replace(log.copy(), shown=120).note().encode()
    confirmed(watching.look(log), "shrunk", by_signatures=False)
    log.served.clear()
    assert watching.look(log).code == 0
    log.served["checkpoint"] = replace(log.copy(), shown=0).note().encode()
    assert [told.is_new for told in watching.look(log).told] == [True]


@pytest.mark.parametrize(
    "path", ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"]
)
@pytest.mark.parametrize("length", ["same", "longer", "shorter", "none"])
def test_an_altered_tile_or_bundle(tmp_path: Path, path: str, length: str) -> None:
    log, watching = FakeLog.of(300), Watching(tmp_path)
    true = log.true(path) or b""
    flipped = true[:40] + bytes([true[40] ^ 4]) + true[41:] if len(true) > 40 else bytes(32)
    log.served[path] = {"same": flipped, "longer": true + b"x", "shorter": true[:-1], "none": b""}[length]
    parts = confirmed(watching.look(log), "object_wrong", by_signatures=False)
    assert parts["path"] == path
    log.served.clear()
    report = watching.look(log)
    assert (report.code, report.checked) == (0, 300)


@pytest.mark.parametrize("path", ["tile/0/001.p/54", "tile/entries/001.p/54"])
def test_what_was_known_is_altered_in_a_wider_tile(tmp_path: Path, path: str) -> None:
    log, watching = honest(tmp_path)
    log.grow(10)
    true = log.true(path) or b""
    log.served[path] = true[:40] + bytes([true[40] ^ 4]) + true[41:]
    parts = confirmed(watching.look(log), "object_wrong", by_signatures=False)
    assert parts["path"] == path


def test_a_bundle_with_a_bad_length_inside(tmp_path: Path) -> None:
    log, watching = FakeLog.of(20), Watching(tmp_path)
    true = log.true("tile/entries/000.p/20") or b""
    log.served["tile/entries/000.p/20"] = (int.from_bytes(true[:2], "big") + 1).to_bytes(2, "big") + true[2:]
    confirmed(watching.look(log), "object_wrong", by_signatures=False)


def test_several_tiles_of_the_edge_altered(tmp_path: Path) -> None:
    log, watching = FakeLog.of(300), Watching(tmp_path)
    log.served = {path: bytes(len(log.true(path) or b"")) for path in ("tile/0/001.p/44", "tile/1/000.p/1")}
    parts = confirmed(watching.look(log), "object_wrong", by_signatures=False)
    assert set(parts["edge"]) == set(log.served)  # type: ignore[call-overload]


def test_a_tile_that_is_not_served(tmp_path: Path) -> None:
    log, watching = FakeLog.of(300), Watching(tmp_path)
    log.served["tile/0/000"] = None
    parts = confirmed(watching.look(log), "object_missing", by_signatures=False)
    assert parts["path"] == "tile/0/000"


def test_a_checkpoint_by_a_key_that_is_not_known(tmp_path: Path) -> None:
    log, watching = honest(tmp_path)
    stolen = log.copy()
    stolen.key = SigningKey.generate()
    stolen.grow()
    confirmed(watching.look(stolen), "key_unknown", by_signatures=False)


def test_a_second_signature_in_the_logs_name(tmp_path: Path) -> None:
    """A log may change its key; whoever watches it wants to hear of that."""
    log, watching = honest(tmp_path)
    other = SigningKey.generate()
    log.grow()
    both = log.note() + replace(log.copy(), key=other).note().rpartition("\n\n")[2]
    log.served["checkpoint"] = both.encode()
    report = watching.look(log)
    confirmed(report, "key_unknown", by_signatures=False)
    assert report.checked == 301
    watching.policy = Policy((*ALONE.logs, Log(vkey(other))))
    assert watching.look(log).code == 0


def test_a_signature_by_somebody_else_is_nobodys_business(tmp_path: Path) -> None:
    log, watching = honest(tmp_path)
    log.served["checkpoint"] = (log.note() + f"— grease.example {write_base64(bytes(40))}\n").encode()
    assert watching.look(log).code == 0


SPOILED: list[Callable[[bytes], bytes]] = [
    lambda _note: b"",
    lambda note: note[:-10],
    lambda note: note.replace(b"\n300\n", b"\n301\n"),
    lambda note: note.replace(ORIGIN.encode(), b"other.example/log"),
    lambda note: note + b"x" * 70_000,
    lambda _note: b"<html>sorry</html>\n",
]


@pytest.mark.parametrize("spoil", SPOILED)
def test_a_checkpoint_that_is_none(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    log, watching = honest(tmp_path)
    log.served["checkpoint"] = spoil(log.note().encode())
    confirmed(watching.look(log), "checkpoint_wrong", by_signatures=False)


def test_a_checkpoint_without_its_witnesses(tmp_path: Path) -> None:
    log, watching = honest(tmp_path, policy=WITNESSED)
    log.labs = (1,)
    log.grow()
    confirmed(watching.look(log), "unwitnessed", by_signatures=False)


def test_a_late_checkpoint(tmp_path: Path) -> None:
    log, watching = honest(tmp_path, policy=WITNESSED)
    day = log.time + timedelta(days=1)
    confirmed(watching.look(log, at=day), "late", by_signatures=False)
    # One witness that is quick does not stand in for two.
    log.served["checkpoint"] = (log.note(labs=(0, 1)) + log.note(labs=(2,), at=day).rpartition("\n\n")[2]).encode()
    assert kinds(watching.look(log, at=day)) == ["late"]
    log.served["checkpoint"] = log.note(at=day + timedelta(days=2)).encode()  # nor does a time to come
    assert kinds(watching.look(log, at=day)) == ["late"]
    log.served["checkpoint"] = log.note(at=day).encode()
    assert watching.look(log, at=day).code == 0
    log.served.clear()
    assert [told.is_new for told in watching.look(log, at=day + timedelta(days=1)).told] == [True]


@pytest.mark.parametrize("more", [0, 1, 300])
def test_a_head_that_the_witnesses_refuse(tmp_path: Path, more: int) -> None:
    """What is published stays as it was; what the log would like to publish next is no longer its continuation."""
    log, watching = honest(tmp_path, policy=WITNESSED)
    forged = log.rewritten(100)
    forged.grow(more)
    forged = replace(forged, shown=300 + more, signed=300 + more, served={"checkpoint": log.note().encode()})
    confirmed(watching.look(forged), "fork", by_signatures=True)


def test_a_refused_head_that_is_no_checkpoint(tmp_path: Path) -> None:
    log, watching = honest(tmp_path, policy=WITNESSED)
    log.served["checkpoint.unwitnessed"] = b"soon"
    confirmed(watching.look(log), "checkpoint_wrong", by_signatures=False)


def test_tiles_that_do_not_fit_the_refused_head(tmp_path: Path) -> None:
    log, watching = honest(tmp_path, policy=WITNESSED)
    more = log.copy()
    more.grow(5)
    log.served["checkpoint.unwitnessed"] = more.note(labs=()).encode()
    log.served["tile/0/001.p/49"] = bytes(49 * 32)
    log.served["tile/entries/001.p/49"] = b""
    confirmed(watching.look(log), "object_wrong", by_signatures=False)


def test_evidence_convinces_nobody_who_trusts_other_keys(tmp_path: Path) -> None:
    log, watching = honest(tmp_path)
    (told,) = watching.look(log.rewritten(7)).told
    other = Policy((Log(vkey(SigningKey.generate())),))
    with pytest.raises(ShangengError):
        examine(told.finding.evidence, other)


def test_the_word_of_a_clock_suffices_where_no_quorum_is_asked_for(tmp_path: Path) -> None:
    log, watching = honest(tmp_path, policy=replace(WITNESSED, quorum=NONE))
    day = log.time + timedelta(days=1)
    confirmed(watching.look(log, at=day), "late", by_signatures=False)
    log.served["checkpoint"] = log.note(labs=(2,), at=day).encode()
    assert watching.look(log, at=day).code == 0
    assert honest(tmp_path / "alone")[1].look(log, at=day).code == 0  # nobody is asked
