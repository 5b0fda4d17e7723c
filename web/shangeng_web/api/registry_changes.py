"""Changing and retiring what is registered, over the API."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Path
from sqlmodel import Session

from shangeng_certs.citing import cites_base, cites_plot, cites_product
from shangeng_trace.registry_changes import change_base, change_mark, change_plot, change_product, restore, retire
from shangeng_trace.registry_tables import Base, OtherMark, Plot, Product
from shangeng_web.api.answers import WRITING
from shangeng_web.api.once import Once, OnceDep
from shangeng_web.api.registry_wire import (
    BaseChange,
    BaseOut,
    Change,
    MarkChange,
    MarkOut,
    PlotChange,
    PlotOut,
    ProductChange,
    ProductOut,
)
from shangeng_web.api.wire import MARK, BaseId, Id, PlotId, ProductId

router = APIRouter(tags=["registry"])

Thing = TypeVar("Thing", Base, Plot, Product, OtherMark)


@router.patch("/products/{product_id}", summary="修改产品 · Change a product", responses=WRITING)
async def patch_product(
    product_id: Annotated[ProductId, Path(description="The product's id.")], body: ProductChange, once: OnceDep
) -> ProductOut:
    """Change or retire a product; its category, unit, pack and GTIN only while nothing rests on it."""
    demo = once.platform.settings.demo

    def command(session: Session) -> ProductOut:
        row = change_product(
            session,
            once.platform.office,
            once.actor,
            product_id,
            body.changes(),
            cited=cites_product(session, product_id),
            version=body.version,
            allow_example_gtin=demo,
        )
        return ProductOut.of(_used(session, once, body, row))

    return await once.run(command, ProductOut, body)


@router.patch("/bases/{base_id}", summary="修改基地 · Change a base", responses=WRITING)
async def patch_base(
    base_id: Annotated[BaseId, Path(description="The base's id.")], body: BaseChange, once: OnceDep
) -> BaseOut:
    """Change or retire a base; its county only while nothing rests on its plots."""

    def command(session: Session) -> BaseOut:
        office, cited = once.platform.office, cites_base(session, base_id)
        row = change_base(session, office, once.actor, base_id, body.changes(), cited=cited, version=body.version)
        return BaseOut.of(_used(session, once, body, row))

    return await once.run(command, BaseOut, body)


@router.patch("/plots/{plot_id}", summary="修改地块 · Change a plot", responses=WRITING)
async def patch_plot(
    plot_id: Annotated[PlotId, Path(description="The plot's id.")], body: PlotChange, once: OnceDep
) -> PlotOut:
    """Change or retire a plot; its area, altitude and coordinates only while nothing rests on it."""

    def command(session: Session) -> PlotOut:
        office, cited = once.platform.office, cites_plot(session, plot_id)
        row = change_plot(session, office, once.actor, plot_id, body.changes(), cited=cited, version=body.version)
        return PlotOut.of(_used(session, once, body, row))

    return await once.run(command, PlotOut, body)


@router.patch("/marks/{mark_id}", summary="修改标志 · Change another mark", responses=WRITING)
async def patch_mark(
    mark_id: Annotated[Id, Path(description="The mark's id.", examples=[MARK])], body: MarkChange, once: OnceDep
) -> MarkOut:
    """Change or retire another mark that you hold."""

    def command(session: Session) -> MarkOut:
        office = once.platform.office
        row = change_mark(session, office, once.actor, mark_id, body.changes(), version=body.version)
        return MarkOut.of(_used(session, once, body, row))

    return await once.run(command, MarkOut, body)


def _used(session: Session, once: Once, body: Change, row: Thing) -> Thing:
    """Take it out of use or bring it back, where the change says so."""
    if body.retired is None:
        return row
    verb = retire if body.retired else restore
    return verb(session, once.platform.office, once.actor, type(row), row.id)
