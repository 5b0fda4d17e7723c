"""What an operator could log, with a tree and chains in perfect order, and still not pass verification."""

from collections.abc import Callable
from typing import Any

import pytest

from shangeng_trace.canonical import canonical, digest
from shangeng_trace.entry import Kind
from shangeng_trace.ids import new_id
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.ledger import append
from shangeng_trace.policy import Log, Policy
from shangeng_trace.registration import Registration
from shangeng_trace.revocation import Reason, Revocation
from shangeng_trace.statements import Sealed, Signer, seal
from shangeng_trace.verifying import verify_bundle
from tests.second_verifier import problems
from tests.trace.desk import HOST, START, Desk
from tests.trace.test_external_events import observation, signed


def log(desk: Desk, sealed: Sealed, *chains: str, kind: Kind = Kind.EVENT) -> int:
    """Append a statement that nobody checked."""
    return desk.writer.run(lambda s: append(s, kind=kind, digest=sealed.digest, body=sealed.body, chains=chains)).index


def signer_of(desk: Desk, who: str) -> Signer:
    return desk.read(lambda s: desk.office.keyring.signer(s, desk.actors[who].organisation_id))


def unregistered() -> Signer:
    return Signer.of(HOST, new_id(), SigningKey.generate(Algorithm.ED25519))


def registration(desk: Desk, signer: Signer, registrar: Signer, *, kind: str = "member", **more: Any) -> int:
    """Register a key in the name of the tea makers."""
    said = Registration(
        key_id=signer.key_id,
        algorithm=Algorithm.ED25519,
        public=signer.key.public.multikey,
        controller=desk.actors["tea"].organisation_id,
        controller_kind=kind,
        controller_number="N1",
        controller_name="景宁惠明茶合作社",
        custody="external",
        **more,
    )
    sealed = seal(said.document(HOST), registrar, created=START)
    return log(desk, sealed, f"key:{signer.key_id}", f"member:{said.controller}", kind=Kind.KEY)


def altered_after_signing(desk: Desk, batch: str) -> int:
    sealed = signed(observation(desk, batch), signer_of(desk, "tea"))
    document = {**sealed.document, "shangeng:record": {"store_place": "另一个库房"}}
    return log(desk, Sealed(document, canonical(document), digest(document), sealed.key_id), f"batch:{batch}")


def signed_by_another(desk: Desk, batch: str) -> int:
    rival = signer_of(desk, "rival")
    posing = Signer(rival.key_id, signer_of(desk, "tea").method, rival.key)
    return log(desk, signed(observation(desk, batch), posing), f"batch:{batch}")


def never_registered(desk: Desk, batch: str) -> int:
    return log(desk, signed(observation(desk, batch), unregistered()), f"batch:{batch}")


def registered_afterwards(desk: Desk, batch: str) -> int:
    signer = unregistered()
    index = log(desk, signed(observation(desk, batch), signer), f"batch:{batch}")
    registration(desk, signer, signer_of(desk, "platform"))
    return index


def registered_by_a_member(desk: Desk, batch: str) -> int:
    signer = unregistered()
    registration(desk, signer, signer_of(desk, "rival"))
    return log(desk, signed(observation(desk, batch), signer), f"batch:{batch}")


def registered_by_itself(desk: Desk, batch: str) -> int:
    signer = unregistered()
    registration(desk, signer, signer, kind="platform")
    return log(desk, signed(observation(desk, batch), signer), f"batch:{batch}")


def put_into_another_chain(desk: Desk, batch: str) -> int:
    return log(desk, signed(observation(desk, desk.leaf()), signer_of(desk, "tea")), f"batch:{batch}")


def no_event(desk: Desk, batch: str) -> int:
    document = {**observation(desk, batch).document(), "eventID": "none"}
    return log(desk, seal(document, signer_of(desk, "tea"), created=START), f"batch:{batch}")


def enrolled(desk: Desk, *, kind: str = "member", **more: Any) -> Signer:
    """Register a key as it should be."""
    signer = unregistered()
    registration(desk, signer, signer_of(desk, "platform"), kind=kind, **more)
    return signer


def revocation(
    desk: Desk, signer: Signer, by: Signer, *, last: int | None = None, whose: str = "tea", reason: str = "compromised"
) -> int:
    """Revoke a key, rightly or not."""
    document = Revocation(signer.key_id, Reason.COMPROMISED, last).document() | {"shangeng:reason": reason}
    sealed = seal(document, by, created=START)
    return log(desk, sealed, f"key:{signer.key_id}", f"member:{desk.actors[whose].organisation_id}", kind=Kind.KEY)


def told_by(desk: Desk, batch: str, signer: Signer) -> int:
    return log(desk, signed(observation(desk, batch), signer), f"batch:{batch}")


def signed_after_revocation(desk: Desk, batch: str) -> int:
    signer = enrolled(desk)
    revocation(desk, signer, signer)
    return told_by(desk, batch, signer)


def signed_after_expiry(desk: Desk, batch: str) -> int:
    return told_by(desk, batch, enrolled(desk, expires=START))


def undone_by_a_body(desk: Desk, batch: str) -> int:
    """No forgery: a thief had the key; what he signed is still there, and no longer counts."""
    signer = enrolled(desk)
    index = told_by(desk, batch, signer)
    revocation(desk, signer, signer_of(desk, "body"), last=index - 1)
    return index


def undone_by_the_platform(desk: Desk, batch: str) -> int:
    signer = enrolled(desk)
    index = told_by(desk, batch, signer)
    return revocation(desk, signer, signer_of(desk, "platform"), last=index - 1)


