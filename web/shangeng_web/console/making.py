"""Several batches become one or several new ones: processing together, buying in together, merging."""

from fastapi import APIRouter, Request
from sqlmodel import Session, col, select
from starlette.responses import Response

from shangeng_trace.batch_tables import Batch
from shangeng_trace.catalogue import StepUnknown
from shangeng_trace.errors import ConflictError, RejectedError
from shangeng_trace.ids import new_event_id
from shangeng_trace.refusals import YieldTooHigh
from shangeng_trace.registry_tables import OrganisationKind, Product
from shangeng_trace.steps import Effect
from shangeng_web.console.answers import event_id, texts
from shangeng_web.console.asking import Sheet
from shangeng_web.console.choices import farmers_of
from shangeng_web.console.desk import Desk, DeskDep
from shangeng_web.console.form_page import show_form
from shangeng_web.console.make_form import MakeForm
from shangeng_web.console.photos import take_photos
from shangeng_web.console.saving import recorded, save
from shangeng_web.console.seeing import fitting
from shangeng_web.console.states import restricted
from shangeng_web.deps import FormDep, PlatformDep, ReadDep
from shangeng_web.i18n import translator

router = APIRouter(prefix="/console", include_in_schema=False)


@router.get("/make/{key}")
async def make_page(key: str, request: Request, desk: DeskDep, session: ReadDep) -> Response:
    """Ask what goes in and what comes out."""
    form = await session.run_sync(_prepare, desk, key, {})
    await session.run_sync(form.begin, desk.login.actor, request.query_params.get("batch", ""))
    return _show(desk, form, new_event_id())


@router.post("/make/{key}")
async def make(key: str, desk: DeskDep, platform: PlatformDep, session: ReadDep, posted: FormDep) -> Response:
    """Make new batches, or show the form again with what is wrong."""
    told = event_id(posted)
    if known := await session.run_sync(recorded, desk.login.actor, told):
        return known.redirect()
    form = await session.run_sync(_prepare, desk, key, texts(posted))
    form.pictures, problems = await take_photos(platform.settings, posted, desk.login.csrf)
    form.sheet.problems += problems
    if form.sheet.more:
        return _show(desk, form, told)
    filled, actor = form.read(told), desk.login.actor
    if not form.sheet.problems:
        try:
            saved = await save(
                platform,
                actor,
                told,
                lambda session: form.command(session, platform.office, actor, filled),
            )
        except (RejectedError, ConflictError) as problem:
            if isinstance(problem, YieldTooHigh):
                problem.field = "parts"  # what was made stands there on this form
            form.sheet.refuse(problem)
        else:
            return saved.redirect()
    return _show(desk, form, told, status=422)


def _prepare(session: Session, desk: Desk, key: str, given: dict[str, str]) -> MakeForm:
    actor, office = desk.login.actor, desk.visitor.platform.office
    actor.must_be(OrganisationKind.MEMBER)
    step = office.catalogue.step(key)
    if step.effect not in (Effect.MERGE, Effect.TRANSFORM):
        raise StepUnknown(field="step")
    held = restricted(session)
    batches = [row for row in fitting(session, office, actor, step) if row.bulk and row.id not in held]
    # What somebody stated is never dropped in silence, though the batch was used up or held meanwhile: the verb says so.
    stated = {name.removeprefix("from_") for name, value in given.items() if name.startswith("from_") and value.strip()}
    gone = select(Batch).where(
        col(Batch.id).in_(stated - {row.id for row in batches}), Batch.owner == actor.organisation_id
    )
    batches += session.exec(gone).all()
    products = session.exec(
        select(Product)
        .where(Product.organisation_id == actor.organisation_id, col(Product.retired_at).is_(None))
        .order_by(col(Product.name))
    ).all()
    return MakeForm(
        step if not batches else office.catalogue.step(key, batches[0].category),
        Sheet(desk.language, office.clock(), given, more=given.get("more", "")),
        [(row, session.get_one(Product, row.product_id)) for row in batches],
        products,
        farmers_of(session, actor),
    )


def _show(desk: Desk, form: MakeForm, told: str, *, status: int = 200) -> Response:
    _ = translator(desk.language)
    return show_form(
        desk,
        form.sheet,
        form.questions() if form.sources else [],
        title=form.step.name(desk.language),
        lead=_("几批一起，做成新的批次"),
        notice="" if form.sources else _("现在没有能用在这个环节的批次。"),
        action=f"/console/make/{form.step.key}",
        event_id=told,
        pictures=form.pictures,
        status=status,
    )
