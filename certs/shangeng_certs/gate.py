"""Query: may this batch carry labels? Gathers the evidence and puts it before the rules."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from shangeng_certs.gate_rules import Finding, LabelCase, Restricted, SampleResult, evaluate
from shangeng_certs.standing import holder_mark, plots_of, voided_numbers
from shangeng_certs.tables import Certificate, Licence
from shangeng_certs.validity import MarkStanding, Standing
from shangeng_trace.batch_tables import Batch, BatchTest, EventRecord, LedgerKey
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.errors import NotFoundError
from shangeng_trace.lineage import ancestors, standing


class BatchUnknown(NotFoundError):
    """No such batch."""

    code = "certs.batch_unknown"
    zh = "没有找到这个批次。"
    en = "There is no such batch."


def may_label(session: Session, *, batch_id: str, at: datetime) -> list[Finding]:
    """Return what every rule of the gate says of a batch; labels may be issued if every finding is ok.

    Licence and certificate are judged as of `at`, all else as it stands now. Raises `BatchUnknown`.
    """
    return evaluate(label_case(session, batch_id=batch_id, at=at))


def label_case(session: Session, *, batch_id: str, at: datetime) -> LabelCase:
    """Return the evidence for one batch; raises `BatchUnknown`."""
    batch = session.get(Batch, batch_id)
    if batch is None:
        raise BatchUnknown
    family = [batch_id, *ancestors(session, batch_id)]
    lots = dict(session.exec(select(Batch.id, Batch.lot).where(col(Batch.id).in_(family))).all())
    return LabelCase(
        mark=_signed(session, holder_mark(session, batch_id=batch_id, at=at)),
        plots=plots_of(session, batch_id),
        restrictions=tuple(
            Restricted(row.event_id, lots[row.batch_id], recall=row.kind == "recall")
            for row in standing(session, batch_id).restrictions
        ),
        tests=_latest_tests(session, family, lots),
        packed=batch.packed,
    )


def _signed(session: Session, mark: MarkStanding) -> MarkStanding:
    """Return the mark without what rests on a signature that no longer counts."""
    licence = session.get(Licence, mark.licence.number or "")
    voided = voided_numbers(session, licence, session.get(Certificate, mark.certificate.number or ""))

    def kept(standing: Standing) -> Standing:
        return replace(standing, permission=None) if standing.number in voided else standing

    return replace(mark, licence=kept(mark.licence), certificate=kept(mark.certificate)) if voided else mark


def _latest_tests(session: Session, family: Sequence[str], lots: dict[str, str]) -> tuple[SampleResult, ...]:
    """Return each batch's own latest test: a good result downstream does not undo a bad one upstream.

    A good result whose signature no longer counts is none.
    """
    rows = session.exec(
        select(BatchTest, EventRecord, LedgerKey)
        .join(EventRecord, col(EventRecord.index) == col(BatchTest.index))
        .join(LedgerKey, col(LedgerKey.id) == col(EventRecord.key_id))
        .where(col(BatchTest.batch_id).in_(family))
        .order_by(col(BatchTest.happened_at), col(EventRecord.index))
    )
    latest = {
        row.batch_id: (row, event.digest)
        for row, event, key in rows
        if not row.passed or key.counts(event.index, event.logged_at)
    }
    return tuple(
        SampleResult(digest, lots[row.batch_id], row.passed, row.happened_at.astimezone(SHANGHAI).date())
        for row, digest in latest.values()
    )
