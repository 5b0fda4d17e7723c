"""Changing and retiring what a member has registered: the forms of `registry`, `bases` and `marks`, filled in already."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import Response

from shangeng_certs.citing import cites_base, cites_plot, cites_product
from shangeng_trace.acting import NotYours
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.decimals import plain_text
from shangeng_trace.ids import read_id
from shangeng_trace.numbers import MarkKind
from shangeng_trace.registry import ThingNotFound
from shangeng_trace.registry_changes import (
    change_base,
    change_mark,
    change_plot,
    change_product,
    is_used,
    restore,
    retire,
    version_of,
)
from shangeng_trace.registry_tables import Base, OtherMark, Plot, Product
from shangeng_web.console.bases import BASE, BASES, PLOT, ask_base, ask_plot
from shangeng_web.console.desk import Desk
from shangeng_web.console.filled import Filled, save
from shangeng_web.console.marks import MARK, MARKS_PAGE, ask_mark
from shangeng_web.console.registry import PRODUCT, PRODUCTS, Books, ask_product
from shangeng_web.console.registry_views import gtin_words
from shangeng_web.deps import FormDep, ReadDep

router = APIRouter(prefix="/console", include_in_schema=False)

Thing = TypeVar("Thing", Base, Plot, Product, OtherMark)


@router.get("/products/{product_id}/edit")
async def edit_product(product_id: str, desk: Books, session: ReadDep) -> Response:
    """Show a product's form as it stands."""

    def show(session: Session) -> Response:
        row = _own(session, desk, Product, product_id)
        offered = _texts(row, "name", "name_en", "category", "unit", "net_amount", "pack_unit", "shelf_life")
        offered |= {"net_amount_unit": row.net_unit, "gtin": gtin_words(row)}
        return ask_product(desk, _fresh(desk, PRODUCT, row, offered), row, fixed=_fixed(session, row))

    return await session.run_sync(show)


@router.post("/products/{product_id}/edit")
async def save_product(product_id: str, desk: Books, session: ReadDep, form: FormDep) -> Response:
    """Change a product, or take it out of use or back into it."""
    row = await session.run_sync(_own, desk, Product, product_id)
    filled, platform = Filled(desk.language, PRODUCT, form), desk.visitor.platform
    fixed = not _asked(filled, "category") and await session.run_sync(_fixed, row)

    def command(session: Session) -> str:
        if use := filled.text("use"):
            return f"{PRODUCTS}/{row.id}?done={_use(session, desk, Product, row.id, use)}"
        changes = _said(filled, PRODUCT)
        if "net_amount_unit" in filled.values:
            changes["net_unit"] = filled.text("net_amount_unit")
        change_product(
            session,
            platform.office,
            desk.login.actor,
            row.id,
            changes,
            cited=cites_product(session, row.id),
            version=filled.text("version"),
            allow_example_gtin=platform.settings.demo,
        )
        return f"{PRODUCTS}/{row.id}?done=changed"

    return await save(desk, filled, command) or ask_product(desk, filled, row, fixed=fixed)


@router.get("/bases/{base_id}/edit")
async def edit_base(base_id: str, desk: Books, session: ReadDep) -> Response:
    """Show a base's form as it stands."""

    def show(session: Session) -> Response:
        row = _own(session, desk, Base, base_id)
        return ask_base(desk, _fresh(desk, BASE, row, _texts(row, *BASE)), row, fixed=_fixed(session, row))

    return await session.run_sync(show)


@router.post("/bases/{base_id}/edit")
async def save_base(base_id: str, desk: Books, session: ReadDep, form: FormDep) -> Response:
    """Change a base, or take it out of use or back into it."""
    row = await session.run_sync(_own, desk, Base, base_id)
    filled, office = Filled(desk.language, BASE, form), desk.visitor.platform.office
    fixed = not _asked(filled, "county") and await session.run_sync(_fixed, row)

    def command(session: Session) -> str:
        if use := filled.text("use"):
            return f"{BASES}?done={_use(session, desk, Base, row.id, use)}"
        changes, version, cited = _said(filled, BASE), filled.text("version"), cites_base(session, row.id)
        change_base(session, office, desk.login.actor, row.id, changes, cited=cited, version=version)
        return f"{BASES}?done=changed"

    return await save(desk, filled, command) or ask_base(desk, filled, row, fixed=fixed)


@router.get("/plots/{plot_id}/edit")
async def edit_plot(plot_id: str, desk: Books, session: ReadDep) -> Response:
    """Show a plot's form as it stands."""

    def show(session: Session) -> Response:
        row = _own(session, desk, Plot, plot_id)
        filled = _fresh(desk, PLOT, row, _texts(row, *PLOT))
        return ask_plot(desk, session.get_one(Base, row.base_id), filled, row, fixed=_fixed(session, row))

    return await session.run_sync(show)


