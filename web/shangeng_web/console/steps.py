"""Logging a step: from its tile to a batch, from the batch to a form, from the form into the ledger."""

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from shangeng_trace.db import ReadSession
from shangeng_trace.errors import ConflictError, RejectedError
from shangeng_trace.ids import new_event_id
from shangeng_trace.lineage import descendants
from shangeng_trace.steps import Effect, FieldType, Group, Step
from shangeng_web.console.answers import event_id, texts
from shangeng_web.console.asking import Sheet
from shangeng_web.console.choices import events_of, farmers_of, members_but, was_worked_in_place
from shangeng_web.console.desk import PRIVATE, Desk, DeskDep
from shangeng_web.console.form_page import show_form
from shangeng_web.console.photos import take_photos
from shangeng_web.console.saving import recorded, save
from shangeng_web.console.seeing import Seen, fitting, is_from_several, must_log, see_batch
from shangeng_web.console.states import read_lines
from shangeng_web.console.step_form import Filled, StepForm
from shangeng_web.console.tiles import last_used, tiles_for
from shangeng_web.deps import FormDep, PlatformDep, ReadDep
from shangeng_web.i18n import translator

router = APIRouter(prefix="/console", include_in_schema=False)

START = "/console/"
BATCHES = "/console/batches"
_OTHERS = 2
"""How many steps used lately a form offers instead of its own."""


@router.get("/steps")
async def all_steps(desk: DeskDep, platform: PlatformDep, session: ReadDep) -> Response:
    """Show every step that fits something this organisation has."""
    tiles = await session.run_sync(tiles_for, platform.office, desk.login.actor, desk.language)
    return desk.page("console/steps.html", open=START, tiles=tiles)


@router.get("/steps/{key}")
async def choose_batch(key: str, desk: DeskDep, platform: PlatformDep, session: ReadDep) -> Response:
    """Choose the batch for a step; where only one fits, go on to its form."""
    step = platform.office.catalogue.step(key)
    if is_from_several(step):
        return RedirectResponse(f"/console/make/{key}", 303, headers=PRIVATE)
    actor = desk.login.actor
    found = await session.run_sync(fitting, platform.office, actor, step)
    if len(found) == 1 and not step.start:
        return RedirectResponse(f"{BATCHES}/{found[0].id}/steps/{key}", 303, headers=PRIVATE)
    if not found and step.start:
        return RedirectResponse(f"{BATCHES}/new?step={key}", 303, headers=PRIVATE)
    lines = await session.run_sync(
        read_lines, platform.office.catalogue, found, language=desk.language, at=platform.office.clock()
    )
    return desk.page(
        "console/choose_batch.html", open=START, step=step, step_name=step.name(desk.language), lines=lines
    )


@router.get("/batches/{batch_id}/steps")
async def batch_steps(batch_id: str, desk: DeskDep, platform: PlatformDep, session: ReadDep) -> Response:
    """Show the steps that fit a batch now."""
    seen = await session.run_sync(see_batch, platform.office, desk.login.actor, batch_id)
    return desk.page("console/batch_steps.html", open=BATCHES, seen=seen, groups=_grouped(seen, desk))


def _grouped(seen: Seen, desk: Desk) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Return tiles in two groups: what happens to the goods, and what is decided about the batch."""
    made: dict[bool, list[tuple[str, str, str]]] = {False: [], True: []}
    for step in seen.steps:
        address = f"/console/make/{step.key}?batch={seen.batch.id}" if is_from_several(step) else step_path(seen, step)
        made[step.group is Group.MANAGE].append((address, step.tile, step.name(desk.language)))
    return [("work", made[False]), ("manage", made[True])]


def step_path(seen: Seen, step: Step) -> str:
    """Return the address of a step's form on a batch."""
    return f"{BATCHES}/{seen.batch.id}/steps/{step.key}"


@router.get("/batches/{batch_id}/steps/{key}")
async def step_page(batch_id: str, key: str, request: Request, desk: DeskDep, session: ReadDep) -> Response:
    """Ask for a step, with what was said last time and today's date in it."""
    form = await session.run_sync(_prepare, desk, batch_id, key, dict(request.query_params))
    await session.run_sync(form.begin, desk.login.actor)
    return _show(desk, form, new_event_id())


