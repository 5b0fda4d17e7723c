"""Queries: which label is this code, which runs has a batch, how many labels may still be issued."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, and_, col, func, select

from shangeng_labels.codes import read_code
from shangeng_labels.projection import numbers_in
from shangeng_labels.run_refusals import RunNotFound
from shangeng_labels.statement import LabelState
from shangeng_labels.tables import LabelCode, LabelRun, LabelStatus
from shangeng_trace.batches import get_batch
from shangeng_trace.errors import NotFoundError, RejectedError


class CodeMalformed(RejectedError):
    """The text cannot be a code: other characters, or not 16 of them."""

    code = "labels.code_malformed"
    zh = "这不是完整的标签码。标签码有 16 位，请对照标签再输一次。"
    en = "This is not a whole label code. A code has 16 characters; please compare it with the label and try again."


class CodeUnknown(NotFoundError):
    """No label was ever issued with this code."""

    code = "labels.code_unknown"
    zh = "查无此码。我们没有发出过这个码，请当心。"
    en = "This code is unknown. We have never issued it; be careful."


@dataclass(frozen=True, slots=True)
class Found:
    """A label. `since` is when it came into its state, `reason` why it is void (empty otherwise)."""

    code: str
    number: int
    run: LabelRun
    state: LabelState
    since: datetime
    reason: str = ""

    @property
    def batch_id(self) -> str:
        """Return the batch the label was issued for."""
        return self.run.batch_id


@dataclass(frozen=True, slots=True)
class Quota:
    """How many units of a batch were packed, and how many labels were issued and voided, ever."""

    packed: int
    issued: int
    voided: int

    @property
    def left(self) -> int:
        """Return how many labels may still be issued: a void label makes room for another."""
        return self.packed - (self.issued - self.voided)


def find_code(session: Session, text: str) -> Found:
    """Return the label with the code that a person typed or a scanner delivered, in one read by primary key.

    Raises `CodeMalformed` or `CodeUnknown`.
    """
    code = read_code(text)
    if code is None:
        raise CodeMalformed(field="code")
    rows = session.exec(
        select(LabelCode.number, LabelRun, LabelStatus)
        .join(LabelRun, col(LabelRun.id) == col(LabelCode.run_id))
        .outerjoin(
            LabelStatus,
            and_(
                col(LabelStatus.run_id) == col(LabelCode.run_id),
                col(LabelStatus.first) <= col(LabelCode.number),
                col(LabelStatus.last) >= col(LabelCode.number),
            ),
        )
        .where(LabelCode.code == code)
    ).all()
    if not rows:
        raise CodeUnknown
    number, run, _ = rows[0]
    changes = {status.state: status for _, _, status in rows if status}
    for state in (LabelState.VOID, LabelState.ACTIVE):
        if (change := changes.get(state)) is not None:
            return Found(code, number, run, state, change.since, change.reason)
    return Found(code, number, run, LabelState.ISSUED, run.issued_at)


def get_run(session: Session, run_id: str) -> LabelRun:
    """Return a run; raises `RunNotFound`."""
    run = session.get(LabelRun, run_id)
    if run is None:
        raise RunNotFound
    return run


def runs_of(session: Session, batch_id: str) -> list[LabelRun]:
    """Return the runs issued for a batch, newest first."""
    return list(
        session.exec(select(LabelRun).where(LabelRun.batch_id == batch_id).order_by(col(LabelRun.index).desc()))
    )


def codes_of(session: Session, run_id: str) -> dict[int, str]:
    """Return number → code of a run's labels that are not void, in the order they are printed."""
    void = numbers_in(session, run_id, LabelState.VOID)
    rows = session.exec(
        select(LabelCode.number, LabelCode.code).where(LabelCode.run_id == run_id).order_by(col(LabelCode.number))
    )
    return {number: code for number, code in rows if number not in void}


def quota(session: Session, batch_id: str) -> Quota:
    """Return how many labels a batch may still get; raises `BatchNotFound`.

    What was received in packs was packed by somebody else and carries that member's labels: it counts as nothing here.
    """
    batch = get_batch(session, batch_id)
    issued, voided = session.exec(
        select(func.sum(LabelRun.count), func.sum(LabelRun.voided)).where(LabelRun.batch_id == batch_id)
    ).one()
    return Quota(batch.packed, int(issued or 0), int(voided or 0))
