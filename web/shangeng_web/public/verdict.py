"""What a shopper is told first: one state out of everything that is known, in one order of precedence. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from shangeng_certs.validity import Validity

Tone = Literal["ok", "mind", "held", "stop", "none"]
"""The five looks of the bar: valid, take care, an authority says wait, recalled, we do not know."""


class State(StrEnum):
    """What a batch's page says first. The order is the precedence: the earlier one wins where several are true."""

    RECALLED = "recalled"
    HELD = "held"
    WITHDRAWN = "withdrawn"
    SUSPENDED = "suspended"
    TEST_FAILED = "test_failed"
    VOIDED = "voided"
    UNCERTIFIED = "uncertified"
    EXPIRED = "expired"
    EXPIRED_SINCE = "expired_since"
    DISPUTED = "disputed"
    UNPACKED = "unpacked"
    UNTESTED = "untested"
    UNCONFIRMED = "unconfirmed"
    GOOD = "good"


TONES: dict[State, Tone] = {
    State.RECALLED: "stop",
    State.HELD: "held",
    State.WITHDRAWN: "held",
    State.SUSPENDED: "held",
    State.TEST_FAILED: "mind",
    State.VOIDED: "mind",
    State.UNCERTIFIED: "none",
    State.EXPIRED: "mind",
    State.EXPIRED_SINCE: "mind",
    State.DISPUTED: "mind",
    State.UNPACKED: "none",
    State.UNTESTED: "mind",
    State.UNCONFIRMED: "mind",
    State.GOOD: "ok",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What the verdict depends on.

    `licence` and `certificate` as of now; `mark_at_packing` whether both held on the day of packing, None where
    nothing is packed. `test` is the worst of the latest tests of the batch and its sources, None where none is on
    record. `disputed` and `unconfirmed` count records entered for somebody who denied them, or has not answered.
    `voided` counts statements whose signature no longer counts, because their key was revoked reaching back.
    """

    recalled: bool = False
    held: bool = False
    licence: Validity = Validity.VALID
    certificate: Validity = Validity.VALID
    mark_at_packing: bool | None = True
    test: bool | None = True
    disputed: int = 0
    unconfirmed: int = 0
    voided: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state, its look, and whether the seal stands beside the product."""

    state: State
    tone: Tone
    seal: bool


def verdict(known: Known) -> Verdict:
    """Return the one verdict; the seal is earned only where nothing at all is open."""
    permissions = {known.licence, known.certificate}
    is_true = {
        State.RECALLED: known.recalled,
        State.HELD: known.held,
        State.WITHDRAWN: Validity.WITHDRAWN in permissions,
        State.SUSPENDED: Validity.SUSPENDED in permissions,
        State.TEST_FAILED: known.test is False,
        State.VOIDED: known.voided > 0,
        State.UNCERTIFIED: not permissions.isdisjoint({Validity.NONE, Validity.OUTSIDE, Validity.NOT_YET}),
        State.EXPIRED: Validity.EXPIRED in permissions and not known.mark_at_packing,
        State.EXPIRED_SINCE: Validity.EXPIRED in permissions,
        State.DISPUTED: known.disputed > 0,
        State.UNPACKED: known.mark_at_packing is None,
        State.UNTESTED: known.test is None,
        State.UNCONFIRMED: known.unconfirmed > 0,
        State.GOOD: True,
    }
    state = next(state for state in State if is_true[state])
    return Verdict(state, TONES[state], seal=state is State.GOOD)
