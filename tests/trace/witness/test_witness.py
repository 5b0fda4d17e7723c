"""A witness says yes to growth alone, forgets nothing it was shown, and stops when it finds itself forgetful."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_trace.logtext import LogTextMalformed
from shangeng_trace.merkle import root
from shangeng_trace.note import open_note
from shangeng_trace.witness import witness as module
from shangeng_trace.witness.rules import (
    Head,
    LogUnknown,
    NotContinued,
    NotSignedByKnownKey,
    OldSizeAbove,
    SizeDiffers,
    Submission,
    judge,
    parse_request,
)
from shangeng_trace.witness.witness import FRESH_SECONDS, Witness, WitnessRolledBack
from tests.trace.witness.watching import LOG_VKEY, NAME, ORIGIN, Hands, farm, watch

DIGEST = sha256(ORIGIN.encode()).hexdigest()


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def witness(tmp_path: Path, clock: Hands) -> Iterator[Witness]:
    made = watch(tmp_path, clock)
    yield made
    made.close()


def held(witness: Witness) -> Head:
    return witness.store.held(ORIGIN).head


def test_growth_is_cosigned_and_published_with_both_signatures(witness: Witness, clock: Hands) -> None:
    log = farm(20)
    for old, new in ((0, 3), (3, 3), (3, 20)):
        line = witness.add_checkpoint(log.request(old, new))
        opened = open_note(log.note(new) + line, [LOG_VKEY, witness.vkey])
        assert {each.by for each in opened.signed} == {LOG_VKEY, witness.vkey}
        assert opened.signed[1].time == int(clock.at.timestamp())
        assert witness.checkpoint(DIGEST) == log.note(new) + line
        clock.forward(5)


def test_a_fork_signed_with_the_true_key_is_refused_and_kept(witness: Witness) -> None:
    log, fork = farm(20), farm(20, odd=5)
    witness.add_checkpoint(log.request(0, 10))
    with pytest.raises(NotContinued):
        witness.add_checkpoint(fork.request(10, 20))
    with pytest.raises(NotContinued):
        witness.add_checkpoint(fork.request(10, 10, proof=[]))
    with pytest.raises(SizeDiffers):
        witness.add_checkpoint(fork.request(8, 20))
    assert held(witness) == Head(10, root(log.leaves[:10]))
    evidence = witness.store.shown(ORIGIN, never_cosigned=True)
    assert [(each.size, each.root, each.refused) for each in evidence] == [
        (10, root(fork.leaves[:10]), "witness.not_continued"),
        (20, root(fork.leaves), "witness.size_differs"),
    ]
    for each in evidence:
        open_note(each.note, [LOG_VKEY])
    assert witness.store.count_shown(ORIGIN) == (3, 2)


def test_a_truncated_log_is_refused(witness: Witness) -> None:
    log = farm(20)
    witness.add_checkpoint(log.request(0, 20))
    with pytest.raises(OldSizeAbove):
        witness.add_checkpoint(b"old 20\n\n" + log.note(8).encode())
    with pytest.raises(SizeDiffers):
        witness.add_checkpoint(log.request(7, 7))
    assert held(witness).size == 20
    assert [each.size for each in witness.store.shown(ORIGIN, never_cosigned=True)] == [7, 8]


def test_what_is_shown_again_is_kept_once_and_its_outcome_follows(witness: Witness) -> None:
    log = farm(20)
    with pytest.raises(SizeDiffers):
        witness.add_checkpoint(log.request(5, 20))
    stranger = b"\xe2\x80\x94 stranger.example AAAAAAAA\n"
    for _ in range(3):
        with pytest.raises(SizeDiffers):
            witness.add_checkpoint(log.request(5, 20) + stranger)
    witness.add_checkpoint(log.request(0, 20) + stranger)
    (shown,) = witness.store.shown(ORIGIN)
    assert shown.note == log.note(20)
    assert shown.cosigned_time is not None


def test_strangers_leave_no_trace(witness: Witness) -> None:
    log = farm(4)
    with pytest.raises(LogUnknown):
        witness.add_checkpoint(log.request(0, 4).replace(ORIGIN.encode() + b"\n", b"other.example/log\n"))
    with pytest.raises(NotSignedByKnownKey):
        witness.add_checkpoint(log.request(0, 4).replace(b"\n4\n", b"\n5\n"))
    assert witness.store.shown(ORIGIN) == []


def test_a_slow_request_never_rolls_a_fast_one_back(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small request is stalled between its check and its storing, while the large one passes."""
    log = farm(20)
    witness.add_checkpoint(log.request(0, 3))
    checked, go_on = threading.Event(), threading.Event()

    def stalled(submission: Submission, head: Head) -> None:
        judge(submission, head)
        if submission.checkpoint.size == 4:
            checked.set()
            assert go_on.wait(10)

    monkeypatch.setattr(module, "judge", stalled)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(witness.add_checkpoint, log.request(3, 4))
        assert checked.wait(10)
        witness.add_checkpoint(log.request(3, 10))
        go_on.set()
        with pytest.raises(SizeDiffers) as refusal:
            slow.result()
    assert refusal.value.size == 10
    assert held(witness) == Head(10, root(log.leaves[:10]))


