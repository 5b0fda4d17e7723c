"""Events over the API: those recorded, and those an organisation signs with a key of its own."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Request
from msgspec.json import encode
from sqlmodel import Session, col, select
from starlette.responses import Response

from shangeng_trace.acting import Actor
from shangeng_trace.batch_tables import EventBatch, EventRecord, LedgerKey
from shangeng_trace.canonical import load
from shangeng_trace.device_sequence import Place, places
from shangeng_trace.errors import NotFoundError, ShangengError, UnavailableError
from shangeng_trace.log_tables import LedgerStatement
from shangeng_trace.registry_tables import OrganisationKind
from shangeng_trace.witnessing import Heads, read_heads
from shangeng_web.api.answers import READING, WRITING
from shangeng_web.api.batches import BatchPath, readable_batch
from shangeng_web.api.event_wire import EVENT_EXAMPLE, DeviceOut, EventOut, EventsIn, EventsOut
from shangeng_web.api.paging import Page, Slice, SliceDep, page
from shangeng_web.api.pictures import LOGGERS
from shangeng_web.api.signed import Desk, Outcome
from shangeng_web.api.wire import EVENT, EVENT_ID_PATTERN, ProblemOut, ReceiptOut
from shangeng_web.deps import ApiActor, ReadDep, api_actor, bearer
from shangeng_web.errors import problem
from shangeng_web.mailbox import Mailbox
from shangeng_web.platform import Platform
from shangeng_web.templating import reading

router = APIRouter(tags=["events"])

_RECORDED = (
    select(EventRecord, LedgerStatement.body, LedgerKey)
    .join(LedgerStatement, col(LedgerStatement.index) == col(EventRecord.index))
    .join(LedgerKey, col(LedgerKey.id) == col(EventRecord.key_id))
)

EventPath = Annotated[str, Path(pattern=EVENT_ID_PATTERN, description="The event's `eventID`.", examples=[EVENT])]

_STATEMENT: dict[str, Any] = {
    "type": "object",
    "title": "Statement",
    "description": "An EPCIS 2.0 event with the brand's members and one `eddsa-jcs-2022` or `ecdsa-jcs-2019` proof.",
    "required": ["@context", "type", "eventID", "eventTime", "eventTimeZoneOffset", "bizStep", "proof"],
    "examples": [EVENT_EXAMPLE],
    "properties": {
        "type": {"enum": ["ObjectEvent", "TransformationEvent"]},
        "eventID": {"type": "string", "pattern": EVENT_ID_PATTERN},
        "proof": {"type": "object"},
    },
}


def takes(schema: dict[str, Any]) -> dict[str, Any]:
    """Describe a body that is read here and not by the framework: strictly, and once."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


_NEEDS_TOKEN: dict[str, Any] = {"security": [{bearer.scheme_name: []}]}
"""What the framework says by itself of an operation that asks it for the token."""


@router.post(
    "/events",
    status_code=201,
    response_model=ReceiptOut,
    summary="提交已签名的事件 · Post a signed event",
    responses=WRITING,
    openapi_extra=takes(_STATEMENT) | _NEEDS_TOKEN,
)
async def post_event(request: Request) -> Response:
    """Record an event that you signed yourself; the same event again gives the receipt it already has."""
    desk = await _desk(request)
    receipt = await desk.record_one(await desk.open_one(await request.body()))
    return Response(encode(receipt), 201, media_type="application/json")


@router.post(
    "/events/bulk",
    summary="批量提交 · Post many signed events",
    response_model=EventsOut,
    responses=WRITING,
    openapi_extra=takes(EventsIn.model_json_schema()) | _NEEDS_TOKEN,
)
async def post_events(request: Request) -> Response:
    """Record up to 1,000 events, in order; each is accepted or refused by itself, and the answer says which."""
    desk = await _desk(request)
    outcomes = await desk.record(await desk.open_many(await request.body()))
    if outcomes and all(isinstance(outcome, UnavailableError) for outcome in outcomes):
        raise cast("UnavailableError", outcomes[0])  # nothing was even looked at: the whole request may come again
    answers = [_answer(request, outcome) for outcome in outcomes]
    accepted = sum(answer["receipt"] is not None for answer in answers)
    return Response(encode({"accepted": accepted, "answers": answers}), media_type="application/json")


async def _desk(request: Request) -> Desk:
    """Return where this program's events are opened; asked here, since the framework's way costs as much as the event."""
    platform: Platform = request.state.platform
    actor = await api_actor(platform, await bearer(request))
    actor.must_have(*LOGGERS)
    mailbox: Mailbox = getattr(request.state, "mailbox", None) or Mailbox(platform.writer)
    return Desk(platform, actor, getattr(request.state, "openers", None), mailbox)


def _answer(request: Request, outcome: Outcome) -> dict[str, Any]:
    """Return an `EventAnswer`, ready to be written; a receipt is written as `ReceiptOut` says, member for member."""
    if isinstance(outcome, ShangengError):
        said = problem(request, outcome, reading(request)["language"])
        return {"receipt": None, "problem": ProblemOut.model_validate(said).model_dump()}
    return {"receipt": outcome, "problem": None}


@router.get("/batches/{batch_id}/events", summary="批次的事件 · A batch's events", responses=READING)
async def list_events(batch_id: BatchPath, actor: ApiActor, session: ReadDep, part: SliceDep) -> Page[EventOut]:
    """The signed events of a batch in log order; your own batch, or any for a supervisor."""
    return await session.run_sync(_events, actor, batch_id, part)


def _events(session: Session, actor: Actor, batch_id: str, part: Slice) -> Page[EventOut]:
    readable_batch(session, actor, batch_id)
    rows = session.exec(
        _RECORDED.where(
            col(EventRecord.index).in_(select(EventBatch.index).where(EventBatch.batch_id == batch_id)),
            col(EventRecord.index) > part.index,
        )
        .order_by(col(EventRecord.index))
        .limit(part.limit + 1)
    ).all()
    known, heads = places(session, [row.index for row, _, _ in rows]), read_heads(session)
    return page(rows, part, lambda row: row[0].index, lambda row: _event_out(*row, known.get(row[0].index), heads))


@router.get("/events/{event_id}", summary="一个事件 · One event", responses=READING)
async def get_event(event_id: EventPath, actor: ApiActor, session: ReadDep) -> EventOut:
    """An event of yours by its identifier: what a program asks that does not know whether its call arrived."""
    return await session.run_sync(_event, actor, event_id)


def _event(session: Session, actor: Actor, event_id: str) -> EventOut:
    found = session.exec(_RECORDED.where(EventRecord.event_id == event_id)).one_or_none()
    if found is None:
        raise NotFoundError
    row, body, key = found
    if actor.kind is not OrganisationKind.SUPERVISOR:
        actor.must_own(row.author)
    return _event_out(row, body, key, places(session, [row.index]).get(row.index), read_heads(session))


def _event_out(
    row: EventRecord, body: bytes | None, key: LedgerKey, place: tuple[int, Place] | None, heads: Heads
) -> EventOut:
    return EventOut(
        digest=row.digest,
        index=row.index,
        logged_at=row.logged_at,
        standing=heads.standing(row.index),
        counts=key.counts(row.index, row.logged_at),
        device=None if place is None else DeviceOut(counter=place[0], place=place[1]),
        statement=None if body is None else load(body),
    )
