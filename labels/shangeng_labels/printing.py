"""Printing a run: what was frozen at issue, with a code on each label, set on its template."""

from datetime import date
from pathlib import Path

from sqlmodel import Session, col, select

from shangeng_labels.lookup import codes_of, get_run
from shangeng_labels.print_job import PrintJob, font_digest
from shangeng_labels.run_refusals import FontReplaced, PrintErased
from shangeng_labels.sheets import LabelFace, sheet_pdf
from shangeng_labels.tables import LabelPrint, LabelRun
from shangeng_trace.batch_tables import EventBatch, EventRecord, Part
from shangeng_trace.canonical import load_statement
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.event_reading import read_event
from shangeng_trace.log_tables import LedgerStatement
from shangeng_trace.quantities import Quantity


def faces(session: Session, run: LabelRun, *, site: str, demo: bool = False) -> list[LabelFace]:
    """Return what each label of a run says that is not void, in the order of their numbers.

    `site` is the deployment's origin (https://lssg.cn). Raises PrintErased.
    """
    return _faces(session, run, load_job(session, run.id), site=site, demo=demo)


def print_run(
    session: Session,
    run_id: str,
    *,
    site: str,
    start_cell: int = 1,
    offset_mm: tuple[float, float] = (0, 0),
    demo: bool = False,
    font: Path | None = None,
) -> bytes:
    """Return a run's labels as PDF; the same run gives the same bytes until a label of it becomes void.

    Raises RunNotFound, PrintErased, FontReplaced, and what `sheet_pdf` raises. It takes seconds for thousands of
    labels and changes nothing.
    """
    run = get_run(session, run_id)
    job = load_job(session, run_id)
    if font_digest(font) != job.font:
        raise FontReplaced
    labels = _faces(session, run, job, site=site, demo=demo)
    return sheet_pdf(job.template, labels, start_cell=start_cell, offset_mm=offset_mm, font=font)


def load_job(session: Session, run_id: str) -> PrintJob:
    """Return what was frozen when a run was issued; raises PrintErased."""
    row = session.get(LabelPrint, run_id)
    if row is None:
        raise PrintErased
    return PrintJob.from_json(row.job)


def _faces(session: Session, run: LabelRun, job: PrintJob, *, site: str, demo: bool) -> list[LabelFace]:
    packed, net = _packing(session, run)
    return [
        LabelFace(
            product=job.product,
            net=net or job.net,
            lot=job.lot,
            packed=packed,
            place=job.place,
            producer=job.producer,
            certificate=job.certificate,
            until=job.until,
            code=code,
            site=site,
            demo=demo,
        )
        for code in codes_of(session, run.id).values()
    ]


def _packing(session: Session, run: LabelRun) -> tuple[date, str]:
    """Return day and pack size of the last packing before the run, from its signed event; no size where none is said.

    What a pack holds stands in the event: the product only says what its packs usually hold.
    """
    happened_at, body = session.exec(
        select(EventRecord.happened_at, LedgerStatement.body)
        .join(EventBatch, col(EventBatch.index) == col(EventRecord.index))
        .join(LedgerStatement, col(LedgerStatement.index) == col(EventRecord.index))
        .where(
            EventBatch.batch_id == run.batch_id,
            EventBatch.part == Part.OUTPUT,
            col(EventBatch.packs).is_(True),
            col(EventRecord.index) < run.index,
        )
        .order_by(col(EventRecord.index).desc())
        .limit(1)
    ).one()
    day = happened_at.astimezone(SHANGHAI).date()
    size = None if body is None else read_event(load_statement(body)).record.get("pack_size")
    return day, "" if size is None else Quantity.from_json(size).words("zh")
