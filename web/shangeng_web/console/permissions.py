"""Certificates and licences: what was issued, what is held, one of them, and changing how it stands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import Response

from shangeng_certs.certificates import (
    CertificateUnknown,
    reinstate_certificate,
    suspend_certificate,
    withdraw_certificate,
)
from shangeng_certs.credentials import State
from shangeng_certs.licences import LicenceUnknown, reinstate_licence, suspend_licence, withdraw_licence
from shangeng_certs.register import find_by_number
from shangeng_certs.scheme import REASONS
from shangeng_certs.tables import Certificate, Licence
from shangeng_trace.acting import NotYours
from shangeng_trace.errors import NotFoundError, ShangengError
from shangeng_trace.registry_tables import OrganisationKind, Role
from shangeng_web.console.desk import Desk
from shangeng_web.console.doors import done, door
from shangeng_web.console.filled import Filled, save
from shangeng_web.console.member_views import held_by
from shangeng_web.console.paging import asked_page, paging
from shangeng_web.console.permission_views import PAGE, STATES, page_of, permission, permission_lines
from shangeng_web.deps import FormDep, ReadDep
from shangeng_web.i18n import N_

router = APIRouter(prefix="/console", include_in_schema=False)

CERTIFICATES = "/console/certificates"
LICENCES = "/console/licences"

_OFFICES = (OrganisationKind.ASSOCIATION, OrganisationKind.SUPERVISOR, OrganisationKind.PLATFORM)
Anybody = Annotated[Desk, door(*_OFFICES, OrganisationKind.BODY, OrganisationKind.MEMBER)]
Offices = Annotated[Desk, door(*_OFFICES)]

Verb = Callable[..., Certificate | Licence]


@dataclass(frozen=True)
class Scheme:
    """What is particular to certificates, or to licences."""

    table: type[Certificate] | type[Licence]
    issuer: OrganisationKind
    role: Role
    path: str
    verbs: Mapping[State, Verb]
    unknown: type[NotFoundError]


CERTIFYING = Scheme(
    Certificate,
    OrganisationKind.BODY,
    Role.DECIDER,
    CERTIFICATES,
    MappingProxyType(
        {
            State.SUSPENDED: suspend_certificate,
            State.ACTIVE: reinstate_certificate,
            State.WITHDRAWN: withdraw_certificate,
        }
    ),
    CertificateUnknown,
)
LICENSING = Scheme(
    Licence,
    OrganisationKind.ASSOCIATION,
    Role.OFFICER,
    LICENCES,
    MappingProxyType(
        {State.SUSPENDED: suspend_licence, State.ACTIVE: reinstate_licence, State.WITHDRAWN: withdraw_licence}
    ),
    LicenceUnknown,
)
CHANGE = {
    "reason_suspended": N_("暂停的原因"),
    "reason_active": N_("恢复的原因"),
    "reason_withdrawn": N_("撤销的原因"),
}


@router.get("/certificates")
async def certificates(desk: Anybody, session: ReadDep) -> Response:
    """List what a body issued, what a member holds, or for the offices every certificate."""
    if desk.login.organisation.kind is OrganisationKind.MEMBER:
        return await session.run_sync(_held, desk)
    return await session.run_sync(_issued, desk, CERTIFYING)


@router.get("/licences")
async def licences(desk: Offices, session: ReadDep) -> Response:
    """List the mark licences."""
    return await session.run_sync(_issued, desk, LICENSING)


@router.get("/certificates/{number}")
async def certificate(number: str, desk: Anybody, session: ReadDep) -> Response:
    """Show one certificate."""
    return await session.run_sync(_show, desk, CERTIFYING, number, _fresh(desk))


@router.get("/licences/{number}")
async def licence(number: str, desk: Anybody, session: ReadDep) -> Response:
    """Show one licence."""
    return await session.run_sync(_show, desk, LICENSING, number, _fresh(desk))


@router.post("/certificates/{number}/{state}")
async def change_certificate(number: str, state: State, desk: Anybody, session: ReadDep, form: FormDep) -> Response:
    """Suspend, reinstate or withdraw a certificate."""
    filled = Filled(desk.language, CHANGE, form)
    saved = await _change(desk, CERTIFYING, number, state, filled)
    return saved if saved is not None else await session.run_sync(_show, desk, CERTIFYING, number, filled)


@router.post("/licences/{number}/{state}")
async def change_licence(number: str, state: State, desk: Anybody, session: ReadDep, form: FormDep) -> Response:
    """Suspend, reinstate or withdraw a licence."""
    filled = Filled(desk.language, CHANGE, form)
    saved = await _change(desk, LICENSING, number, state, filled)
    return saved if saved is not None else await session.run_sync(_show, desk, LICENSING, number, filled)


def may_issue(desk: Desk, scheme: Scheme) -> bool:
    """Whether the person may issue, and change what was issued."""
    return desk.login.organisation.kind is scheme.issuer and scheme.role in desk.login.roles


def _fresh(desk: Desk) -> Filled:
    return Filled(desk.language, CHANGE)


def _held(session: Session, desk: Desk) -> Response:
    at = desk.visitor.platform.office.clock()
    rows = held_by(session, desk.login.organisation.id)
    return desk.page(
        "console/permissions/held.html",
        open=CERTIFICATES,
        licences=permission_lines(
            session, [row for row in rows if isinstance(row, Licence)], language=desk.language, at=at
        ),
        certificates=permission_lines(
            session, [row for row in rows if isinstance(row, Certificate)], language=desk.language, at=at
        ),
    )


def _issued(session: Session, desk: Desk, scheme: Scheme) -> Response:
    own = desk.login.organisation
    number = asked_page(desk)
    rows, total = page_of(session, scheme.table, issuer_id=own.id if own.kind is scheme.issuer else None, number=number)
    at = desk.visitor.platform.office.clock()
    return desk.page(
        "console/permissions/issued.html",
        open=CERTIFICATES,
        flash=done(desk),
        lines=permission_lines(session, rows, language=desk.language, at=at),
        paging=paging(number, PAGE, total),
        scheme=scheme,
        issues=own.kind is scheme.issuer,
        may=may_issue(desk, scheme),
        both=own.kind is not OrganisationKind.BODY,
    )


def _show(session: Session, desk: Desk, scheme: Scheme, number: str, filled: Filled) -> Response:
    row = find_by_number(session, number)
    if row is None or not isinstance(row, scheme.table):
        raise scheme.unknown(number=number)
    own, holder = desk.login.organisation, row.holder_id
    issuer = row.body_id if isinstance(row, Certificate) else row.association_id
    if own.kind in {OrganisationKind.MEMBER, OrganisationKind.BODY} and own.id not in {holder, issuer}:
        raise NotYours
    language = desk.language
    found = permission(session, row, language=language, at=desk.visitor.platform.office.clock())
    after = [state for state in STATES if state is not found.state and found.state is not State.WITHDRAWN]
    return desk.page(
        "console/permissions/permission.html",
        open=CERTIFICATES,
        status=filled.status,
        flash=done(desk),
        form=filled,
        found=found,
        scheme=scheme,
        issues=own.id == issuer,
        may=own.id == issuer and may_issue(desk, scheme),
        changes=[(state.value, [(reason.key, reason.text(language)) for reason in REASONS[state]]) for state in after],
        holder_href=f"/console/members/{holder}" if own.kind in _OFFICES else None,
    )


async def _change(desk: Desk, scheme: Scheme, number: str, state: State, filled: Filled) -> Response | None:
    office, field = desk.visitor.platform.office, f"reason_{state.value}"

    def command(session: Session) -> str:
        try:
            scheme.verbs[state](session, office, desk.login.actor, number=number, reason=filled.text(field))
        except ShangengError as error:
            error.field = field if error.field == "reason" else error.field
            raise
        return f"{scheme.path}/{number}?done={state.value}"

    return await save(desk, filled, command)
