"""Signing keys, for the manager: which the organisation has, a new one in the place of one kept here, the end of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from sqlmodel import Session, col, select
from starlette.responses import Response

from shangeng_trace.batch_tables import LedgerKey
from shangeng_trace.enrolment import KEEPERS, enrol_key, revoke_key, rotate_key
from shangeng_trace.errors import ConflictError
from shangeng_trace.fields import NotAChoice
from shangeng_trace.ids import read_id
from shangeng_trace.keyring import KeyMissing, KeyUnknown
from shangeng_trace.registry_tables import Device, Person
from shangeng_trace.revocation import Reason
from shangeng_web.console.desk import Desk
from shangeng_web.console.doors import done, door
from shangeng_web.console.filled import Filled, save
from shangeng_web.deps import FormDep, ReadDep
from shangeng_web.i18n import N_, translator

router = APIRouter(prefix="/console", include_in_schema=False)

KEYS = "/console/keys"
ME = "/console/me"

Manager = Annotated[Desk, door(roles=KEEPERS)]

REASONS = {
    Reason.ROTATED: N_("换新"),
    Reason.LOST: N_("遗失"),
    Reason.COMPROMISED: N_("泄露"),
    Reason.LEFT: N_("离开"),
    Reason.OTHER: N_("其他原因"),
}
OFFERED = (Reason.LOST, Reason.COMPROMISED, Reason.OTHER)
"""What a manager may say of a key; the others are said by what happens."""


class KeyStillGood(ConflictError):
    """A new key in custody is for who has none; who has one replaces it."""

    code = "web.key_still_good"
    zh = "现在的钥匙还有效，请用“换一把新的”。"
    en = "The key you have is still valid: replace it instead."


@dataclass(frozen=True, slots=True)
class Held:
    """A key as the page shows it: whose hands it is in, and why it no longer counts, if so."""

    row: LedgerKey
    holder: str
    ended: str | None
    is_expired: bool

    @property
    def works(self) -> bool:
        """Whether it may sign."""
        return self.ended is None and not self.is_expired


@router.get("/keys")
async def keys(desk: Manager, session: ReadDep) -> Response:
    """List the organisation's keys, the newest first."""
    return await session.run_sync(_list, desk, Filled(desk.language, {}))


@router.post("/keys")
async def make(desk: Manager, session: ReadDep, form: FormDep) -> Response:
    """Make a key in custody where there is none that is valid."""
    platform, actor = desk.visitor.platform, desk.login.actor

    def command(writing: Session) -> None:
        try:
            platform.office.keyring.signer(writing, actor.organisation_id)
        except KeyMissing:
            enrol_key(writing, platform.office, actor)
        else:
            raise KeyStillGood

    return await _do(desk, session, form, command)


@router.post("/keys/{key_id}/rotate")
async def rotate(key_id: str, desk: Manager, session: ReadDep, form: FormDep) -> Response:
    """Replace a key in custody."""
    office, actor, known = desk.visitor.platform.office, desk.login.actor, _known(key_id)
    return await _do(desk, session, form, lambda writing: rotate_key(writing, office, actor, key_id=known))


@router.post("/keys/{key_id}/revoke")
async def revoke(key_id: str, desk: Manager, session: ReadDep, form: FormDep) -> Response:
    """End a key that the organisation keeps itself."""
    office, actor, known = desk.visitor.platform.office, desk.login.actor, _known(key_id)
    filled = Filled(desk.language, {}, form)

    def command(writing: Session) -> None:
        if filled.text("reason") not in OFFERED:
            raise NotAChoice(field="reason")
        actor.must_own(_controller(writing, known))
        revoke_key(writing, office, actor, key_id=known, reason=Reason(filled.text("reason")))

    return await _do(desk, session, form, command)


async def _do(desk: Desk, session: ReadDep, form: FormDep, command: Callable[[Session], object]) -> Response:
    filled = Filled(desk.language, {}, form)

    def carried(writing: Session) -> str:
        command(writing)
        return f"{KEYS}?done=key"

    saved = await save(desk, filled, carried)
    return saved if saved is not None else await session.run_sync(_list, desk, filled)


def _known(text: str) -> str:
    known = read_id(text)
    if known is None:
        raise KeyUnknown(key=text[:16])
    return known


def _controller(session: Session, key_id: str) -> str:
    row = session.get(LedgerKey, key_id)
    if row is None:
        raise KeyUnknown(key=key_id)
    return row.controller


def _list(session: Session, desk: Desk, filled: Filled) -> Response:
    moment = desk.visitor.platform.office.clock()
    held = _held(session, desk, moment)
    return desk.page(
        "console/keys.html",
        open=ME,
        status=filled.status,
        flash=done(desk),
        form=filled,
        keys=held,
        reasons=[(reason.value, translator(desk.language)(REASONS[reason])) for reason in OFFERED],
        signs=any(one.works and one.row.custody == "server" for one in held),
    )


def _held(session: Session, desk: Desk, moment: datetime) -> list[Held]:
    say = translator(desk.language)
    rows = session.exec(
        select(LedgerKey, Device.name, Person.name)
        .join(Device, col(Device.id) == col(LedgerKey.holder_id), isouter=True)
        .join(
            Person,
            (col(Person.id) == col(LedgerKey.holder_id)) | (col(Person.id) == col(Device.person_id)),
            isouter=True,
        )
        .where(LedgerKey.controller == desk.login.organisation.id)
        .order_by(col(LedgerKey.registered_index).desc())
    )
    return [
        Held(
            row,
            say("、").join(name for name in (device, person) if name),
            None if row.revoked_reason is None else say(REASONS[Reason(row.revoked_reason)]),
            row.expires_at is not None and row.expires_at <= moment,
        )
        for row, device, person in rows
    ]
