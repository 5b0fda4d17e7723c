"""A member's own entries: its organisation and its products."""

from typing import Annotated

from fastapi import APIRouter
from sqlmodel import Session, select
from starlette.responses import Response

from shangeng_certs.standing import mark_standing
from shangeng_trace.acting import NotYours
from shangeng_trace.batch_tables import Batch
from shangeng_trace.ids import read_id
from shangeng_trace.registry import ThingNotFound, add_product, get_product
from shangeng_trace.registry_reading import PACK_UNITS, STOCK_UNITS
from shangeng_trace.registry_tables import OrganisationKind, OtherMark, Product, Role
from shangeng_web.console.desk import Desk
from shangeng_web.console.doors import done, door
from shangeng_web.console.filled import Filled, save
from shangeng_web.console.member_views import organisation_name, organisation_place
from shangeng_web.console.registry_views import (
    bases_of,
    gtin_words,
    marks_of,
    net_units,
    pack_words,
    people_count,
    product_line,
    products_of,
    unit_options,
)
from shangeng_web.console.states import read_lines
from shangeng_web.deps import FormDep, ReadDep
from shangeng_web.i18n import N_

router = APIRouter(prefix="/console", include_in_schema=False)

PRODUCTS = "/console/products"
ORGANISATION = "/console/me"

Own = Annotated[Desk, door(OrganisationKind.MEMBER)]
Books = Annotated[Desk, door(OrganisationKind.MEMBER, roles=(Role.MANAGER, Role.CLERK))]
"""Who may enter things for a member."""

PRODUCT = {
    "name": N_("产品名称"),
    "name_en": N_("英文名称"),
    "category": N_("类别"),
    "unit": N_("批次按什么计量"),
    "net_amount": N_("每件净含量"),
    "net_unit": N_("净含量单位"),
    "pack_unit": N_("包装"),
    "gtin": N_("商品条码"),
    "shelf_life": N_("保质期"),
}


@router.get("/organisation")
async def organisation(desk: Annotated[Desk, door()], session: ReadDep) -> Response:
    """Show who the person acts for."""
    row = desk.login.organisation
    people = await session.run_sync(people_count, row.id)
    products, bases, marks = [], [], []
    if row.kind is OrganisationKind.MEMBER:
        at, office = desk.visitor.platform.office.clock(), desk.visitor.platform.office
        products = await session.run_sync(products_of, office.catalogue, row.id, language=desk.language, at=at)
        bases = await session.run_sync(bases_of, row.id, language=desk.language)
        marks = await session.run_sync(marks_of, row.id, language=desk.language, at=at)
    return desk.page(
        "console/registry/organisation.html",
        open=ORGANISATION,
        flash=done(desk),
        row=row,
        called=organisation_name(row, desk.language),
        place=organisation_place(row, desk.language),
        people=people,
        products=len(products),
        plots=sum(len(base.plots) for base in bases),
        other=len(marks),
        manages=bool(desk.login.roles & {Role.MANAGER, Role.OPERATOR}),
    )


@router.get("/products")
async def products(desk: Own, session: ReadDep) -> Response:
    """List the member's products."""
    office = desk.visitor.platform.office
    lines = await session.run_sync(
        products_of, office.catalogue, desk.login.organisation.id, language=desk.language, at=office.clock()
    )
    return desk.page(
        "console/registry/products.html", open=PRODUCTS, flash=done(desk), lines=lines, may=may_enter(desk)
    )


@router.get("/products/new")
async def product_form(desk: Books) -> Response:
    """Ask for a new product."""
    return ask_product(desk, Filled(desk.language, PRODUCT, offered={"unit": "kg", "pack_unit": "box"}))


@router.post("/products/new")
async def register_product(desk: Books, form: FormDep) -> Response:
    """Register a product."""
    filled, platform = Filled(desk.language, PRODUCT, form), desk.visitor.platform

    def command(session: Session) -> str:
        names = ("name", "name_en", "category", "unit", "net_amount", "pack_unit", "gtin", "shelf_life")
        made = add_product(
            session,
            platform.office,
            desk.login.actor,
            net_unit=filled.text("net_amount_unit"),
            allow_example_gtin=platform.settings.demo,
            **{name: filled.text(name) for name in names},
        )
        return f"{PRODUCTS}/{made.id}?done=product"

    return await save(desk, filled, command) or ask_product(desk, filled)


@router.get("/products/{product_id}")
async def product(product_id: str, desk: Own, session: ReadDep) -> Response:
    """Show one product: what it is, whether it may carry the mark, and its latest batches."""
    return await session.run_sync(_show_product, desk, product_id)


def may_enter(desk: Desk) -> bool:
    """Whether the person may enter things for the member."""
    return bool(desk.login.roles & {Role.MANAGER, Role.CLERK})


def ask_product(desk: Desk, filled: Filled, row: Product | None = None, *, fixed: bool = False) -> Response:
    """Show the form of a new product, or of `row`; what is `fixed` is not asked any more."""
    catalogue = desk.visitor.platform.office.catalogue
    return desk.page(
        "console/registry/product_form.html",
        open=PRODUCTS,
        status=filled.status,
        form=filled,
        row=row,
        fixed=fixed,
        action=f"{PRODUCTS}/{row.id}/edit" if row else f"{PRODUCTS}/new",
        categories=[(each.id, each.name(desk.language)) for each in catalogue.categories],
        stock_units=unit_options(STOCK_UNITS, desk.language),
        pack_units=unit_options(PACK_UNITS, desk.language),
        net_units=unit_options(net_units(), desk.language),
    )


def _show_product(session: Session, desk: Desk, product_id: str) -> Response:
    known = read_id(product_id)
    if known is None:
        raise ThingNotFound
    row, office = get_product(session, known), desk.visitor.platform.office
    if row.organisation_id != desk.login.organisation.id:
        raise NotYours
    at, language = office.clock(), desk.language
    batches = session.exec(
        select(Batch).where(Batch.product_id == row.id, Batch.owner == row.organisation_id).order_by(Batch.id).limit(5)
    )
    return desk.page(
        "console/registry/product.html",
        open=PRODUCTS,
        flash=done(desk),
        line=product_line(session, office.catalogue, row, language=language, at=at),
        category=office.catalogue.category(row.category).name(language),
        pack=pack_words(row, language),
        gtin=gtin_words(row),
        unit=dict(unit_options(STOCK_UNITS, language))[row.unit],
        standing=mark_standing(session, holder_id=row.organisation_id, product_id=row.id, at=at),
        other=[line for line in marks_of(session, row.organisation_id, language=language, at=at) if _on(line.row, row)],
        batches=read_lines(session, office.catalogue, batches, language=language, at=at),
        may=may_enter(desk),
    )


def _on(mark: OtherMark, row: Product) -> bool:
    return mark.product_id in (None, row.id)
