"""Enrolling, rotating and revoking keys: what each of the cast may do, and that it takes effect at once."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from shangeng_trace.acting import NotYours, RoleMissing
from shangeng_trace.audit import audit
from shangeng_trace.batch_tables import EventRecord, LedgerKey
from shangeng_trace.canonical import canonical
from shangeng_trace.custody import MasterKey
from shangeng_trace.enrolment import (
    ExpiryPast,
    IndexOutside,
    KeyEnded,
    KeyKnown,
    LastKey,
    PublicKeyMissing,
    ReachesBack,
    enrol_key,
    record_revocation,
    revoke_key,
    revoke_keys_of,
    rotate_key,
)
from shangeng_trace.errors import ShangengError
from shangeng_trace.keyring import KeyExpired, KeyMissing, KeyRevoked, Keyring, KeyUnknown, public_key
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.known_keys import KeyNotValid
from shangeng_trace.log_keys import Term
from shangeng_trace.log_tables import LedgerStatement
from shangeng_trace.policy import Log, Policy
from shangeng_trace.refusals import PersonNotYours
from shangeng_trace.registration import Registration
from shangeng_trace.registry_tables import Device, Role
from shangeng_trace.replay import TABLES, projectors
from shangeng_trace.revocation import KeyRevocationMalformed, Reason, Revocation
from shangeng_trace.statements import Signer, open_sealed, seal
from shangeng_trace.verifying import Report, verify_bundle
from tests.second_verifier import problems
from tests.stored import statement
from tests.trace.desk import HOST, START, Desk
from tests.trace.test_dishonest_log import (
    registered_by_a_revoked_platform_key,
    revoked_by_a_rival,
    revoked_in_advance,
    undone_by_the_platform,
)
from tests.trace.test_external_events import observation, post, signed

OUTSIDERS = ("rival", "lab", "association")


def own(desk: Desk, who: str = "tea", **more: object) -> Signer:
    """Let an organisation enrol a key that it keeps itself."""
    key = SigningKey.generate(Algorithm.ED25519)
    enrol: Callable[..., LedgerKey] = partial(enrol_key, public=key.public, **more)  # type: ignore[arg-type]
    return Signer.of(HOST, desk.do(enrol, who).id, key)


def custody(desk: Desk, who: str) -> str:
    return desk.read(lambda s: desk.office.keyring.signer(s, desk.actors[who].organisation_id)).key_id


def tell(desk: Desk, batch: str, signer: Signer) -> int:
    return post(desk, signed(observation(desk, batch), signer).document).index


def row(desk: Desk, key_id: str) -> LedgerKey:
    return desk.read(lambda s: s.get_one(LedgerKey, key_id))


def checked(desk: Desk, batch: str) -> Report:
    """Return what a stranger finds; the second verifier must find something where the first does."""
    data = canonical(desk.bundle(batch))
    report = verify_bundle(data, Policy((Log(desk.policy_key, None),)))
    assert report.is_good is not bool(problems(data, str(desk.policy_key)))
    return report


def flaws(desk: Desk) -> list[str]:
    """Return what an audit of the whole finds, its replay of projections included."""
    desk.publisher.publish(desk.database, desk.ledger)
    with desk.database.session() as session:
        found = audit(
            session,
            origin=desk.ledger.origin,
            log_keys=[Term(desk.policy_key)],
            keyring=desk.office.keyring,
            media=Path(),
            tables=TABLES,
            projectors=projectors(desk.office.catalogue),
        )
    return [str(flaw) for flaw in found]


def test_rotation_is_one_step_and_takes_effect_at_once(own_desk: Desk) -> None:
    desk, batch = own_desk, own_desk.leaf()
    old = custody(desk, "tea")
    new = desk.do(rotate_key, "tea", key_id=old)
    assert custody(desk, "tea") == new.id != old
    before, after = row(desk, old), row(desk, new.id)
    assert (after.replaces, before.revoked_reason, before.revoked_index) == (old, "rotated", after.registered_index + 1)
    assert before.last_valid_index == after.registered_index
    index = desk.step("tea", batch, "store", {"store_place": "库房"}).index
    with desk.database.session() as session:
        assert session.exec(select(EventRecord.key_id).where(EventRecord.index == index)).one() == new.id
    assert checked(desk, batch).is_good
    with pytest.raises(KeyRevoked):
        desk.do(rotate_key, "tea", key_id=old)
    assert flaws(desk) == []


def test_another_server_signs_with_the_new_key_at_once(own_desk: Desk) -> None:
    elsewhere = Keyring(MasterKey(bytes(range(32))), host=HOST)
    member = own_desk.actors["tea"].organisation_id
    assert own_desk.read(lambda s: elsewhere.signer(s, member)).key_id == custody(own_desk, "tea")
    new = own_desk.do(rotate_key, "tea", key_id=custody(own_desk, "tea"))
    assert own_desk.read(lambda s: elsewhere.signer(s, member)).key_id == new.id


def test_the_platforms_own_key_is_rotated_but_never_just_ended(own_desk: Desk) -> None:
    desk, first = own_desk, custody(own_desk, "platform")
    with pytest.raises(LastKey):
        desk.do(revoke_key, "platform", key_id=first, reason=Reason.OTHER)
    second = desk.do(rotate_key, "platform", key_id=first).id
    third = desk.do(rotate_key, "platform", key_id=second).id
    assert custody(desk, "platform") == third
    with pytest.raises(LastKey):
        desk.do(revoke_key, "platform", key_id=third, reason=Reason.OTHER)
    batch = desk.leaf()
    tell(desk, batch, own(desk))
    assert checked(desk, batch).is_good
    with pytest.raises(ReachesBack):
        desk.do(revoke_key, "body", key_id=first, reason=Reason.COMPROMISED, last_valid_index=0)
    assert flaws(desk) == []


def test_what_was_signed_before_a_revocation_stays(desk: Desk) -> None:
    signer, batch = own(desk), desk.leaf()
    tell(desk, batch, signer)
    ended = desk.do(revoke_key, "tea", key_id=signer.key_id, reason=Reason.LOST)
    assert ended.last_valid_index is not None
    assert ended.revoked_index == ended.last_valid_index + 1
    with pytest.raises(KeyRevoked):
        tell(desk, batch, signer)
    with pytest.raises(KeyEnded):
        desk.do(revoke_key, "tea", key_id=signer.key_id, reason=Reason.LOST)
    assert checked(desk, batch).is_good


def test_a_key_counts_until_it_expires(own_desk: Desk) -> None:
    desk = own_desk
    signer, batch = own(desk, expires=START + timedelta(hours=1)), desk.leaf()
    tell(desk, batch, signer)
    desk.clock.moment = START + timedelta(hours=1)
    with pytest.raises(KeyExpired):
        tell(desk, batch, signer)
    with pytest.raises(ExpiryPast):
        own(desk, expires=desk.clock())
    assert checked(desk, batch).is_good
    held = desk.do(rotate_key, "tea", key_id=custody(desk, "tea"), expires=START + timedelta(hours=2))
    desk.step("tea", batch, "store", {"store_place": "库房"})
    desk.clock.moment = START + timedelta(hours=2)
    with pytest.raises(KeyMissing):
        desk.step("tea", batch, "store", {"store_place": "库房"})
    assert row(desk, held.id).last_valid_index is None
    assert desk.do(enrol_key, "tea").custody == "server"
    desk.step("tea", batch, "store", {"store_place": "库房"})
    assert checked(desk, batch).is_good
    assert flaws(desk) == []


def test_reaching_back_takes_a_body(desk: Desk) -> None:
    signer, batch = own(desk), desk.leaf()
    told = tell(desk, batch, signer)
    for who in ("tea", "platform", "supervisor"):
        with pytest.raises(ReachesBack):
            desk.do(revoke_key, who, key_id=signer.key_id, reason=Reason.COMPROMISED, last_valid_index=told - 1)
    desk.do(revoke_key, "tea", key_id=signer.key_id, reason=Reason.COMPROMISED)
    registered = row(desk, signer.key_id).registered_index
    for last in (registered - 1, 10**9):
        with pytest.raises(IndexOutside):
            desk.do(revoke_key, "body", key_id=signer.key_id, reason=Reason.COMPROMISED, last_valid_index=last)
    assert checked(desk, batch).is_good
    desk.do(revoke_key, "body", key_id=signer.key_id, reason=Reason.COMPROMISED, last_valid_index=told - 1)
    (problem,) = checked(desk, batch).problems
    assert (problem.step, problem.where) == ("signatures", f"entry {told}")
    assert isinstance(problem.error, KeyNotValid)
    with pytest.raises(KeyEnded):
        desk.do(revoke_key, "body", key_id=signer.key_id, reason=Reason.OTHER, last_valid_index=told)
    assert not row(desk, signer.key_id).counts(told, START)
    assert flaws(desk) == []


def test_nobody_undoes_his_own_history(desk: Desk) -> None:
    key_id = custody(desk, "body")
    with pytest.raises(ReachesBack):
        desk.do(
            revoke_key,
            "body",
            key_id=key_id,
            reason=Reason.COMPROMISED,
            last_valid_index=row(desk, key_id).registered_index,
        )


def test_outsiders_do_nothing_with_a_members_keys(desk: Desk) -> None:
    signer, size = own(desk), desk.read(count)
    for who in OUTSIDERS:
        with pytest.raises(NotYours):
            desk.do(revoke_key, who, key_id=signer.key_id, reason=Reason.OTHER)
        with pytest.raises((NotYours, RoleMissing)):
            desk.do(rotate_key, who, key_id=signer.key_id)
        by = own(desk, who) if who == "rival" else None
        if by is not None:
            with pytest.raises(NotYours):
                hand_in(desk, Revocation(signer.key_id, Reason.OTHER), by)
    assert desk.read(count) == size + 1, "nothing but the rival's own key"
    for who in ("platform", "supervisor"):
        mine = own(desk)
        assert desk.do(revoke_key, who, key_id=mine.key_id, reason=Reason.COMPROMISED).revoked_reason == "compromised"


def test_a_logger_without_the_role_is_refused(desk: Desk) -> None:
    actor = desk.actors["tea"]
    clerk = type(actor)(actor.organisation_id, actor.kind, frozenset({Role.CLERK, Role.FARMER}))
    key_id = custody(desk, "tea")
    acts: list[Callable[[Session], object]] = [
        lambda s: enrol_key(s, desk.office, clerk),
        lambda s: rotate_key(s, desk.office, clerk, key_id=key_id),
        lambda s: revoke_key(s, desk.office, clerk, key_id=key_id, reason=Reason.LOST),
    ]
    for act in acts:
        with pytest.raises(RoleMissing):
            desk.writer.run(act)


def hand_in(desk: Desk, said: Revocation, by: Signer, **members: object) -> int:
    """Hand in a revocation that was signed elsewhere."""
    document = seal(said.document() | members, by, created=START).document
    opened = desk.read(lambda s: open_sealed(document, partial(public_key, s), host=HOST))
    return desk.writer.run(lambda s: record_revocation(s, desk.office, opened)).index


def test_a_key_ends_itself_from_outside(desk: Desk) -> None:
    """Its holder does not know the index that the log will give: the revocation means the one before its own."""
    signer, batch = own(desk), desk.leaf()
    tell(desk, batch, signer)
    with pytest.raises(KeyRevocationMalformed):
        hand_in(desk, Revocation(signer.key_id, Reason.LOST), signer, phone="13857812345")
    with pytest.raises(KeyUnknown):
        hand_in(desk, Revocation("0000000000000000", Reason.LOST), signer)
    index = hand_in(desk, Revocation(signer.key_id, Reason.LOST), signer)
    assert row(desk, signer.key_id).last_valid_index == index - 1
    with pytest.raises(KeyRevoked):
        tell(desk, batch, signer)
    with pytest.raises(KeyRevoked):
        hand_in(desk, Revocation(custody(desk, "tea"), Reason.LOST), signer)
    assert checked(desk, batch).is_good


def test_a_key_of_ones_own_is_replaced_by_one_of_ones_own(desk: Desk) -> None:
    signer, batch = own(desk, device="大棚的手机"), desk.leaf()
    with pytest.raises(PublicKeyMissing):
        desk.do(rotate_key, "tea", key_id=signer.key_id)
    with pytest.raises(KeyKnown):
        desk.do(rotate_key, "tea", key_id=signer.key_id, public=signer.key.public)
    key = SigningKey.generate(Algorithm.P256)
    new = desk.do(rotate_key, "tea", key_id=signer.key_id, public=key.public)
    assert (new.holder_type, new.holder_id) == ("device", row(desk, signer.key_id).holder_id)
    tell(desk, batch, Signer.of(HOST, new.id, key))
    with pytest.raises(KeyRevoked):
        tell(desk, batch, signer)


def test_the_log_learns_no_name_and_a_leaver_loses_every_key(desk: Desk) -> None:
    mine, phone, others = (
        own(desk, person_id=desk.farmer),
        own(desk, person_id=desk.farmer, device="雷阿福的手机"),
        own(desk),
    )
    with pytest.raises(PersonNotYours):
        own(desk, "rival", person_id=desk.farmer)
    with desk.database.session() as session:
        device = session.exec(select(Device).where(Device.name == "雷阿福的手机")).one()
        for signer in (mine, phone):
            digest = session.get_one(LedgerKey, signer.key_id).digest
            body = statement(session, digest)
            assert body is not None
            assert "雷阿福" not in body.decode()
    assert (row(desk, mine.key_id).holder_type, row(desk, mine.key_id).holder_id) == ("person", desk.farmer)
    assert row(desk, phone.key_id).holder_id == device.id
    member = desk.actors["tea"].organisation_id
    leave = partial(revoke_keys_of, office=desk.office, person_id=desk.farmer, organisation_id=member)
    ended = desk.writer.run(leave)
    assert [(key.id, key.revoked_reason) for key in ended] == [(mine.key_id, "left"), (phone.key_id, "left")]
    assert desk.writer.run(leave) == []
    batch = desk.leaf()
    tell(desk, batch, others)
    for signer in (mine, phone):
        with pytest.raises(KeyRevoked):
            tell(desk, batch, signer)


@pytest.mark.parametrize(
    "forge", [undone_by_the_platform, revoked_by_a_rival, registered_by_a_revoked_platform_key, revoked_in_advance]
)
def test_an_audit_names_key_statements_that_should_not_be_there(
    own_desk: Desk, forge: Callable[[Desk, str], int]
) -> None:
    index = forge(own_desk, own_desk.leaf())
    assert [flaw for flaw in flaws(own_desk) if flaw.startswith(f"ledger_entry[{index}].body")]


def test_what_is_refused_leaves_no_trace(desk: Desk) -> None:
    size = desk.read(count)
    mine = custody(desk, "tea")
    for attempt in (
        lambda: desk.do(revoke_key, "rival", key_id=mine, reason=Reason.OTHER),
        lambda: desk.do(rotate_key, "rival", key_id=mine),
        lambda: desk.do(revoke_key, "tea", key_id=mine, reason=Reason.OTHER, last_valid_index=0),
        lambda: own(desk, expires=START - timedelta(days=1)),
    ):
        with pytest.raises(ShangengError):
            attempt()
    assert desk.read(count) == size
    assert row(desk, mine).last_valid_index is None


def count(session: Session) -> int:
    return len(session.exec(select(col(LedgerStatement.digest))).all())


def test_a_registration_reads_as_it_was_written() -> None:
    key = SigningKey.generate(Algorithm.ED25519)
    said = Registration(
        key_id="1",
        algorithm=Algorithm.ED25519,
        public=key.public.multikey,
        controller="2",
        controller_kind="member",
        controller_number="N",
        controller_name=None,
        custody="external",
        expires=START,
        replaces="0",
    )
    assert Registration.read(said.document(HOST)) == said
    for name, value in (
        ("shangeng:expires", "2026-04-20T02:00:00Z"),
        ("shangeng:expires", "2026-04-20T02:00:00.0000"),
        ("shangeng:expires", None),
        ("shangeng:holder", {"type": "boss", "id": "1"}),
        ("shangeng:holder", "1"),
        ("shangeng:replaces", 7),
    ):
        with pytest.raises(ShangengError):
            Registration.read(said.document(HOST) | {name: value})
    ends = Revocation("1", Reason.LOST)
    for name, wrong in (("shangeng:lastValidIndex", True), ("shangeng:lastValidIndex", None), ("shangeng:key", "1")):
        with pytest.raises(KeyRevocationMalformed):
            Revocation.read(ends.document() | {name: wrong})
