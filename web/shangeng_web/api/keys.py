"""Keys over the API: an organisation registers, replaces and revokes its own, proving that it holds the private half."""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Annotated

from fastapi import APIRouter, Path, Request
from sqlmodel import Session, col, select

from shangeng_trace import enrolment
from shangeng_trace.acting import Actor
from shangeng_trace.batch_tables import LedgerKey
from shangeng_trace.canonical import Document, load_statement
from shangeng_trace.errors import RejectedError, ShangengError
from shangeng_trace.keyring import known_key
from shangeng_trace.keys import VerifyKey
from shangeng_trace.proofs import verification_method
from shangeng_trace.registry_tables import Device
from shangeng_trace.statements import Sealed, open_sealed
from shangeng_web.api.answers import READING, WRITING
from shangeng_web.api.events import takes
from shangeng_web.api.key_wire import REVOCATION_EXAMPLE, KeyIn, KeyOut, PublicKeyIn, RevocationIn, RotationIn
from shangeng_web.api.once import OnceDep
from shangeng_web.api.paging import Page, Slice, SliceDep, page
from shangeng_web.api.wire import KeyId, ReceiptOut
from shangeng_web.deps import ApiActor, PlatformDep, ReadDep

router = APIRouter(tags=["keys"])

KeyPath = Annotated[KeyId, Path(description="The key's id.")]

_REVOCATION = {
    "type": "object",
    "title": "Revocation",
    "description": "A `shangeng:KeyRevocation` with one proof, signed by a key of yours.",
    "required": ["@context", "type", "shangeng:key", "shangeng:reason", "proof"],
    "examples": [REVOCATION_EXAMPLE],
    "properties": {"type": {"const": "shangeng:KeyRevocation"}, "proof": {"type": "object"}},
}


class KeyNotProven(RejectedError):
    """The signature does not show that the caller holds the key."""

    code = "web.key_not_proven"
    zh = "签名不对，不能证明您持有这把钥匙。"
    en = "The signature does not prove that you hold this key."


class KeyUnreadable(RejectedError):
    """The text is no public key of a known kind."""

    code = "web.key_unreadable"
    zh = "这不是 Ed25519 或 P-256 公钥（Multikey 格式）。"
    en = "This is not an Ed25519 or P-256 public key in Multikey form."


class KeyNotWanted(RejectedError):
    """A public key of one's own, for a key that the server is to make."""

    code = "web.key_not_wanted"
    zh = "由平台保管的钥匙由平台生成，请不要交公钥。"
    en = "The server makes a key that it keeps: send no public key."


@router.get("/keys", summary="本单位的钥匙 · Your keys", responses=READING)
async def list_keys(actor: ApiActor, platform: PlatformDep, session: ReadDep, part: SliceDep) -> Page[KeyOut]:
    """Every key of your organisation that the log knows, oldest first."""
    return await session.run_sync(_keys, actor, platform.office.keyring.host, part)


def _keys(session: Session, actor: Actor, host: str, part: Slice) -> Page[KeyOut]:
    rows = session.exec(
        select(LedgerKey, Device.name)
        .join(Device, col(Device.id) == col(LedgerKey.holder_id), isouter=True)
        .where(LedgerKey.controller == actor.organisation_id, col(LedgerKey.registered_index) > part.index)
        .order_by(col(LedgerKey.registered_index))
        .limit(part.limit + 1)
    ).all()
    return page(rows, part, lambda row: row[0].registered_index, lambda row: _out(host, *row))


