"""What witnesses publish, beside what the log shows: split views, nonsense, and short memories."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from shangeng_trace.keys import SigningKey
from shangeng_trace.policy import Log
from tests.trace.monitor.convincing import confirmed, honest
from tests.trace.monitor.logs import LABS, WITNESSED, FakeLog, Watching, vkey


def test_a_tree_shown_to_a_witness_alone(tmp_path: Path) -> None:
    log, watching = honest(tmp_path, policy=WITNESSED)
    other = log.rewritten(100)
    watching.published["lab1"] = other.note(labs=(1,)).encode()
    confirmed(watching.look(log), "fork", by_signatures=True)


def test_a_larger_tree_shown_to_a_witness_alone(tmp_path: Path) -> None:
    log, watching = honest(tmp_path, policy=WITNESSED)
    other = log.rewritten(100)
    other.grow(40)
    watching.published["lab1"] = other.note(labs=(1,)).encode()
    assert watching.look(log).code == 0  # nobody can tell yet
    watching.published.clear()
    log.grow(30)
    assert watching.look(log).code == 0
    log.grow(30)
    confirmed(watching.look(log), "fork", by_signatures=True)


def test_two_witnesses_that_were_shown_two_trees_ahead(tmp_path: Path) -> None:
    log, watching = honest(tmp_path, policy=WITNESSED)
    ahead, other = log.copy(), log.rewritten(100)
    ahead.grow(40)
    other.grow(40)
    watching.published = {"lab0": ahead.note(labs=(0,)).encode(), "lab1": other.note(labs=(1,)).encode()}
    confirmed(watching.look(log), "fork", by_signatures=True)


NONSENSE: list[Callable[[FakeLog], bytes]] = [
    lambda _log: b"I have seen everything",
    lambda log: log.note(labs=()).encode(),
    lambda log: log.note(labs=(0,)).encode(),
    lambda log: replace(log.copy(), key=LABS[1]).note(labs=(1,)).encode(),
    lambda log: log.note(labs=(1,)).replace("\n300\n", "\n299\n").encode(),
]


@pytest.mark.parametrize("publish", NONSENSE)
def test_a_witness_that_publishes_nonsense(tmp_path: Path, publish: Callable[[FakeLog], bytes]) -> None:
    log, watching = honest(tmp_path, policy=WITNESSED)
    watching.published["lab1"] = publish(log)
    confirmed(watching.look(log), "witness_wrong", by_signatures=False)


def test_a_witness_that_forgot_what_it_saw(tmp_path: Path) -> None:
    log, watching = honest(tmp_path, policy=WITNESSED)
    later = log.time + timedelta(minutes=2)
    watching.published["lab1"] = replace(log.copy(), shown=120).note(labs=(1,), at=later).encode()
    confirmed(watching.look(log, at=later), "witness_went_back", by_signatures=True)


def test_an_older_word_of_a_witness_is_only_old(tmp_path: Path) -> None:
    log, watching = honest(tmp_path, policy=WITNESSED)
    earlier = log.time - timedelta(minutes=2)
    watching.published["lab1"] = replace(log.copy(), shown=120).note(labs=(1,), at=earlier).encode()
    assert watching.look(log).code == 0


def test_what_was_kept_under_keys_that_are_no_longer_trusted_is_let_go(tmp_path: Path) -> None:
    log, watching = honest(tmp_path, policy=WITNESSED)
    stolen = replace(log.copy(), key=SigningKey.generate())
    stolen.grow(5)
    both = replace(WITNESSED, logs=(*WITNESSED.logs, Log(vkey(stolen.key))))
    watching.policy = both
    watching.published["lab1"] = stolen.note(labs=(1,)).encode()
    assert watching.look(log).code == 0
    watching.policy, watching.published = WITNESSED, {}
    log.grow(10)
    assert watching.look(log).code == 0


def test_a_witness_of_a_log_that_was_never_seen_yet(tmp_path: Path) -> None:
    log, watching = FakeLog.of(5), Watching(tmp_path, WITNESSED)
    log.labs = (0, 1)
    log.down = True
    for shown in (0, 3):
        watching.published["lab0"] = replace(log.copy(), shown=shown).note(labs=(0,)).encode()
        assert watching.look(log).code == 2
    log.down = False
    assert watching.look(log).code == 0
