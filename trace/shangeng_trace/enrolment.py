"""Enrolling, rotating and revoking keys: who may, and what of it the log is told (docs/keys.md)."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, or_, select

from shangeng_trace.acting import Actor, NotYours, Office
from shangeng_trace.batch_tables import LedgerKey
from shangeng_trace.entry import Kind, Receipt
from shangeng_trace.errors import ConflictError, ForbiddenError, RejectedError
from shangeng_trace.fields import Fields
from shangeng_trace.ids import new_id
from shangeng_trace.keyring import KeyMissing, known_key, project_key, register_key, valid_key
from shangeng_trace.keys import VerifyKey
from shangeng_trace.ledger import append, find_receipt, moment_of, next_index
from shangeng_trace.refusals import PersonNotYours
from shangeng_trace.registration import Holder
from shangeng_trace.registry import get_organisation, platform_organisation
from shangeng_trace.registry_tables import Device, Membership, OrganisationKind, Role
from shangeng_trace.revocation import KeyRevocationMalformed, Reason, Revocation, may_revoke
from shangeng_trace.statements import Sealed, Signer, seal

KEEPERS = (Role.MANAGER, Role.OPERATOR)
"""Who looks after an organisation's keys."""
REVOKERS = (*KEEPERS, Role.DECIDER, Role.SUPERVISOR)
"""Who may revoke a key, his own organisation's or another's."""


class KeyKnown(ConflictError):
    """The log knows this key already."""

    code = "trace.key_known"
    zh = "这把钥匙已经登记过了。"
    en = "This key is registered already."


class KeyEnded(ConflictError):
    """The key was revoked before, as far back or further."""

    code = "trace.key_ended"
    zh = "这把钥匙早已作废。"
    en = "This key has been revoked already."


class LastKey(ConflictError):
    """Without this key nobody could register another."""

    code = "trace.last_key"
    zh = "这是平台最后一把有效的钥匙，请先换新，再作废它。"
    en = "This is the platform's last valid key. Rotate it instead."


class ExpiryPast(RejectedError):
    """A key that has expired before it is registered."""

    code = "trace.expiry_past"
    zh = "有效期必须在将来。"
    en = "A key must expire in the future."


class PublicKeyMissing(RejectedError):
    """A key that its owner keeps can only be replaced by one that the owner makes."""

    code = "trace.public_key_missing"
    zh = "这把钥匙由贵单位自己保管，请交来新钥匙的公钥。"
    en = "You keep this key yourself: send the public half of the new one."


class IndexOutside(RejectedError):
    """A last valid index that is not between the key's registration and now."""

    code = "trace.index_outside"
    zh = "最后有效的条目号应在 {first} 和 {last} 之间。"
    en = "The last valid index must be from {first} to {last}."


class ReachesBack(ForbiddenError):
    """Undoing what was logged takes a certification body, and never touches the platform's own keys."""

    code = "trace.reaches_back"
    zh = "追溯作废会推翻已入账的记录，只能由另一家认证机构签名，且不能用于平台的钥匙。"
    en = "Reaching back undoes what was logged: only another certification body can sign that, never for the platform."


def enrol_key(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    public: VerifyKey | None = None,
    expires: datetime | None = None,
    person_id: str | None = None,
    device: str = "",
) -> LedgerKey:
    """Register a key of the actor's organisation: one that it keeps itself, else a new one in the server's custody.

    The caller has seen that the organisation holds the private half of `public`. `device` names a device
    in the registry, where it can be erased; the log learns an id alone. `person_id` is who uses it, or whose key it
    is. Raises `KeyKnown`, `ExpiryPast`, `PersonNotYours`.
    """
    actor.must_have(*KEEPERS)
    if person_id is not None and not _belongs(session, person_id, actor.organisation_id):
        raise PersonNotYours(field="person_id")
    holder = Holder("person", person_id) if person_id is not None else None
    if device:
        fields = Fields()
        row = Device(
            id=new_id(),
            organisation_id=actor.organisation_id,
            person_id=person_id,
            name=fields.text("device", device, limit=40),
            added_at=office.clock(),
        )
        fields.done()
        session.add(row)
        holder = Holder("device", row.id)
    return _register(session, office, actor.organisation_id, public=public, expires=expires, holder=holder)


def rotate_key(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    key_id: str,
    public: VerifyKey | None = None,
    expires: datetime | None = None,
) -> LedgerKey:
    """Replace a valid key of the actor's organisation by a new one, and return that: both at once, or neither.

    A key in custody gets a successor in custody; of a key that the organisation keeps itself, `public` is the next.
    """
    actor.must_have(*KEEPERS)
    old = valid_key(session, key_id)
    actor.must_own(old.controller)
    if old.custody == "external" and public is None:
        raise PublicKeyMissing(field="public_key")
    holder = (
        None if old.holder_id is None else Holder("device" if old.holder_type == "device" else "person", old.holder_id)
    )
    new = _register(session, office, old.controller, public=public, expires=expires, holder=holder, replaces=old.id)
    _end(session, office, old, _other_signer(session, office, old), Revocation(old.id, Reason.ROTATED))
    return new