@router.post("/keys", status_code=201, summary="登记钥匙 · Register a key", responses=WRITING)
async def add_key(body: KeyIn, once: OnceDep) -> KeyOut:
    """Register a public key for events that you sign yourself, or have the server keep a new one; for managers.

    Say whose it is by `person_id`, and name a phone or machine by `device`: when the person leaves, it is revoked.
    """
    once.actor.must_have(*enrolment.KEEPERS)
    public, office = _proven(body, once.actor), once.platform.office
    if public is None and body.custody == "external":
        raise enrolment.PublicKeyMissing(field="public_key")
    if public is not None and body.custody == "server":
        raise KeyNotWanted(field="public_key")

    def command(session: Session) -> KeyOut:
        row = enrolment.enrol_key(
            session,
            office,
            once.actor,
            public=public,
            expires=body.expires_at,
            person_id=body.person_id,
            device=body.device or "",
        )
        return _out(office.keyring.host, row, body.device)

    return await once.run(command, KeyOut, body)


@router.post("/keys/{key_id}/rotate", status_code=201, summary="换新钥匙 · Replace a key", responses=WRITING)
async def rotate_key(key_id: KeyPath, body: RotationIn, once: OnceDep) -> KeyOut:
    """Register the successor of a key of yours and revoke it, both at once; for managers."""
    once.actor.must_have(*enrolment.KEEPERS)
    public, office = _proven(body, once.actor), once.platform.office

    def command(session: Session) -> KeyOut:
        row = enrolment.rotate_key(session, office, once.actor, key_id=key_id, public=public, expires=body.expires_at)
        return _out(office.keyring.host, row)

    return await once.run(command, KeyOut, body)


@router.post("/keys/{key_id}/revoke", summary="作废钥匙 · Revoke a key", responses=WRITING)
async def revoke_key(key_id: KeyPath, body: RevocationIn, once: OnceDep) -> KeyOut:
    """Say that a key counts no longer: your own, or any as the platform, a supervisor or a certification body.

    Only a certification body may name an earlier `last_valid_index`: it undoes what was signed since.
    """
    office = once.platform.office

    def command(session: Session) -> KeyOut:
        row = enrolment.revoke_key(
            session, office, once.actor, key_id=key_id, reason=body.reason, last_valid_index=body.last_valid_index
        )
        return _out(office.keyring.host, row)

    return await once.run(command, KeyOut, body)


@router.post(
    "/keys/revocations",
    status_code=201,
    summary="提交已签名的作废声明 · Post a signed revocation",
    responses=WRITING,
    openapi_extra=takes(_REVOCATION),
)
async def post_revocation(request: Request, actor: ApiActor, platform: PlatformDep, session: ReadDep) -> ReceiptOut:
    """Record a revocation that you signed yourself, with the key that it ends or with another of yours."""
    actor.must_have(*enrolment.REVOKERS)
    document = load_statement(await request.body(), limit=platform.settings.body_limit)
    opened = await session.run_sync(_opened, document, actor, platform.office.keyring.host)
    await session.commit()  # whoever waits for the writer holds no connection
    return ReceiptOut.of(await platform.write(lambda s: enrolment.record_revocation(s, platform.office, opened)))


def _opened(session: Session, document: Document, actor: Actor, host: str) -> Sealed:
    """Check a statement's signature, which must be of a key of the actor's own."""

    def key_of(key_id: str) -> VerifyKey:
        row = known_key(session, key_id)
        actor.must_own(row.controller)
        return VerifyKey.from_multikey(row.public)

    return open_sealed(document, key_of, host=host)


def _out(host: str, row: LedgerKey, device: str | None = None) -> KeyOut:
    return KeyOut.of(row, verification_method(host, row.id), device)


def _proven(body: PublicKeyIn, actor: Actor) -> VerifyKey | None:
    """Return the public key, if one is given, once its signature over its own registration has been checked."""
    if body.public_key is None:
        return None
    try:
        public = VerifyKey.from_multikey(body.public_key)
    except ShangengError as exc:
        raise KeyUnreadable(field="public_key") from exc
    try:
        signature = b64decode(body.signature or "", validate=True)
        public.verify(signature, f"shangeng key {actor.organisation_id} {public.multikey}".encode())
    except (Base64Error, ValueError, ShangengError) as exc:
        raise KeyNotProven(field="signature") from exc
    return public