def undone_by_its_author(desk: Desk, batch: str) -> int:
    signer = enrolled(desk)
    index = told_by(desk, batch, signer)
    return revocation(desk, signer, signer_of(desk, "tea"), last=index - 1)


def undone_by_a_body_of_its_own(desk: Desk, batch: str) -> int:
    signer = enrolled(desk, kind="body")
    index = told_by(desk, batch, signer)
    return revocation(desk, signer, enrolled(desk, kind="body"), last=index - 1)


def platform_undone_by_a_body(desk: Desk, batch: str) -> int:
    signer = enrolled(desk, kind="platform")
    index = told_by(desk, batch, signer)
    return revocation(desk, signer, signer_of(desk, "body"), last=index - 1)


def platform_ended_by_a_body(desk: Desk, batch: str) -> int:
    signer = enrolled(desk, kind="platform")
    told_by(desk, batch, signer)
    return revocation(desk, signer, signer_of(desk, "body"))


def revoked_by_a_rival(desk: Desk, batch: str) -> int:
    signer = enrolled(desk)
    told_by(desk, batch, signer)
    return revocation(desk, signer, signer_of(desk, "rival"))


def revoked_by_a_revoked_key(desk: Desk, batch: str) -> int:
    signer, other = enrolled(desk), enrolled(desk)
    told_by(desk, batch, signer)
    revocation(desk, other, other)
    return revocation(desk, signer, other)


def revoked_by_a_key_not_registered(desk: Desk, batch: str) -> int:
    signer = enrolled(desk)
    told_by(desk, batch, signer)
    return revocation(desk, signer, unregistered())


def revoked_in_advance(desk: Desk, batch: str) -> int:
    signer = enrolled(desk)
    return revocation(desk, signer, signer, last=told_by(desk, batch, signer) + 1)


def revoked_before_the_log(desk: Desk, batch: str) -> int:
    signer = enrolled(desk)
    told_by(desk, batch, signer)
    return revocation(desk, signer, signer_of(desk, "body"), last=-1)


def revoked_for_no_reason(desk: Desk, batch: str) -> int:
    signer = enrolled(desk)
    told_by(desk, batch, signer)
    return revocation(desk, signer, signer, reason="because")


def revoked_in_another_chain(desk: Desk, batch: str) -> int:
    signer = enrolled(desk)
    told_by(desk, batch, signer)
    return revocation(desk, signer, signer, whose="rival")


def revalidated(desk: Desk, batch: str) -> int:
    """A second revocation with a later index gives nothing back."""
    signer = enrolled(desk)
    index = told_by(desk, batch, signer)
    revocation(desk, signer, signer_of(desk, "body"), last=index - 1)
    revocation(desk, signer, signer_of(desk, "platform"))
    return index


def registered_again(desk: Desk, batch: str) -> int:
    """A key that was revoked is not made to count by registering it once more."""
    signer = enrolled(desk)
    told_by(desk, batch, signer)
    revocation(desk, signer, signer)
    return registration(desk, signer, signer_of(desk, "platform"), replaces=signer.key_id)


def registered_by_a_revoked_platform_key(desk: Desk, batch: str) -> int:
    old, signer = enrolled(desk, kind="platform"), unregistered()
    revocation(desk, old, old)
    index = registration(desk, signer, old)
    told_by(desk, batch, signer)
    return index


def registered_by_an_expired_platform_key(desk: Desk, batch: str) -> int:
    old, signer = enrolled(desk, kind="platform", expires=START), unregistered()
    index = registration(desk, signer, old)
    told_by(desk, batch, signer)
    return index


FORGERIES: list[Callable[[Desk, str], int]] = [
    altered_after_signing,
    signed_by_another,
    never_registered,
    registered_afterwards,
    registered_by_a_member,
    registered_by_itself,
    put_into_another_chain,
    no_event,
    signed_after_revocation,
    signed_after_expiry,
    undone_by_a_body,
    undone_by_the_platform,
    undone_by_its_author,
    undone_by_a_body_of_its_own,
    platform_undone_by_a_body,
    platform_ended_by_a_body,
    revoked_by_a_rival,
    revoked_by_a_revoked_key,
    revoked_by_a_key_not_registered,
    revoked_in_advance,
    revoked_before_the_log,
    revoked_for_no_reason,
    revoked_in_another_chain,
    revalidated,
    registered_again,
    registered_by_a_revoked_platform_key,
    registered_by_an_expired_platform_key,
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_what_should_not_have_been_logged_is_found(desk: Desk, forge: Callable[[Desk, str], int]) -> None:
    policy = Policy((Log(desk.policy_key, None),))
    batch = desk.leaf()
    honest = canonical(desk.bundle(batch))
    assert verify_bundle(honest, policy).is_good
    index = forge(desk, batch)
    data = canonical(desk.bundle(batch))
    report = verify_bundle(data, policy)
    assert f"entry {index}" in {problem.where for problem in report.problems}
    if forge is not no_event:  # the design does not say how much of EPCIS a verifier must know
        assert problems(data, str(desk.policy_key))


def test_a_chain_rewritten_under_another_head_is_found(own_desk: Desk) -> None:
    """A second history of one batch cannot share the first one's entries."""
    batch = own_desk.leaf()
    first = own_desk.bundle(batch)
    other = own_desk.bundle(own_desk.leaf())
    mixed = {**other, "subject": first["subject"], "checkpoint": first["checkpoint"]}
    report = verify_bundle(canonical(mixed))
    assert {"inclusion", "chains"} <= {problem.step for problem in report.problems}
    assert problems(canonical(mixed))
