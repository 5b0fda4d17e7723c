"""The start page: log a step first, then what is to be done, then one's batches; for offices, what is theirs."""

from fastapi import APIRouter
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from shangeng_trace.acting import Actor, NotYours
from shangeng_trace.batch_tables import Batch, BatchTest, EventBatch, EventRecord
from shangeng_trace.batches import record_step
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.entry import Receipt
from shangeng_trace.recording import Telling
from shangeng_trace.refusals import BatchNotFound
from shangeng_trace.registry_tables import OrganisationKind, Role
from shangeng_web.console.answers import event_id, texts
from shangeng_web.console.batch_list import Wanted, find_batches
from shangeng_web.console.confirmations import questions_for
from shangeng_web.console.desk import PRIVATE, Desk, DeskDep
from shangeng_web.console.saving import save
from shangeng_web.console.states import Line, read_lines, restricted
from shangeng_web.console.tiles import tiles_for
from shangeng_web.console.today import ending_soon, tasks_for
from shangeng_web.deps import FormDep, PlatformDep, ReadDep
from shangeng_web.platform import Platform

router = APIRouter(prefix="/console", include_in_schema=False)

START = "/console/"
_TILES = 8
_BATCHES = 6


@router.get("/")
async def start(desk: DeskDep, platform: PlatformDep, session: ReadDep) -> Response:
    """Show today."""
    today = platform.office.clock().astimezone(SHANGHAI).date()
    if desk.login.organisation.kind is not OrganisationKind.MEMBER:
        lines = await session.run_sync(_office_lines, platform, desk)
        ending = await session.run_sync(ending_soon, desk.login.actor, today)
        return desk.page(
            "console/office.html",
            open=START,
            today=today,
            kind=desk.login.organisation.kind,
            may_issue=Role.DECIDER in desk.login.roles,
            lines=lines,
            ending=ending,
        )
    actor, office, language = desk.login.actor, platform.office, desk.language
    return desk.page(
        "console/start.html",
        open=START,
        today=today,
        tiles=(await session.run_sync(tiles_for, office, actor, language))[:_TILES],
        questions=await session.run_sync(questions_for, office, actor, language),
        tasks=await session.run_sync(tasks_for, office, actor, language),
        lines=await session.run_sync(_own_lines, platform, desk),
    )


@router.post("/confirm")
async def confirm(desk: DeskDep, platform: PlatformDep, session: ReadDep, posted: FormDep) -> Response:
    """Say whether a record that was entered for oneself is one's own."""
    given, told, actor = texts(posted), event_id(posted), desk.login.actor
    batch_id = await session.run_sync(_batch_of, actor, given.get("about", ""))
    values = {"event": given.get("about", ""), "answer": given.get("answer", "")}

    def verb(session: Session) -> Receipt:
        return record_step(
            session,
            platform.office,
            actor,
            batch_id=batch_id,
            step="confirm",
            values=values,
            telling=Telling(event_id=told),
        )

    await save(platform, actor, told, verb)
    return RedirectResponse(START, 303, headers=PRIVATE)


def _batch_of(session: Session, actor: Actor, about: str) -> str:
    """Return the batch of a record that was entered for this person; raises `BatchNotFound` or `NotYours`."""
    found = session.exec(
        select(EventRecord, EventBatch.batch_id)
        .join(EventBatch, col(EventBatch.index) == col(EventRecord.index))
        .join(Batch, col(Batch.id) == col(EventBatch.batch_id))
        .where(EventRecord.event_id == about, Batch.owner == actor.organisation_id)
        .order_by(col(EventBatch.part).desc())
    ).first()
    if found is None:
        raise BatchNotFound
    row, batch_id = found
    if row.claimed_by != actor.person_id:
        raise NotYours
    return batch_id


def _own_lines(session: Session, platform: Platform, desk: Desk) -> list[Line]:
    rows = session.exec(
        select(Batch)
        .where(Batch.owner == desk.login.organisation.id)
        .order_by(col(Batch.closed), col(Batch.changed_at).desc())
        .limit(_BATCHES)
    )
    return _lines(session, platform, desk, list(rows))


def _office_lines(session: Session, platform: Platform, desk: Desk) -> list[Line]:
    """Return what an office looks at first: a lab its latest tests, the others what is held or recalled."""
    kind = desk.login.organisation.kind
    if kind is OrganisationKind.LAB:
        tested = select(BatchTest.batch_id).where(BatchTest.author == desk.login.organisation.id)
        rows = session.exec(
            select(Batch).where(col(Batch.id).in_(tested)).order_by(col(Batch.changed_at).desc()).limit(_BATCHES)
        ).all()
    elif kind is OrganisationKind.BODY:
        rows = find_batches(session, desk.login.actor, Wanted()).batches[:_BATCHES]
    else:
        held = list(restricted(session))
        rows = session.exec(
            select(Batch).where(col(Batch.id).in_(held)).order_by(col(Batch.changed_at).desc()).limit(_BATCHES)
        ).all()
    return _lines(session, platform, desk, list(rows))


def _lines(session: Session, platform: Platform, desk: Desk, rows: list[Batch]) -> list[Line]:
    office = platform.office
    return read_lines(session, office.catalogue, rows, language=desk.language, at=office.clock())
