"""Whatever the cast does with keys, in whatever order: the server lets happen what the rules allow, and nothing else.

A model of a few lines decides what must happen; in the end strangers and the audit agree with it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from shangeng_trace.batch_tables import LedgerKey
from shangeng_trace.canonical import canonical
from shangeng_trace.enrolment import enrol_key, revoke_key, rotate_key
from shangeng_trace.errors import ShangengError
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.log_tables import LedgerState
from shangeng_trace.policy import Log, Policy
from shangeng_trace.revocation import Reason
from shangeng_trace.statements import Signer
from shangeng_trace.verifying import verify_bundle
from tests.second_verifier import problems
from tests.trace.desk import HOST, Desk
from tests.trace.test_external_events import observation, post, signed

T = TypeVar("T")

Choose = Callable[[int], int]

ACTORS = ("tea", "rival", "body", "platform", "supervisor", "lab")


@dataclass
class Held:
    """A key of the tea makers as the model knows it, and the entries it has signed."""

    signer: Signer
    expires: datetime | None
    last: int | None = None
    told: list[int] = field(default_factory=list[int])


@dataclass
class Life:
    """One history over a desk; `size` is the length of the log, which only what happened makes longer."""

    desk: Desk
    batch: str
    choose: Choose
    keys: list[Held] = field(default_factory=list[Held])

    @property
    def size(self) -> int:
        return self.desk.read(lambda s: s.exec(select(LedgerState.size)).one())

    def enrol(self) -> None:
        """Register a phone, perhaps for an hour or two."""
        expires = self.desk.clock() + timedelta(hours=self.choose(3)) if self.choose(2) else None
        key = SigningKey.generate(Algorithm.ED25519)
        allowed = expires is None or expires > self.desk.clock()
        made = self.attempt(lambda: self.desk.do(enrol_key, "tea", public=key.public, expires=expires), allowed=allowed)
        if made is not None:
            self.keys.append(Held(Signer.of(HOST, made.id, key), expires))

    def rotate(self) -> None:
        """Let somebody replace a phone's key."""
        who, held = ACTORS[self.choose(2)], self.pick()
        key = SigningKey.generate(Algorithm.ED25519)
        made = self.attempt(
            lambda: self.desk.do(rotate_key, who, key_id=held.signer.key_id, public=key.public),
            allowed=who == "tea" and self.is_valid(held),
        )
        if made is not None:
            self.keys.append(Held(Signer.of(HOST, made.id, key), None))
            held.last = self.size - 2

    def revoke(self) -> None:
        """Let somebody end a phone's key, from here on or reaching back."""
        who, held, size = ACTORS[self.choose(len(ACTORS))], self.pick(), self.size
        last = None if self.choose(2) else max(0, size - 1 - self.choose(6))
        upto = size - 1 if last is None else last
        registered = self.desk.read(lambda s: s.get_one(LedgerKey, held.signer.key_id)).registered_index
        allowed = (
            (who == "body" or (who in {"tea", "platform", "supervisor"} and upto == size - 1))
            and registered <= upto
            and (held.last is None or upto < held.last)
        )
        ended = self.attempt(
            lambda: self.desk.do(
                revoke_key, who, key_id=held.signer.key_id, reason=Reason.OTHER, last_valid_index=last
            ),
            allowed=allowed,
        )
        if ended is not None:
            held.last = upto

    def tell(self) -> None:
        """Let a phone sign that the tea lies in store."""
        held = self.pick()
        sealed = signed(observation(self.desk, self.batch), held.signer)
        receipt = self.attempt(lambda: post(self.desk, sealed.document), allowed=self.is_valid(held))
        if receipt is not None:
            held.told.append(receipt.index)

    def wait(self) -> None:
        """Let an hour pass."""
        self.desk.clock.moment += timedelta(hours=1)

    def pick(self) -> Held:
        return self.keys[self.choose(len(self.keys))]

    def is_valid(self, held: Held) -> bool:
        return held.last is None and (held.expires is None or self.desk.clock() < held.expires)

    def attempt(self, act: Callable[[], T], *, allowed: bool) -> T | None:
        """Do it; what the model forbids must be refused and leave no trace."""
        before, refusal, done = self.size, None, None
        try:
            done = act()
        except ShangengError as error:
            refusal = error
        assert (refusal is None) is allowed, refusal
        assert allowed or self.size == before
        return done

    @property
    def undone(self) -> set[int]:
        """Entries that a revocation has reached back over."""
        return {index for held in self.keys for index in held.told if held.last is not None and index > held.last}


ACTS = (Life.enrol, Life.rotate, Life.revoke, Life.revoke, Life.tell, Life.tell, Life.tell, Life.wait)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=True))
def test_a_life_of_keys(desk: Desk, chance: Random) -> None:
    choose = chance.randrange
    life = Life(desk, desk.leaf(), choose)
    while not life.keys:
        life.enrol()
    for _ in range(30):
        ACTS[choose(len(ACTS))](life)
    bundle = canonical(desk.bundle(life.batch))
    report = verify_bundle(bundle, Policy((Log(desk.policy_key, None),)))
    assert {problem.where for problem in report.problems} == {f"entry {index}" for index in life.undone}
    assert bool(problems(bundle, str(desk.policy_key))) is bool(life.undone)
