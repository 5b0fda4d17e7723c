"""Certificates and licences over the API: decided by bodies and the association, read by everybody with a token."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query
from sqlmodel import Session, col, select

from shangeng_certs import certificates, licences
from shangeng_certs.credentials import State
from shangeng_certs.standing import standing_of
from shangeng_certs.tables import Certificate, CertificatePlot, CertificateProduct, Licence
from shangeng_trace.acting import Office
from shangeng_web.api.answers import READING, WRITING
from shangeng_web.api.once import Once, OnceDep
from shangeng_web.api.paging import Page, Slice, SliceDep, page
from shangeng_web.api.permission_wire import (
    CertificateIn,
    CertificateOut,
    LicenceIn,
    LicenceOut,
    PermissionNumber,
    ReasonIn,
    reasons,
)
from shangeng_web.api.wire import ID_PATTERN
from shangeng_web.deps import ApiActor, PlatformDep, ReadDep

router = APIRouter()
CERTIFICATES, LICENCES = ["certificates"], ["licences"]

Row = TypeVar("Row", Certificate, Licence)
Change = Callable[..., Row]
Holder = Annotated[str | None, Query(pattern=ID_PATTERN, description="Only this member's.")]


def _certificates(session: Session, office: Office, rows: Sequence[Certificate]) -> dict[str, CertificateOut]:
    """Return certificates as the API gives them, by their numbers."""
    standings = standing_of(session, rows, office.clock())
    products: dict[str, list[str]] = {row.number: [] for row in rows}
    plots: dict[str, list[str]] = {row.number: [] for row in rows}
    for covered in session.exec(select(CertificateProduct).where(col(CertificateProduct.number).in_(list(products)))):
        products[covered.number].append(covered.product_id)
    for plot in session.exec(select(CertificatePlot).where(col(CertificatePlot.number).in_(list(plots)))):
        plots[plot.number].append(plot.plot_id)
    return {
        row.number: CertificateOut.of(
            row, standings[row.number].validity, sorted(products[row.number]), sorted(plots[row.number])
        )
        for row in rows
    }


def _certificate(session: Session, office: Office, row: Certificate) -> CertificateOut:
    return _certificates(session, office, [row])[row.number]


def _licence(session: Session, office: Office, row: Licence) -> LicenceOut:
    return LicenceOut.of(row, standing_of(session, [row], office.clock())[row.number].validity)


def _rows(session: Session, model: type[Row], holder: str | None, part: Slice) -> Sequence[Row]:
    query = select(model).where(col(model.index) > part.index).order_by(col(model.index)).limit(part.limit + 1)
    return session.exec(query if holder is None else query.where(model.holder_id == holder)).all()


@router.get("/certificates", tags=[*CERTIFICATES], summary="证书列表 · List certificates", responses=READING)
async def list_certificates(
    actor: ApiActor,  # noqa: ARG001 - the register is public, its use as an API is not
    platform: PlatformDep,
    session: ReadDep,
    part: SliceDep,
    holder_id: Holder = None,
) -> Page[CertificateOut]:
    """Certificates in the order of the log, oldest first."""

    def query(reading: Session) -> Page[CertificateOut]:
        rows = _rows(reading, Certificate, holder_id, part)
        shown = _certificates(reading, platform.office, rows)
        return page(rows, part, lambda row: row.index, lambda row: shown[row.number])

    return await session.run_sync(query)


@router.get("/certificates/{number}", tags=[*CERTIFICATES], summary="一张证书 · One certificate", responses=READING)
async def get_certificate(
    number: PermissionNumber,
    actor: ApiActor,  # noqa: ARG001 - as above
    platform: PlatformDep,
    session: ReadDep,
) -> CertificateOut:
    """A certificate as it stands."""

    def query(reading: Session) -> CertificateOut:
        row = reading.get(Certificate, number)
        if row is None:
            raise certificates.CertificateUnknown(number=number)
        return _certificate(reading, platform.office, row)

    return await session.run_sync(query)


@router.post(
    "/certificates",
    tags=[*CERTIFICATES],
    status_code=201,
    summary="颁发证书 · Issue a certificate",
    responses=WRITING,
)
async def issue_certificate(body: CertificateIn, once: OnceDep) -> CertificateOut:
    """Certify that a member's products from its plots meet a standard; for a body's deciders."""

    def command(session: Session) -> CertificateOut:
        office = once.platform.office
        row = certificates.issue_certificate(session, office, once.actor, **body.model_dump())
        return _certificate(session, office, row)

    return await once.run(command, CertificateOut, body)


@router.post(
    "/certificates/{number}/suspend",
    tags=[*CERTIFICATES],
    summary="暂停证书 · Suspend a certificate",
    description="With effect from now; by the body that issued it. " + reasons(State.SUSPENDED),
    responses=WRITING,
)
async def suspend_certificate(number: PermissionNumber, body: ReasonIn, once: OnceDep) -> CertificateOut:
    """Suspend a certificate."""
    return await _change_certificate(once, certificates.suspend_certificate, number, body)


@router.post(
    "/certificates/{number}/reinstate",
    tags=[*CERTIFICATES],
    summary="恢复证书 · Reinstate a certificate",
    description="Ends a suspension with effect from now; by the body that issued it. " + reasons(State.ACTIVE),
    responses=WRITING,
)
async def reinstate_certificate(number: PermissionNumber, body: ReasonIn, once: OnceDep) -> CertificateOut:
    """End a certificate's suspension."""
    return await _change_certificate(once, certificates.reinstate_certificate, number, body)


