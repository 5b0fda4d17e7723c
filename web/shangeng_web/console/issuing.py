"""Issuing: a body certifies a member's products, the association permits the mark. First the holder, then the rest."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from sqlmodel import Session, col, select
from starlette.responses import Response

from shangeng_certs.certificates import issue_certificate
from shangeng_certs.issuing import HolderUnknown, find_holder, today
from shangeng_certs.licences import grant_licence
from shangeng_certs.scheme import LICENCE_MONTHS, last_day
from shangeng_trace.ids import read_id
from shangeng_trace.registry_tables import Organisation, OrganisationKind, Plot, Product, Role
from shangeng_web.console.desk import Desk
from shangeng_web.console.doors import door
from shangeng_web.console.filled import Filled, save
from shangeng_web.console.member_views import PAGE, member_page, organisation_name, organisation_place
from shangeng_web.console.paging import asked_page, paging
from shangeng_web.console.permission_views import standard_options
from shangeng_web.console.permissions import CERTIFICATES, CERTIFYING, LICENCES, LICENSING, Scheme
from shangeng_web.console.registry_views import pack_words, product_name
from shangeng_web.deps import FormDep, ReadDep
from shangeng_web.i18n import N_

router = APIRouter(prefix="/console", include_in_schema=False)

Decider = Annotated[Desk, door(OrganisationKind.BODY, roles=(Role.DECIDER,))]
Officer = Annotated[Desk, door(OrganisationKind.ASSOCIATION, roles=(Role.OFFICER,))]

CERTIFICATE = {
    "holder_id": N_("持有人"),
    "product_ids": N_("产品"),
    "plot_ids": N_("地块"),
    "standard": N_("标准与版本"),
    "valid_from": N_("开始日期"),
    "valid_until": N_("有效至"),
}
LICENCE = {
    "holder_id": N_("持有人"),
    "product_id": N_("产品"),
    "valid_from": N_("开始日期"),
    "valid_until": N_("有效至"),
}


@router.get("/certificates/new")
async def certificate_form(desk: Decider, session: ReadDep) -> Response:
    """Ask for the holder, then for products, plots, standard and dates."""
    office, holder = desk.visitor.platform.office, _asked_holder(desk)
    if not holder:
        return await session.run_sync(_choose_holder, desk, CERTIFYING)
    filled = Filled(desk.language, CERTIFICATE, offered={"holder_id": holder, "valid_from": today(office).isoformat()})
    return await session.run_sync(_ask_certificate, desk, filled)


@router.post("/certificates/new")
async def certify(desk: Decider, session: ReadDep, form: FormDep) -> Response:
    """Issue a certificate."""
    filled, office = Filled(desk.language, CERTIFICATE, form), desk.visitor.platform.office

    def command(session: Session) -> str:
        standard, _, edition = filled.text("standard").partition(" ")
        filled.need("standard")
        made = issue_certificate(
            session,
            office,
            desk.login.actor,
            holder_id=filled.text("holder_id"),
            product_ids=filled.texts("product_ids"),
            plot_ids=filled.texts("plot_ids"),
            standard=standard,
            edition=edition,
            valid_from=(start := filled.day("valid_from", today(office))),
            valid_until=filled.day("valid_until", start) if filled.text("valid_until").strip() else None,
        )
        return f"{CERTIFICATES}/{made.number}?done=certificate"

    saved = await save(desk, filled, command)
    return saved if saved is not None else await session.run_sync(_ask_certificate, desk, filled)


@router.get("/licences/new")
async def licence_form(desk: Officer, session: ReadDep) -> Response:
    """Ask for the holder, then for product and dates."""
    start, holder = today(desk.visitor.platform.office), _asked_holder(desk)
    if not holder:
        return await session.run_sync(_choose_holder, desk, LICENSING)
    dates = {"valid_from": start.isoformat(), "valid_until": last_day(start, LICENCE_MONTHS).isoformat()}
    filled = Filled(desk.language, LICENCE, offered={"holder_id": holder, **dates})
    return await session.run_sync(_ask_licence, desk, filled)


@router.post("/licences/new")
async def license_mark(desk: Officer, session: ReadDep, form: FormDep) -> Response:
    """Grant a licence."""
    filled, office = Filled(desk.language, LICENCE, form), desk.visitor.platform.office

    def command(session: Session) -> str:
        start: date = filled.day("valid_from", today(office))
        made = grant_licence(
            session,
            office,
            desk.login.actor,
            holder_id=filled.text("holder_id"),
            product_id=filled.text("product_id"),
            valid_from=start,
            valid_until=filled.day("valid_until", start),
        )
        return f"{LICENCES}/{made.number}?done=licence"

    saved = await save(desk, filled, command)
    return saved if saved is not None else await session.run_sync(_ask_licence, desk, filled)


def _asked_holder(desk: Desk) -> str:
    return desk.visitor.request.query_params.get("holder", "")


def _choose_holder(session: Session, desk: Desk, scheme: Scheme) -> Response:
    query, number = desk.visitor.request.query_params.get("q", ""), asked_page(desk)
    lines, total = member_page(session, query=query, number=number, language=desk.language)
    return desk.page(
        "console/permissions/holder.html",
        open=CERTIFICATES,
        scheme=scheme,
        lines=lines,
        paging=paging(number, PAGE, total),
        words=query,
    )


def _holder(session: Session, filled: Filled) -> Organisation:
    known = read_id(filled.text("holder_id"))
    if known is None:
        raise HolderUnknown
    return find_holder(session, known)


def _products(session: Session, desk: Desk, holder: Organisation) -> list[tuple[str, str]]:
    rows = session.exec(
        select(Product)
        .where(Product.organisation_id == holder.id, col(Product.retired_at).is_(None))
        .order_by(Product.name)
    )
    comma = ", " if desk.language == "en" else "，"
    return [(row.id, f"{product_name(row, desk.language)}{comma}{pack_words(row, desk.language)}") for row in rows]


def _plots(session: Session, desk: Desk, holder: Organisation) -> list[tuple[str, str]]:
    rows = session.exec(
        select(Plot).where(Plot.organisation_id == holder.id, col(Plot.retired_at).is_(None)).order_by(Plot.name)
    )
    comma = ", " if desk.language == "en" else "，"
    return [(row.id, f"{row.name}{comma}{row.altitude_m} m") for row in rows]


def _ask_certificate(session: Session, desk: Desk, filled: Filled) -> Response:
    holder = _holder(session, filled)
    return desk.page(
        "console/permissions/certify.html",
        open=CERTIFICATES,
        status=filled.status,
        form=filled,
        holder=organisation_name(holder, desk.language),
        place=organisation_place(holder, desk.language),
        products=_products(session, desk, holder),
        plots=_plots(session, desk, holder),
        standards=standard_options(desk.language),
    )


def _ask_licence(session: Session, desk: Desk, filled: Filled) -> Response:
    holder = _holder(session, filled)
    return desk.page(
        "console/permissions/license.html",
        open=CERTIFICATES,
        status=filled.status,
        form=filled,
        holder=organisation_name(holder, desk.language),
        place=organisation_place(holder, desk.language),
        products=_products(session, desk, holder),
    )
