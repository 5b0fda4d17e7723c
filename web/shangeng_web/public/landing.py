"""What this is, and the plain texts."""

from fastapi import APIRouter
from sqlmodel import Session, col, select
from starlette.responses import Response

from shangeng_certs.standing import batch_mark
from shangeng_certs.tables import CertificateProduct
from shangeng_trace.batch_tables import Batch
from shangeng_trace.lineage import standing
from shangeng_trace.registry_tables import Organisation, Product
from shangeng_web.deps import Visitor
from shangeng_web.public.pages import Page, ReaderDep
from shangeng_web.public.words import county_short, product_name

router = APIRouter(include_in_schema=False)

_SHOWN = 6
_LOOKED_AT = 40
"""Newest packed batches among which the shown ones are sought."""


@router.get("/")
async def landing(reader: ReaderDep) -> Response:
    """The brand line, the look-up box, and some goods whose mark holds now."""
    return await reader.page(
        lambda session: Page("pages/landing.html", {"goods": _goods(session, reader.visit, reader)})
    )


@router.get("/privacy")
async def privacy(reader: ReaderDep) -> Response:
    """What is public and what is not."""
    return await reader.page(lambda _session: Page("pages/privacy.html", {}))


@router.get("/accessibility")
async def accessibility(reader: ReaderDep) -> Response:
    """How the pages can be used, and what is still missing."""
    return await reader.page(lambda _session: Page("pages/accessibility.html", {}))


def _goods(session: Session, visit: Visitor, reader: ReaderDep) -> list[tuple[object, ...]]:
    """Return the newest good batch of each certified product, as rows of the landing page."""
    certified = select(CertificateProduct.product_id)
    batches = session.exec(
        select(Batch)
        .where(col(Batch.packed) > 0, col(Batch.product_id).in_(certified))
        .order_by(col(Batch.changed_at).desc(), col(Batch.id))
        .limit(_LOOKED_AT)
    )
    categories = {category.id: category for category in visit.platform.office.catalogue.categories}
    goods: dict[str, tuple[object, ...]] = {}
    for batch in batches:
        if len(goods) == _SHOWN:
            break
        if batch.product_id in goods or standing(session, batch.id).is_held:
            continue
        if not batch_mark(session, batch_id=batch.id, at=reader.at).shown:
            continue
        product = session.get_one(Product, batch.product_id)
        maker = session.get_one(Organisation, product.organisation_id)
        category = categories.get(product.category)
        goods[product.id] = (
            f"/b/{batch.id}",
            category.tile if category else "山",
            product_name(product, visit.language),
            county_short(maker.county, visit.language),
            category.name(visit.language) if category else "",
        )
    return list(goods.values())