def test_of_many_at_once_sizes_only_grow(witness: Witness) -> None:
    log = farm(40)
    sizes: list[int] = []

    def submit(new: int) -> None:
        for _ in range(50):
            old = held(witness).size
            if old > new:
                return
            try:
                witness.add_checkpoint(log.request(old, new))
            except SizeDiffers:
                continue
            sizes.append(new)
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(submit, range(1, 41)))
    assert held(witness) == Head(40, root(log.leaves))
    assert 40 in sizes
    assert [each.size for each in witness.store.shown(ORIGIN) if each.cosigned_time] == sorted(sizes)


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    log = farm(20)
    for old, new in ((0, 7), (7, 20)):
        witness = watch(tmp_path)
        witness.add_checkpoint(log.request(old, new))
        witness.close()


def test_a_database_from_an_old_backup_stops_the_witness(tmp_path: Path) -> None:
    log, fork, folder, backup = farm(20), farm(20, odd=15), tmp_path / "witness", tmp_path / "backup.sqlite"
    witness = watch(folder)
    witness.add_checkpoint(log.request(0, 10))
    witness.close()
    shutil.copy(folder / "witness.sqlite", backup)
    witness = watch(folder)
    line = witness.add_checkpoint(log.request(10, 20))
    witness.close()
    for each in folder.glob("witness.sqlite*"):
        each.unlink()
    shutil.copy(backup, folder / "witness.sqlite")
    with pytest.raises(WitnessRolledBack) as refusal:
        watch(folder)
    assert (refusal.value.parts["published"], refusal.value.parts["held"]) == (20, 10)

    # Even where the published files were restored with it: its own cosignature comes back to it with the log's word.
    shutil.rmtree(folder / "published")
    witness = watch(folder)
    with pytest.raises(WitnessRolledBack):
        witness.add_checkpoint(log.request(10, 20) + line.encode())
    assert held(witness).size == 10
    assert fork.leaves[:10] == log.leaves[:10]
    witness.close()


def test_files_lost_or_of_another_do_not_stop_it(tmp_path: Path) -> None:
    log = farm(20)
    witness = watch(tmp_path)
    witness.add_checkpoint(log.request(0, 10))
    witness.close()
    (tmp_path / "published" / DIGEST / "checkpoint").write_text(log.note(20))
    witness = watch(tmp_path)
    witness.add_checkpoint(log.request(10, 12))
    witness.close()


def test_a_published_cosignature_is_made_anew_when_it_has_grown_old(witness: Witness, clock: Hands) -> None:
    log = farm(3)
    witness.add_checkpoint(log.request(0, 3))
    first = witness.checkpoint(DIGEST)
    clock.forward(FRESH_SECONDS)
    assert witness.checkpoint(DIGEST) == first
    clock.forward(1)
    again = witness.checkpoint(DIGEST)
    assert again is not None
    assert again != first
    opened = open_note(again, [LOG_VKEY, witness.vkey])
    assert [each.time for each in opened.signed] == [None, int(clock.at.timestamp())]


def test_a_clock_set_back_never_dates_a_word_earlier(witness: Witness, clock: Hands) -> None:
    log = farm(9)
    witness.add_checkpoint(log.request(0, 3))
    then = int(clock.at.timestamp())
    clock.forward(-86_400)
    line = witness.add_checkpoint(log.request(3, 9))
    (signed,) = open_note(log.note(9) + line, [witness.vkey]).signed
    assert signed.time == then


def test_nothing_is_published_of_a_log_unknown_or_unseen(witness: Witness) -> None:
    assert witness.checkpoint(DIGEST) is None
    assert witness.checkpoint(sha256(NAME.encode()).hexdigest()) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_malformed(body: bytes) -> None:
    with suppress(LogTextMalformed):
        assert parse_request(b"old 3\n" + body).old == 3
