"""Labels: which batches may have some, issuing a run, and how many are left."""

import asyncio
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import Response

from shangeng_labels.calibration import calibration_pdf
from shangeng_labels.refusals import CellNotOnSheet, FieldRefused
from shangeng_labels.run_refusals import TemplateUnknown
from shangeng_labels.runs import MAX_COUNT, issue_run
from shangeng_labels.sheets import sheet_pdf
from shangeng_trace.errors import RejectedError
from shangeng_trace.registry_tables import OrganisationKind, Role
from shangeng_web.console.desk import PRIVATE, Desk
from shangeng_web.console.doors import done, door
from shangeng_web.console.filled import Filled, save
from shangeng_web.console.label_drawing import draw_label, sheet_path
from shangeng_web.console.label_views import (
    RULES,
    TEMPLATES,
    Labelled,
    is_waiting,
    labelled,
    latest_template,
    packed_batches,
    sample_face,
)
from shangeng_web.console.printers import keep_offset, printer_offset, read_offset
from shangeng_web.deps import FormDep, ReadDep
from shangeng_web.i18n import N_, translator

router = APIRouter(prefix="/console", include_in_schema=False)

LABELS = "/console/labels"

Own = Annotated[Desk, door(OrganisationKind.MEMBER)]
Books = Annotated[Desk, door(OrganisationKind.MEMBER, roles=(Role.MANAGER, Role.CLERK))]

ISSUE = {
    "count": N_("领多少枚"),
    "template": N_("标签纸"),
    "start_cell": N_("从第几格开始印"),
    "right": N_("向右移"),
    "down": N_("向下移"),
    "waiting": N_("先不启用"),
}


@router.get("/labels")
async def labels(desk: Own, session: ReadDep) -> Response:
    """List the packed batches with their labels."""
    office = desk.visitor.platform.office
    lines = await session.run_sync(
        packed_batches, office.catalogue, desk.login.actor, language=desk.language, at=office.clock()
    )
    return desk.page("console/labels/list.html", open=LABELS, flash=done(desk), lines=lines, templates=_templates(desk))


@router.get("/labels/calibration.pdf")
async def calibration(desk: Own) -> Response:
    """Give the page that shows how far a printer is out."""
    asked = desk.visitor.request.query_params
    template = TEMPLATES.get(asked.get("template", ""))
    if template is None:
        raise TemplateUnknown(field="template")
    right, down = read_offset(asked.get("right", ""), asked.get("down", ""))
    made = await asyncio.to_thread(calibration_pdf, template, offset_mm=(float(right), float(down)))
    return pdf(made, f"calibration-{template.key}.pdf")


@router.get("/batches/{batch_id}/labels")
async def batch_labels(batch_id: str, desk: Own, session: ReadDep) -> Response:
    """Show a batch's quota, the gate and its runs, and ask for another run."""
    return await session.run_sync(_show, desk, batch_id, None)


@router.post("/batches/{batch_id}/labels")
async def issue(batch_id: str, desk: Books, session: ReadDep, form: FormDep) -> Response:
    """Issue a run of labels."""
    filled, platform = Filled(desk.language, ISSUE, form), desk.visitor.platform
    found = await session.run_sync(_labelled, desk, batch_id)
    await _try_printing(desk, session, filled, found)

    def command(session: Session) -> str:
        offset, key, start = _print_settings(filled)
        run = issue_run(
            session,
            platform.office,
            desk.login.actor,
            batch_id=found.batch.id,
            count=filled.text("count"),
            template=key,
            activate=not filled.text("waiting"),
        )
        keep_offset(session, organisation_id=run.owner, template=key, offset=offset)
        return f"/console/runs/{run.id}?done=issued&start={start}"

    saved = await save(desk, filled, command)
    return saved if saved is not None else await session.run_sync(_show, desk, batch_id, filled)


def pdf(made: bytes, name: str) -> Response:
    """Answer with a PDF that nobody keeps."""
    return Response(
        made,
        media_type="application/pdf",
        headers={**PRIVATE, "Content-Disposition": f'inline; filename="{name}"'},
    )


async def _try_printing(desk: Desk, session: ReadDep, filled: Filled, found: Labelled) -> None:
    """Set one label before any is issued: what cannot be printed on this paper is refused at the paper."""
    settings, template = desk.visitor.platform.settings, TEMPLATES.get(filled.text("template"))
    if template is None:
        return  # the verb says so
    at = desk.visitor.platform.office.clock()
    try:
        face = await session.run_sync(sample_face, found, template, site=settings.origin, demo=settings.demo, at=at)
        if face is not None:
            await asyncio.to_thread(sheet_pdf, template, [face])
    except FieldRefused as error:
        error.field = "template"
        filled.refuse(error)


def _print_settings(filled: Filled) -> tuple[tuple[Decimal, Decimal], str, int]:
    key, start = filled.text("template"), filled.count("start_cell", 1)
    template = TEMPLATES.get(key)
    if template is not None and not 1 <= start <= template.cells:
        filled.refuse(CellNotOnSheet(field="start_cell", cell=start, cells=template.cells))
    try:
        return read_offset(filled.text("right"), filled.text("down")), key, start
    except RejectedError as error:
        filled.refuse(error)
        return read_offset("", ""), key, start


def _labelled(session: Session, desk: Desk, batch_id: str) -> Labelled:
    at = desk.visitor.platform.office.clock()
    return labelled(session, desk.login.actor, batch_id, language=desk.language, at=at)


def _templates(desk: Desk) -> list[tuple[str, str, tuple[float, float], str]]:
    return [
        (key, template.en if desk.language == "en" else template.zh, template.page, sheet_path(template))
        for key, template in TEMPLATES.items()
    ]


def _fresh(session: Session, desk: Desk, found: Labelled) -> Filled:
    key = latest_template(session, desk.login.organisation.id)
    right, down = printer_offset(session, desk.login.organisation.id, key)
    return Filled(
        desk.language,
        ISSUE,
        offered={
            "count": str(max(0, min(found.quota.left, MAX_COUNT))),
            "template": key,
            "start_cell": "1",
            "right": f"{right:f}",
            "down": f"{down:f}",
        },
    )


def _show(session: Session, desk: Desk, batch_id: str, refused: Filled | None) -> Response:
    found, say, settings = _labelled(session, desk, batch_id), translator(desk.language), desk.visitor.platform.settings
    filled = refused or _fresh(session, desk, found)
    template = TEMPLATES.get(filled.text("template")) or next(iter(TEMPLATES.values()))
    at = desk.visitor.platform.office.clock()
    try:
        face = sample_face(session, found, template, site=settings.origin, demo=settings.demo, at=at)
    except FieldRefused as error:
        face = None
        filled.refuse(error)
    return desk.page(
        "console/labels/batch.html",
        open=LABELS,
        status=filled.status if refused else 200,
        flash=done(desk),
        form=filled,
        found=found,
        rules=[(finding, say(RULES[finding.rule]), finding.sentence(desk.language)) for finding in found.findings],
        templates=_templates(desk),
        runs=[(run, is_waiting(run)) for run in found.runs],
        names={key: each.en if desk.language == "en" else each.zh for key, each in TEMPLATES.items()},
        drawing=None if face is None else draw_label(template, face),
        may=bool(desk.login.roles & {Role.MANAGER, Role.CLERK}),
    )
