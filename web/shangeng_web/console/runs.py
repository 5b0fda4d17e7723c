"""One run of labels: printing it, again as often as need be, applying its labels, and making some void."""

import asyncio
import re
import unicodedata
from collections.abc import Iterator

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import Response

from shangeng_labels.print_job import font_digest
from shangeng_labels.run_refusals import FontReplaced
from shangeng_labels.runs import MAX_COUNT, activate_run, void_codes
from shangeng_labels.sheets import sheet_pdf
from shangeng_labels.void_reasons import VOID_REASONS
from shangeng_trace.errors import RejectedError
from shangeng_trace.registry_tables import Role
from shangeng_web.console.desk import Desk
from shangeng_web.console.doors import done
from shangeng_web.console.filled import Filled, save
from shangeng_web.console.label_drawing import draw_label
from shangeng_web.console.label_views import Printed, printed
from shangeng_web.console.labels import LABELS, Books, Own, pdf
from shangeng_web.console.printers import printer_offset, read_offset
from shangeng_web.deps import FormDep, ReadDep
from shangeng_web.i18n import N_

router = APIRouter(prefix="/console", include_in_schema=False)

VOID = {"numbers": N_("哪几枚"), "codes": N_("标签码"), "reason": N_("作废原因")}


class NumbersUnclear(RejectedError):
    """A text does not say which labels are meant."""

    code = "web.numbers_unclear"
    zh = "请写编号，例如 3、7-9。"
    en = "Please write numbers, such as 3, 7-9."


@router.get("/runs/{run_id}")
async def run(run_id: str, desk: Own, session: ReadDep) -> Response:
    """Show a run, with its labels to print and to make void."""
    return await session.run_sync(_show, desk, run_id, Filled(desk.language, VOID))


@router.get("/runs/{run_id}/sheet.pdf")
async def sheet(run_id: str, desk: Own, session: ReadDep) -> Response:
    """Give the labels as a PDF: the same bytes each time, until one of them is made void."""
    found = await session.run_sync(_printed, desk, run_id)
    if font_digest(None) != found.font:
        raise FontReplaced
    asked = desk.visitor.request.query_params
    offset = read_offset(asked.get("right", ""), asked.get("down", ""))
    start = Filled(desk.language, {}, offered={"start": asked.get("start") or "1"}).count("start")
    made = await asyncio.to_thread(
        sheet_pdf,
        found.template,
        found.faces,
        start_cell=start,
        offset_mm=(float(offset[0]), float(offset[1])),
    )
    return pdf(made, f"{found.batch.lot}-{found.run.id}.pdf")


@router.post("/runs/{run_id}/activate")
async def activate(run_id: str, desk: Books, session: ReadDep, form: FormDep) -> Response:
    """Say that the labels are on the goods."""
    filled, found = Filled(desk.language, VOID, form), await session.run_sync(_printed, desk, run_id)

    def command(session: Session) -> str:
        activate_run(session, desk.visitor.platform.office, desk.login.actor, run_id=found.run.id)
        return f"/console/runs/{found.run.id}?done=activated"

    saved = await save(desk, filled, command)
    return saved if saved is not None else await session.run_sync(_show, desk, run_id, filled)


@router.post("/runs/{run_id}/void")
async def void(run_id: str, desk: Books, session: ReadDep, form: FormDep) -> Response:
    """Make labels void, by their numbers or their codes."""
    filled, found = Filled(desk.language, VOID, form), await session.run_sync(_printed, desk, run_id)

    def command(session: Session) -> str:
        void_codes(
            session,
            desk.visitor.platform.office,
            desk.login.actor,
            run_id=found.run.id,
            numbers=_numbers(filled),
            codes=filled.text("codes").split(),
            reason=filled.text("reason"),
        )
        return f"/console/runs/{found.run.id}?done=voided"

    saved = await save(desk, filled, command)
    return saved if saved is not None else await session.run_sync(_show, desk, run_id, filled)


def _numbers(filled: Filled) -> list[int]:
    """Return the numbers in `3, 7-9`; what is unclear becomes a problem."""
    try:
        return [number for part in _parts(filled.text("numbers")) for number in part]
    except RejectedError as error:
        filled.refuse(error)
        return []


def _parts(text: str) -> Iterator[range]:
    plain = unicodedata.normalize("NFKC", text).replace("–", "-").replace("~", "-").replace("至", "-")
    for part in filter(None, re.split(r"[\s,;、]+", re.sub(r"\s*-\s*", "-", plain))):
        ends = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", part, re.ASCII)
        first, last = (int(ends[1]), int(ends[2] or ends[1])) if ends else (0, 0)
        if not 0 < first <= last <= MAX_COUNT:
            raise NumbersUnclear(field="numbers")
        yield range(first, last + 1)


def _printed(session: Session, desk: Desk, run_id: str) -> Printed:
    settings = desk.visitor.platform.settings
    return printed(session, desk.login.actor, run_id, language=desk.language, site=settings.origin, demo=settings.demo)


def _show(session: Session, desk: Desk, run_id: str, filled: Filled) -> Response:
    found, asked = _printed(session, desk, run_id), desk.visitor.request.query_params
    right, down = printer_offset(session, found.run.owner, found.run.template)
    return desk.page(
        "console/labels/run.html",
        open=LABELS,
        status=filled.status,
        flash=done(desk),
        form=filled,
        found=found,
        paper=found.template.en if desk.language == "en" else found.template.zh,
        start=asked.get("start", "1")[:4],
        right=f"{right:f}",
        down=f"{down:f}",
        drawing=draw_label(found.template, found.faces[0]) if found.faces else None,
        reasons=[(key, reason.text(desk.language)) for key, reason in VOID_REASONS.items()],
        may=bool(desk.login.roles & {Role.MANAGER, Role.CLERK}),
    )