@router.post("/plots/{plot_id}/edit")
async def save_plot(plot_id: str, desk: Books, session: ReadDep, form: FormDep) -> Response:
    """Change a plot, or take it out of use or back into it."""
    row = await session.run_sync(_own, desk, Plot, plot_id)
    base = await session.run_sync(_own, desk, Base, row.base_id)
    filled, office = Filled(desk.language, PLOT, form), desk.visitor.platform.office
    fixed = not _asked(filled, "area_mu") and await session.run_sync(_fixed, row)

    def command(session: Session) -> str:
        if use := filled.text("use"):
            return f"/console/plots/{row.id}?done={_use(session, desk, Plot, row.id, use)}"
        changes, version, cited = _said(filled, PLOT), filled.text("version"), cites_plot(session, row.id)
        change_plot(session, office, desk.login.actor, row.id, changes, cited=cited, version=version)
        return f"/console/plots/{row.id}?done=changed"

    return await save(desk, filled, command) or ask_plot(desk, base, filled, row, fixed=fixed)


@router.get("/marks/{mark_id}/edit")
async def edit_mark(mark_id: str, desk: Books, session: ReadDep) -> Response:
    """Show a mark's form as it stands."""

    def show(session: Session) -> Response:
        row = _own(session, desk, OtherMark, mark_id)
        return ask_mark(session, desk, _fresh(desk, MARK, row, _texts(row, *MARK)), row)

    return await session.run_sync(show)


@router.post("/marks/{mark_id}/edit")
async def save_mark(mark_id: str, desk: Books, session: ReadDep, form: FormDep) -> Response:
    """Change a mark, or take it out of use or back into it."""
    row = await session.run_sync(_own, desk, OtherMark, mark_id)
    filled, office = Filled(desk.language, MARK, form), desk.visitor.platform.office
    today = office.clock().astimezone(SHANGHAI).date()

    def command(session: Session) -> str:
        if use := filled.text("use"):
            return f"{MARKS_PAGE}?done={_use(session, desk, OtherMark, row.id, use)}"
        changes = {
            "kind": filled.choice("kind", MarkKind, MarkKind.GREEN_FOOD),
            "number": filled.text("number"),
            "valid_from": (start := filled.day("valid_from", today)),
            "valid_until": filled.day("valid_until", start),
            "product_id": read_id(filled.text("product_id")) if filled.text("product_id") else None,
        }
        change_mark(session, office, desk.login.actor, row.id, changes, version=filled.text("version"))
        return f"{MARKS_PAGE}?done=changed"

    saved = await save(desk, filled, command)
    return saved if saved is not None else await session.run_sync(ask_mark, desk, filled, row)


def _own(session: Session, desk: Desk, kind: type[Thing], thing_id: str) -> Thing:
    known = read_id(thing_id)
    row = session.get(kind, known) if known else None
    if row is None:
        raise ThingNotFound
    if row.organisation_id != desk.login.organisation.id:
        raise NotYours
    return row


def _asked(filled: Filled, name: str) -> bool:
    """Whether the form that was sent still asked for what may have become fixed since; then its error stands there."""
    return name in filled.values


def _fixed(session: Session, row: Base | Plot | Product) -> bool:
    """Whether something rests on it, so that what it is cannot change."""
    match row:
        case Product():
            cited = cites_product(session, row.id)
        case Plot():
            cited = cites_plot(session, row.id)
        case Base():
            cited = cites_base(session, row.id)
    return cited or is_used(session, row)


def _use(session: Session, desk: Desk, kind: type[Thing], thing_id: str, use: str) -> str:
    """Take it out of use, or back into it; return the word for what was done."""
    verb, word = (restore, "restored") if use == "restored" else (retire, "retired")
    verb(session, desk.visitor.platform.office, desk.login.actor, kind, thing_id)
    return word


def _fresh(
    desk: Desk, labels: Mapping[str, str], row: Base | Plot | Product | OtherMark, offered: Mapping[str, str]
) -> Filled:
    return Filled(desk.language, labels, offered={**offered, "version": version_of(row)})


def _texts(row: Base | Plot | Product | OtherMark, *names: str) -> dict[str, str]:
    """Return columns as a form holds them."""
    found = {name: getattr(row, name) for name in names}
    return {
        name: "" if value is None else plain_text(value) if isinstance(value, Decimal) else str(value)
        for name, value in found.items()
    }


def _said(filled: Filled, labels: Mapping[str, str]) -> dict[str, str]:
    """Return what the form asked for; what cannot change was not asked."""
    return {name: filled.text(name) for name in labels if name in filled.values}
