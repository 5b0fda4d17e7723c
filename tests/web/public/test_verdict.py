"""One state out of everything that is known."""

from itertools import product

import pytest

from shangeng_certs.validity import Validity
from shangeng_web.public.verdict import TONES, Known, State, verdict

VALIDITIES = tuple(Validity)


def every() -> list[Known]:
    """Return every combination of facts."""
    return [
        Known(*facts)
        for facts in product(
            (False, True),
            (False, True),
            VALIDITIES,
            VALIDITIES,
            (None, False, True),
            (None, False, True),
            (0, 2),
            (0, 3),
            (0, 1),
        )
    ]


def expected(known: Known) -> State:
    """Say it again as a reader of the rules would, from the worst downwards."""
    both = {known.licence, known.certificate}
    rules = [
        (known.recalled, State.RECALLED),
        (known.held, State.HELD),
        (Validity.WITHDRAWN in both, State.WITHDRAWN),
        (Validity.SUSPENDED in both, State.SUSPENDED),
        (known.test is False, State.TEST_FAILED),
        (known.voided > 0, State.VOIDED),
        (bool(both & {Validity.NONE, Validity.OUTSIDE, Validity.NOT_YET}), State.UNCERTIFIED),
        (Validity.EXPIRED in both and known.mark_at_packing is True, State.EXPIRED_SINCE),
        (Validity.EXPIRED in both, State.EXPIRED),
        (known.disputed > 0, State.DISPUTED),
        (known.mark_at_packing is None, State.UNPACKED),
        (known.test is None, State.UNTESTED),
        (known.unconfirmed > 0, State.UNCONFIRMED),
    ]
    return next((state for is_so, state in rules if is_so), State.GOOD)


def test_every_combination_has_the_state_the_rules_give_it() -> None:
    wrong = [(known, verdict(known).state) for known in every() if verdict(known).state is not expected(known)]
    assert wrong == []


def test_the_seal_is_earned_only_where_licence_and_certificate_hold_and_nothing_is_open() -> None:
    for known in every():
        holds = known.licence is known.certificate is Validity.VALID
        is_open = known.recalled or known.held or known.test is False or known.disputed or known.voided
        assert not verdict(known).seal or (holds and not is_open)
    assert verdict(Known()).seal


def test_only_an_authority_brings_cinnabar_and_only_everything_in_order_brings_pine() -> None:
    for known in every():
        found = verdict(known)
        decided = (
            known.recalled
            or known.held
            or {Validity.SUSPENDED, Validity.WITHDRAWN}
            & {
                known.licence,
                known.certificate,
            }
        )
        assert (found.tone in {"stop", "held"}) == bool(decided)
        assert (found.tone == "ok") == (found.state is State.GOOD)


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_look(state: State) -> None:
    assert state in TONES