def revoke_key(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    key_id: str,
    reason: Reason,
    last_valid_index: int | None = None,
) -> LedgerKey:
    """End a key: one's own, any as the platform or a supervisor, and as a certification body also reaching back.

    It counts up to `last_valid_index`, by default all that is logged so far. Raises `NotYours`, `ReachesBack`,
    `IndexOutside`, `KeyEnded` or `LastKey`.
    """
    row = known_key(session, key_id)
    if row.controller == actor.organisation_id:
        actor.must_have(*KEEPERS)
        signer = _other_signer(session, office, row)
    elif actor.kind is OrganisationKind.BODY:
        actor.must_have(Role.MANAGER, Role.DECIDER)
        signer = office.keyring.signer(session, actor.organisation_id)
    elif actor.kind in (OrganisationKind.PLATFORM, OrganisationKind.SUPERVISOR):
        actor.must_have(Role.OPERATOR, Role.SUPERVISOR)
        signer = _platform_signer(session, office)
    else:
        raise NotYours
    return _end(session, office, row, signer, Revocation(key_id, reason, last_valid_index))


def revoke_keys_of(session: Session, office: Office, *, person_id: str, organisation_id: str) -> list[LedgerKey]:
    """End every key that a person who leaves an organisation holds there, and those of the devices they used."""
    devices = select(Device.id).where(Device.person_id == person_id, Device.organisation_id == organisation_id)
    held = session.exec(
        select(LedgerKey)
        .where(
            LedgerKey.controller == organisation_id,
            col(LedgerKey.last_valid_index).is_(None),
            or_(col(LedgerKey.holder_id) == person_id, col(LedgerKey.holder_id).in_(devices)),
        )
        .order_by(col(LedgerKey.registered_index))
    ).all()
    return [
        _end(session, office, row, _other_signer(session, office, row), Revocation(row.id, Reason.LEFT)) for row in held
    ]


def record_revocation(session: Session, office: Office, sealed: Sealed) -> Receipt:
    """Take in a revocation that was signed elsewhere; its signature was verified when it was opened.

    The same statement again gives the receipt it already has. Raises `KeyRevocationMalformed` where it says
    anything besides, and otherwise as `revoke_key` does.
    """
    if (known := find_receipt(session, sealed.digest)) is not None:
        return known
    said = Revocation.read(sealed.document)
    if said.document() != {name: member for name, member in sealed.document.items() if name != "proof"}:
        raise KeyRevocationMalformed(what="members")
    row = known_key(session, said.key_id)
    return _append(session, office, row, said, sealed)


def _register(
    session: Session,
    office: Office,
    organisation_id: str,
    *,
    public: VerifyKey | None,
    expires: datetime | None,
    holder: Holder | None,
    replaces: str | None = None,
) -> LedgerKey:
    if expires is not None and expires <= moment_of(session):
        raise ExpiryPast(field="expires_at")
    if public is not None and session.exec(select(LedgerKey.id).where(LedgerKey.public == public.multikey)).first():
        raise KeyKnown(field="public_key")
    return register_key(
        session,
        office.keyring,
        get_organisation(session, organisation_id),
        registrar=_platform_signer(session, office),
        public=public,
        moment=office.clock(),
        expires=expires,
        holder=holder,
        replaces=replaces,
    )


def _end(session: Session, office: Office, row: LedgerKey, signer: Signer, said: Revocation) -> LedgerKey:
    """Sign and append a revocation; its own index is known here, so what it leaves out is written explicitly."""
    said = replace(said, last_valid_index=said.last_valid(next_index(session)))
    _append(session, office, row, said, seal(said.document(), signer, created=office.clock()))
    return row


def _append(session: Session, office: Office, row: LedgerKey, said: Revocation, sealed: Sealed) -> Receipt:
    """Check a revocation as every reader of the log will, append it and let it take effect."""
    index, author = next_index(session), valid_key(session, sealed.key_id)
    last = said.last_valid(index)
    if not row.registered_index <= last < index:
        raise IndexOutside(field="last_valid_index", first=row.registered_index, last=index - 1)
    reaches_back = last < index - 1
    allowed = may_revoke(
        kind=author.controller_kind,
        controller=author.controller,
        of_kind=row.controller_kind,
        of_controller=row.controller,
        reaches_back=reaches_back,
    )
    if not allowed:
        raise ReachesBack if reaches_back else NotYours
    if row.last_valid_index is not None and row.last_valid_index <= last:
        raise KeyEnded
    if row.controller_kind == OrganisationKind.PLATFORM:
        _other_signer(session, office, row)
    receipt = append(
        session,
        kind=Kind.KEY,
        digest=sealed.digest,
        body=sealed.body,
        chains=[f"key:{row.id}", f"member:{row.controller}"],
    )
    project_key(session, sealed, receipt)
    return receipt


def _other_signer(session: Session, office: Office, row: LedgerKey) -> Signer:
    """Return who can sign a key's end besides itself: another key of the same hands, for want of one the platform's."""
    try:
        return office.keyring.signer(session, row.controller, besides=row.id)
    except KeyMissing:
        if row.controller_kind == OrganisationKind.PLATFORM:
            raise LastKey from None
        return _platform_signer(session, office)


def _platform_signer(session: Session, office: Office) -> Signer:
    return office.keyring.signer(session, platform_organisation(session).id)


def _belongs(session: Session, person_id: str, organisation_id: str) -> bool:
    found = select(Membership.role).where(
        Membership.person_id == person_id, Membership.organisation_id == organisation_id
    )
    return session.exec(found).first() is not None