@router.post(
    "/certificates/{number}/withdraw",
    tags=[*CERTIFICATES],
    summary="撤销证书 · Withdraw a certificate",
    description="For good, with effect from now; by the body that issued it. " + reasons(State.WITHDRAWN),
    responses=WRITING,
)
async def withdraw_certificate(number: PermissionNumber, body: ReasonIn, once: OnceDep) -> CertificateOut:
    """Withdraw a certificate."""
    return await _change_certificate(once, certificates.withdraw_certificate, number, body)


async def _change_certificate(once: Once, change: Change[Certificate], number: str, body: ReasonIn) -> CertificateOut:
    def command(session: Session) -> CertificateOut:
        office = once.platform.office
        row = change(session, office, once.actor, number=number, reason=body.reason)
        return _certificate(session, office, row)

    return await once.run(command, CertificateOut, body)


@router.get("/licences", tags=[*LICENCES], summary="许可列表 · List licences", responses=READING)
async def list_licences(
    actor: ApiActor,  # noqa: ARG001 - as above
    platform: PlatformDep,
    session: ReadDep,
    part: SliceDep,
    holder_id: Holder = None,
) -> Page[LicenceOut]:
    """Licences to use the mark in the order of the log, oldest first."""

    def query(reading: Session) -> Page[LicenceOut]:
        rows = _rows(reading, Licence, holder_id, part)
        standings = standing_of(reading, rows, platform.office.clock())
        return page(rows, part, lambda row: row.index, lambda row: LicenceOut.of(row, standings[row.number].validity))

    return await session.run_sync(query)


@router.get("/licences/{number}", tags=[*LICENCES], summary="一份许可 · One licence", responses=READING)
async def get_licence(
    number: PermissionNumber,
    actor: ApiActor,  # noqa: ARG001 - as above
    platform: PlatformDep,
    session: ReadDep,
) -> LicenceOut:
    """A licence as it stands."""

    def query(reading: Session) -> LicenceOut:
        row = reading.get(Licence, number)
        if row is None:
            raise licences.LicenceUnknown(number=number)
        return _licence(reading, platform.office, row)

    return await session.run_sync(query)


@router.post("/licences", tags=[*LICENCES], status_code=201, summary="授予许可 · Grant a licence", responses=WRITING)
async def grant_licence(body: LicenceIn, once: OnceDep) -> LicenceOut:
    """Permit a member to use the mark for one of its products; for the association's officers."""

    def command(session: Session) -> LicenceOut:
        office = once.platform.office
        return _licence(session, office, licences.grant_licence(session, office, once.actor, **body.model_dump()))

    return await once.run(command, LicenceOut, body)


@router.post(
    "/licences/{number}/suspend",
    tags=[*LICENCES],
    summary="暂停许可 · Suspend a licence",
    description="With effect from now; by the association that granted it. " + reasons(State.SUSPENDED),
    responses=WRITING,
)
async def suspend_licence(number: PermissionNumber, body: ReasonIn, once: OnceDep) -> LicenceOut:
    """Suspend a licence."""
    return await _change_licence(once, licences.suspend_licence, number, body)


@router.post(
    "/licences/{number}/reinstate",
    tags=[*LICENCES],
    summary="恢复许可 · Reinstate a licence",
    description="Ends a suspension with effect from now; by the association that granted it. " + reasons(State.ACTIVE),
    responses=WRITING,
)
async def reinstate_licence(number: PermissionNumber, body: ReasonIn, once: OnceDep) -> LicenceOut:
    """End a licence's suspension."""
    return await _change_licence(once, licences.reinstate_licence, number, body)


@router.post(
    "/licences/{number}/withdraw",
    tags=[*LICENCES],
    summary="撤销许可 · Withdraw a licence",
    description="For good, with effect from now; by the association that granted it. " + reasons(State.WITHDRAWN),
    responses=WRITING,
)
async def withdraw_licence(number: PermissionNumber, body: ReasonIn, once: OnceDep) -> LicenceOut:
    """Withdraw a licence."""
    return await _change_licence(once, licences.withdraw_licence, number, body)


async def _change_licence(once: Once, change: Change[Licence], number: str, body: ReasonIn) -> LicenceOut:
    def command(session: Session) -> LicenceOut:
        office = once.platform.office
        return _licence(session, office, change(session, office, once.actor, number=number, reason=body.reason))

    return await once.run(command, LicenceOut, body)
