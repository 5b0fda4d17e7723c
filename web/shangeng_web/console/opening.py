"""Opening a batch: choose the product and the first step where there is a choice, then fill in one form."""

from fastapi import APIRouter, Request
from sqlmodel import Session, col, select
from starlette.responses import Response

from shangeng_trace.acting import Actor, Office
from shangeng_trace.errors import ConflictError, RejectedError
from shangeng_trace.ids import new_event_id
from shangeng_trace.registry import get_product
from shangeng_trace.registry_tables import OrganisationKind, Plot, Product
from shangeng_trace.steps import BatchState
from shangeng_web.console.answers import event_id, texts
from shangeng_web.console.asking import Sheet
from shangeng_web.console.choices import farmers_of
from shangeng_web.console.desk import Desk, DeskDep
from shangeng_web.console.form_page import show_form
from shangeng_web.console.open_form import OpenForm
from shangeng_web.console.photos import take_photos
from shangeng_web.console.registry_views import ProductLine, product_line
from shangeng_web.console.saving import recorded, save
from shangeng_web.console.states import called
from shangeng_web.deps import FormDep, PlatformDep, ReadDep
from shangeng_web.i18n import Language, translator

router = APIRouter(prefix="/console", include_in_schema=False)

BATCHES = "/console/batches"
NEW = f"{BATCHES}/new"


@router.get("/batches/new")
async def new_batch(request: Request, desk: DeskDep, platform: PlatformDep, session: ReadDep) -> Response:
    """Ask for product, then for the first step, then for the batch itself; what is clear is not asked."""
    given = dict(request.query_params)
    desk.login.actor.must_be(OrganisationKind.MEMBER)
    products = await session.run_sync(_products, desk.login.actor, platform.office, given.get("step", ""))
    chosen = [product for product in products if product.id == given.get("product")] or products
    if len(chosen) != 1:
        lines = await session.run_sync(_lines, platform.office, chosen, desk.language)
        return desk.page("console/choose_product.html", open=BATCHES, lines=lines, step=given.get("step", ""))
    steps = platform.office.catalogue.next_steps(chosen[0].category, set(), BatchState.ACTIVE)
    first = [step for step in steps if step.key == given.get("step")] or list(steps)
    if len(first) != 1:
        tiles = [(f"{NEW}?product={chosen[0].id}&step={s.key}", s.tile, s.name(desk.language)) for s in first]
        return desk.page("console/choose_start.html", open=BATCHES, product=chosen[0], tiles=tiles)
    form = await session.run_sync(_prepare, desk, chosen[0].id, first[0].key, {})
    await session.run_sync(form.begin, desk.login.actor)
    return _show(desk, form, new_event_id())


@router.post("/batches/new")
async def open_new(desk: DeskDep, platform: PlatformDep, session: ReadDep, posted: FormDep) -> Response:
    """Open a batch, or show the form again with what is wrong."""
    given, told, actor = texts(posted), event_id(posted), desk.login.actor
    product, step = given.get("product", ""), given.get("step", "")
    if known := await session.run_sync(recorded, actor, told):
        return known.redirect()
    form = await session.run_sync(_prepare, desk, product, step, given)
    form.pictures, problems = await take_photos(platform.settings, posted, desk.login.csrf)
    form.sheet.problems += problems
    form.check()
    if not form.sheet.problems:
        try:
            saved = await save(
                platform,
                actor,
                told,
                lambda session: form.command(session, platform.office, actor, told),
            )
        except (RejectedError, ConflictError) as problem:
            form.sheet.refuse(problem)
        else:
            return saved.redirect()
    return _show(desk, form, told, status=422)


def _lines(session: Session, office: Office, products: list[Product], language: Language) -> list[ProductLine]:
    at = office.clock()
    return [product_line(session, office.catalogue, row, language=language, at=at) for row in products]


def _products(session: Session, actor: Actor, office: Office, step: str) -> list[Product]:
    """Return the products of an organisation whose batches may begin with a step; any step where none is named."""
    rows = session.exec(
        select(Product)
        .where(Product.organisation_id == actor.organisation_id, col(Product.retired_at).is_(None))
        .order_by(col(Product.name))
    ).all()
    if not step:
        return list(rows)
    starts = {
        row.category: {each.key for each in office.catalogue.next_steps(row.category, set(), BatchState.ACTIVE)}
        for row in rows
    }
    return [row for row in rows if step in starts[row.category]]


def _prepare(session: Session, desk: Desk, product: str, step: str, given: dict[str, str]) -> OpenForm:
    actor, office = desk.login.actor, desk.visitor.platform.office
    row = get_product(session, product)
    actor.must_own(row.organisation_id)
    plots = session.exec(
        select(Plot)
        .where(Plot.organisation_id == actor.organisation_id, col(Plot.retired_at).is_(None))
        .order_by(col(Plot.name))
    )
    return OpenForm(
        row,
        office.catalogue.step(step, row.category),
        Sheet(desk.language, office.clock(), given),
        [(plot.id, _plot_words(plot, desk)) for plot in plots],
        farmers_of(session, actor),
    )


def _plot_words(plot: Plot, desk: Desk) -> str:
    _ = translator(desk.language)
    return _(
        "%(name)s（%(area)s 亩，%(altitude)s 米）",
        name=plot.name,
        area=f"{plot.area_mu.normalize():f}",
        altitude=plot.altitude_m,
    )


def _show(desk: Desk, form: OpenForm, told: str, *, status: int = 200) -> Response:
    _ = translator(desk.language)
    return show_form(
        desk,
        form.sheet,
        form.questions(),
        title=_("开新批次"),
        lead=_(
            "%(product)s，%(step)s", product=called(form.product, desk.language), step=form.step.name(desk.language)
        ),
        action=NEW,
        event_id=told,
        pictures=form.pictures,
        hidden={"product": form.product.id, "step": form.step.key},
        status=status,
    )