@router.post("/batches/{batch_id}/steps/{key}")
async def log_step(batch_id: str, key: str, desk: DeskDep, session: ReadDep, posted: FormDep) -> Response:
    """Record a step, or show the form again with what is wrong."""
    told = event_id(posted)
    if known := await session.run_sync(recorded, desk.login.actor, told):
        return known.redirect(batch_id)
    form = await session.run_sync(_prepare, desk, batch_id, key, texts(posted))
    await _read_photos(form, desk, posted)
    if form.sheet.more:
        return _show(desk, form, told)
    filled = form.read(told)
    if form.sheet.problems:
        return _show(desk, form, told, status=422)
    if form.step.effect is Effect.RECALL and posted.get("confirmed") != "yes":
        return await _ask_again(desk, session, form, told)
    return await _write(desk, form, filled)


async def _read_photos(form: StepForm, desk: Desk, posted: FormData) -> None:
    form.pictures, problems = await take_photos(desk.visitor.platform.settings, posted, desk.login.csrf)
    for problem in problems:
        form.sheet.refuse(problem)


async def _write(desk: Desk, form: StepForm, filled: Filled) -> Response:
    platform, actor, told = desk.visitor.platform, desk.login.actor, filled.telling.event_id or ""
    try:
        saved = await save(
            platform,
            actor,
            told,
            lambda session: form.command(session, platform.office, actor, filled),
        )
    except (RejectedError, ConflictError) as problem:
        form.sheet.refuse(problem)
        return _show(desk, form, told, status=422)
    return saved.redirect(form.seen.batch.id)


async def _ask_again(desk: Desk, session: ReadSession, form: StepForm, told: str) -> Response:
    """Say whom a recall reaches, before it does."""
    reached = await session.run_sync(descendants, form.seen.batch.id)
    entered = {name: value for name, value in form.sheet.given.items() if name not in {"csrf", "event_id", "kept"}}
    return desk.page(
        "console/recall.html",
        open=BATCHES,
        form=form,
        seen=form.seen,
        reached=len(reached),
        entered=entered,
        event_id=told,
    )


def _prepare(session: Session, desk: Desk, batch_id: str, key: str, given: dict[str, str]) -> StepForm:
    actor, office = desk.login.actor, desk.visitor.platform.office
    seen = see_batch(session, office, actor, batch_id)
    step = office.catalogue.step(key, seen.batch.category)
    must_log(actor, seen.batch, step)
    sheet = Sheet(desk.language, office.clock(), given, more=given.get("more", ""))
    used = last_used(session, actor.organisation_id)
    others = [each for each in seen.steps if each.key != key and each.group is not Group.MANAGE and each.key in used]
    form = StepForm(seen, step, sheet, farmers=farmers_of(session, actor))
    form.others = sorted(others, key=lambda each: -used[each.key])[:_OTHERS]
    if step.effect is Effect.SHIP:
        form.members = members_but(session, actor.organisation_id)
    if step.effect is Effect.CORRECT:
        form.worked = was_worked_in_place(session, seen.batch.id)
    if any(known.type is FieldType.REFERENCE for known in step.fields):
        form.references = events_of(session, office, seen, sheet)
    return form


def _show(desk: Desk, form: StepForm, told: str, *, status: int = 200) -> Response:
    _ = translator(desk.language)
    steps = [form.step, *form.others]
    name = form.step.name(desk.language)
    return show_form(
        desk,
        form.sheet,
        form.questions(),
        title=name,
        action=step_path(form.seen, form.step),
        event_id=told,
        pictures=form.pictures,
        status=status,
        seen=form.seen,
        tiles=[(step_path(form.seen, step), step.tile, step.name(desk.language)) for step in steps],
        all_steps=f"{BATCHES}/{form.seen.batch.id}/steps",
        kind="danger" if form.step.effect in (Effect.RECALL, Effect.HOLD) else "main",
        words=_("下一步：看召回范围") if form.step.effect is Effect.RECALL else "",
    )
