"""Labels over the API: how many a batch may have, runs of them, their codes for the owner alone, sheets to print."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlmodel import Session, col, select
from starlette.responses import Response

from shangeng_labels import runs as verbs
from shangeng_labels.codes import unit_address
from shangeng_labels.lookup import codes_of, get_run, quota
from shangeng_labels.print_job import font_digest
from shangeng_labels.printing import faces, load_job
from shangeng_labels.run_refusals import FontReplaced
from shangeng_labels.sheets import LARGEST_OFFSET, LabelFace, sheet_pdf
from shangeng_labels.tables import LabelRun
from shangeng_labels.templates import Template, load_templates
from shangeng_trace.acting import Actor
from shangeng_trace.registry_tables import OrganisationKind, Role
from shangeng_web.api.answers import READING, WRITING, problems
from shangeng_web.api.batches import BatchPath, readable_batch
from shangeng_web.api.label_wire import CodeOut, QuotaOut, RunIn, RunOut, TemplateOut, VoidIn
from shangeng_web.api.once import OnceDep
from shangeng_web.api.paging import Page, Slice, SliceDep, page
from shangeng_web.api.wire import ID_PATTERN, RUN
from shangeng_web.deps import ApiActor, PlatformDep, ReadDep

router = APIRouter(tags=["labels"])

RunPath = Annotated[str, Path(pattern=ID_PATTERN, description="A run's id.", examples=[RUN])]
Offset = Annotated[
    float, Query(ge=-LARGEST_OFFSET, le=LARGEST_OFFSET, description="Millimetres by which the printer is out.")
]


@router.get("/label-templates", summary="标签纸 · Label sheets", responses=READING)
async def list_templates(actor: ApiActor) -> list[TemplateOut]:  # noqa: ARG001 - a token is needed all the same
    """The sheets that labels can be printed on."""
    return [
        TemplateOut(key=each.key, zh=each.zh, en=each.en, per_page=each.cells) for each in load_templates().values()
    ]


@router.get("/batches/{batch_id}/labels", summary="可领标签数 · Labels left for a batch", responses=READING)
async def get_quota(batch_id: BatchPath, actor: ApiActor, session: ReadDep) -> QuotaOut:
    """How many labels a batch may still get; your own batch, or any for a supervisor."""

    def query(reading: Session) -> QuotaOut:
        readable_batch(reading, actor, batch_id)
        return QuotaOut.of(quota(reading, batch_id))

    return await session.run_sync(query)


@router.get("/batches/{batch_id}/runs", summary="批次的标签 · A batch's runs of labels", responses=READING)
async def list_runs(batch_id: BatchPath, actor: ApiActor, session: ReadDep, part: SliceDep) -> Page[RunOut]:
    """The runs issued for a batch, oldest first; your own batch, or any for a supervisor."""
    rows = await session.run_sync(_runs, actor, batch_id, part)
    return page(rows, part, lambda row: row.index, RunOut.of)


def _runs(session: Session, actor: Actor, batch_id: str, part: Slice) -> Sequence[LabelRun]:
    readable_batch(session, actor, batch_id)
    query = select(LabelRun).where(LabelRun.batch_id == batch_id, col(LabelRun.index) > part.index)
    return session.exec(query.order_by(col(LabelRun.index)).limit(part.limit + 1)).all()


@router.post("/batches/{batch_id}/runs", status_code=201, summary="领标签 · Issue labels", responses=WRITING)
async def issue_run(batch_id: BatchPath, body: RunIn, once: OnceDep) -> RunOut:
    """Issue labels for a packed batch while the gate is open and the quota lasts, active at once by default."""

    def command(session: Session) -> RunOut:
        row = verbs.issue_run(session, once.platform.office, once.actor, batch_id=batch_id, **body.model_dump())
        return RunOut.of(row)

    return await once.run(command, RunOut, body)


@router.get("/runs/{run_id}", summary="一批标签 · One run of labels", responses=READING)
async def get_label_run(run_id: RunPath, actor: ApiActor, session: ReadDep) -> RunOut:
    """A run as it stands; your own, or any for a supervisor."""
    run = await session.run_sync(get_run, run_id)
    if actor.kind is not OrganisationKind.SUPERVISOR:
        actor.must_own(run.owner)
    return RunOut.of(run)


@router.get("/runs/{run_id}/codes", summary="标签码 · Codes of a run", responses=READING)
async def list_codes(
    run_id: RunPath,
    actor: ApiActor,
    platform: PlatformDep,
    session: ReadDep,
    part: SliceDep,
) -> Page[CodeOut]:
    """The codes of a run that are not void, in the order they are printed; for the owner's managers and clerks."""

    def query(reading: Session) -> list[tuple[int, str]]:
        _own_run(reading, actor, run_id)
        return [item for item in codes_of(reading, run_id).items() if item[0] > part.index][: part.limit + 1]

    rows = await session.run_sync(query)
    origin = platform.settings.origin
    return page(
        rows,
        part,
        lambda row: row[0],
        lambda row: CodeOut(number=row[0], code=row[1], url=unit_address(origin, row[1], upper=False)),
    )


@router.post("/runs/{run_id}/activate", summary="启用标签 · Activate labels", responses=WRITING)
async def activate_run(run_id: RunPath, once: OnceDep) -> RunOut:
    """Say that a run's labels are on the goods, all but those that are void."""

    def command(session: Session) -> RunOut:
        return RunOut.of(verbs.activate_run(session, once.platform.office, once.actor, run_id=run_id))

    return await once.run(command, RunOut)


@router.post("/runs/{run_id}/void", summary="作废标签 · Void labels", responses=WRITING)
async def void_codes(run_id: RunPath, body: VoidIn, once: OnceDep) -> RunOut:
    """Make labels of a run void for good, by their numbers or codes; each makes room for another."""

    def command(session: Session) -> RunOut:
        row = verbs.void_codes(session, once.platform.office, once.actor, run_id=run_id, **body.model_dump())
        return RunOut.of(row)

    return await once.run(command, RunOut, body)


@router.get(
    "/runs/{run_id}/sheet.pdf",
    summary="打印标签 · Print a run",
    responses={
        200: {
            "description": "The labels as PDF · 标签页",
            "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
        },
        **problems(404, 409),
    },
    response_class=Response,
)
async def print_run(
    *,
    run_id: RunPath,
    actor: ApiActor,
    platform: PlatformDep,
    session: ReadDep,
    start_cell: Annotated[int, Query(ge=1, le=1000, description="First free place on the first sheet.")] = 1,
    right: Offset = 0,
    down: Offset = 0,
) -> Response:
    """The labels of a run that are not void as PDF, the same bytes every time; for the owner's managers and clerks."""
    settings = platform.settings

    def query(reading: Session) -> tuple[Template, list[LabelFace]]:
        run, job = _own_run(reading, actor, run_id), load_job(reading, run_id)
        if job.font != font_digest(None):
            raise FontReplaced
        return job.template, faces(reading, run, site=settings.origin, demo=settings.demo)

    template, labels = await session.run_sync(query)
    await session.commit()  # printing takes seconds and reads nothing more
    pdf = await asyncio.to_thread(sheet_pdf, template, labels, start_cell=start_cell, offset_mm=(right, down))
    headers = {"Content-Disposition": f'attachment; filename="labels-{run_id}.pdf"', "Cache-Control": "no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)


def _own_run(session: Session, actor: Actor, run_id: str) -> LabelRun:
    run = get_run(session, run_id)
    actor.must_own(run.owner)
    actor.must_have(Role.MANAGER, Role.CLERK)
    return run
