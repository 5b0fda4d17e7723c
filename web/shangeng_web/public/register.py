"""The public register of certificates and licences."""

from fastapi import APIRouter
from sqlmodel import Session, col, select
from starlette.responses import Response

from shangeng_certs.certificates import CertificateUnknown
from shangeng_certs.credentials import Kind
from shangeng_certs.register import (
    RegisterEntry,
    find_by_number,
    plots_covered,
    register_entry,
    register_page,
    status_history,
)
from shangeng_certs.scheme import reason_text
from shangeng_certs.standards import STANDARDS
from shangeng_certs.standing import voided_numbers
from shangeng_certs.validity import Validity
from shangeng_trace.registry_tables import Organisation
from shangeng_web.deps import Visitor
from shangeng_web.i18n import Language
from shangeng_web.public.pages import Page, ReaderDep
from shangeng_web.public.verdict import Tone
from shangeng_web.public.words import organisation_name, product_name, typed

router = APIRouter(include_in_schema=False)

_LONGEST = 80

TONES: dict[Validity, Tone] = {
    Validity.VALID: "ok",
    Validity.NOT_YET: "none",
    Validity.EXPIRED: "mind",
    Validity.SUSPENDED: "held",
    Validity.WITHDRAWN: "held",
}


@router.get("/c")
@router.get("/C")
async def register(reader: ReaderDep, q: str = "", cursor: str | None = None) -> Response:
    """Search the register, newest first, a page at a time."""
    return await reader.page(lambda session: _list(session, reader, q, cursor))


@router.get("/c/{number}")
@router.get("/C/{number}")
async def entry(number: str, reader: ReaderDep) -> Response:
    """One certificate or licence: what it says, how it stands now, and every change of it."""
    return await reader.page(lambda session: _entry(session, reader, number))


def _list(session: Session, reader: ReaderDep, query: str, cursor: str | None) -> Page:
    asked = typed(query, _LONGEST)
    found = register_page(session, at=reader.at, cursor=cursor, query=asked)
    organisations = _parties(session, found.entries)
    rows = [_row(one, organisations, reader.visit.language) for one in found.entries]
    return Page(
        "public/register.html",
        {"rows": rows, "asked": asked, "cursor": cursor, "next_cursor": found.next_cursor},
    )


def _row(
    one: RegisterEntry, organisations: dict[str, Organisation], language: Language
) -> tuple[RegisterEntry, Tone, object, list[object]]:
    holder = organisation_name(organisations[one.holder_id], language)
    return one, TONES[one.standing.validity], holder, [product_name(product, language) for product in one.products]


def _entry(session: Session, reader: ReaderDep, number: str) -> Page:
    row = find_by_number(session, number)
    if row is None:
        raise CertificateUnknown(number=number[:40])
    visit: Visitor = reader.visit
    one = register_entry(session, row, at=reader.at)
    organisations = _parties(session, (one,))
    holder = organisations[one.holder_id]
    voided = bool(voided_numbers(session, row))
    plots = plots_covered(session, one.number) if one.kind is Kind.CERTIFICATE else []
    changes = [
        (change, reason_text(change.reason, visit.language)) for change in reversed(status_history(session, one.number))
    ]
    return Page(
        "public/certificate.html",
        {
            "entry": one,
            "row": row,
            "tone": "mind" if voided else TONES[one.standing.validity],
            "voided": voided,
            "holder": organisation_name(holder, visit.language),
            "issuer": organisation_name(organisations[one.issuer_id], visit.language),
            "standard": STANDARDS.get(one.standard or ""),
            "products": [product_name(product, visit.language) for product in one.products],
            "plots": plots,
            "plots_are_private": holder.is_household,
            "changes": changes,
        },
    )


def _parties(session: Session, entries: tuple[RegisterEntry, ...]) -> dict[str, Organisation]:
    wanted = {one.holder_id for one in entries} | {one.issuer_id for one in entries}
    return {row.id: row for row in session.exec(select(Organisation).where(col(Organisation.id).in_(wanted)))}
