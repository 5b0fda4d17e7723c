"""Whatever happens to keys, two verifiers that share no code find the same entries wanting."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from shangeng_trace.canonical import canonical
from shangeng_trace.verifying import verify_bundle
from tests.second_verifier import problems
from tests.trace.key_histories import History


def found_by_ours(data: bytes) -> set[int]:
    report = verify_bundle(data)
    assert {problem.step for problem in report.problems} <= {"keys", "signatures"}
    return {int(problem.where.removeprefix("entry ")) for problem in report.problems}


def found_by_the_second(data: bytes) -> set[int]:
    found = [re.match(r"entry (\d+): ", each) for each in problems(data)]
    return {int(each[1]) for each in found if each}


@settings(max_examples=150, deadline=None)
@given(data=st.data(), length=st.integers(1, 14))
def test_two_verifiers_agree_on_any_history(data: st.DataObject, length: int) -> None:
    history = History.told(lambda below: data.draw(st.integers(0, below - 1)), length)
    bundle = canonical(history.bundle())
    assert found_by_ours(bundle) == found_by_the_second(bundle)


def test_a_history_without_fault_is_good() -> None:
    history = History()
    for whose in ("platform", "member", "body"):
        history.register(whose, history.signers[0][1] if history.signers else None)
    (_, platform), member, (_, body) = history.signers
    history.event(member[1])
    history.revoke(member, platform, None)
    history.register("platform", platform)
    history.revoke(history.signers[0], history.signers[3][1], None)
    history.register("member", history.signers[3][1], lasts=9)
    history.event(history.signers[4][1])
    history.revoke(history.signers[4], body, len(history.entries) - 1)
    bundle = canonical(history.bundle())
    assert found_by_ours(bundle) == found_by_the_second(bundle) == set()
    history.event(history.signers[4][1])
    history.revoke(member, body, 3)  # undoes what the member told as entry 3? No: it counts up to and with 3.
    history.revoke(member, body, 2)
    bundle = canonical(history.bundle())
    assert found_by_ours(bundle) == found_by_the_second(bundle) == {3, 10}


def test_no_word_of_anybody_gives_a_key_its_force_back() -> None:
    """Whatever follows, an entry that no longer counts does not count again."""
    history = History()
    for whose in ("platform", "member", "body", "other body"):
        history.register(whose, history.signers[0][1] if history.signers else None)
    (_, platform), member, (_, body), (_, other) = history.signers
    history.event(member[1])
    history.revoke(member, body, 3)
    for last in (None, 4, 5):
        history.revoke(member, other, last)
    history.revoke(history.signers[2], other, 3)  # the body whose word it was loses its key, back to before it
    history.revoke(member, platform, None)
    bundle = canonical(history.bundle())
    assert 4 in found_by_ours(bundle) == found_by_the_second(bundle)
