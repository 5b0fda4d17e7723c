"""From statements on labels to tables: the one place that writes `LabelRun` and `LabelStatus`.

It depends on the statement, its receipt and earlier projections alone, never on codes, the registry or a clock:
`shangeng audit` runs the same code over the ledger's statements into an empty database and compares every row.
Whether labels may be issued or voided is decided before, in `shangeng_labels.runs`.
"""

from sqlmodel import Session, col, select

from shangeng_labels.codes import commit, commit_one
from shangeng_labels.run_refusals import CodesDiffer
from shangeng_labels.statement import LabelsChanged, LabelState, RunMalformed, read_change, read_run
from shangeng_labels.tables import LabelCode, LabelRun, LabelStatus
from shangeng_trace.canonical import Document
from shangeng_trace.entry import Receipt


def project_run(session: Session, document: Document, receipt: Receipt, *, key_id: str, author: str) -> LabelRun:
    """Write what a run statement issues; `author` is the organisation that controls the signing key.

    Raises `RunMalformed`.
    """
    issued = read_run(document)
    run = LabelRun(
        id=issued.id,
        batch_id=issued.batch,
        product_id=issued.product,
        owner=author,
        count=issued.count,
        commitment=issued.commitment,
        template=issued.template,
        issued_at=issued.issued,
        activated=0,
        voided=0,
        digest=receipt.digest,
        index=receipt.index,
        key_id=key_id,
        logged_at=receipt.time,
    )
    session.add(run)
    session.flush()
    return run


def project_status(session: Session, document: Document, receipt: Receipt, *, key_id: str, author: str) -> LabelRun:
    """Write what became of a run's labels, and return the run; activation and voiding alike.

    Raises `RunMalformed`, also for an unknown run, numbers it has not, or labels that are in this state already.
    """
    change = read_change(document)
    run = session.get(LabelRun, change.run)
    if run is None:
        raise RunMalformed(what="status of an unknown run")
    _check_new(session, run, change)
    session.add_all(
        LabelStatus(
            digest=receipt.digest,
            first=stretch.first,
            last=stretch.last,
            run_id=run.id,
            state=change.state.value,
            reason=change.reason,
            since=change.since,
            index=receipt.index,
            author=author,
            key_id=key_id,
            logged_at=receipt.time,
        )
        for stretch in change.numbers
    )
    changed = sum(map(len, change.numbers))
    if change.state is LabelState.VOID:
        run.voided += changed
    else:
        run.activated += changed
    session.add(run)
    session.flush()
    return run


def numbers_in(session: Session, run_id: str, state: LabelState) -> set[int]:
    """Return the numbers of a run's labels that were ever made active, or void."""
    rows = session.exec(
        select(LabelStatus.first, LabelStatus.last).where(
            LabelStatus.run_id == run_id, LabelStatus.state == state.value
        )
    )
    return {number for first, last in rows for number in range(first, last + 1)}


def check_codes(session: Session, run: LabelRun) -> None:
    """Hold the stored codes of a run against its commitment: their number, their order, and each of them.

    Raises `CodesDiffer`, which names the run.
    """
    rows = session.exec(
        select(LabelCode.number, LabelCode.code).where(LabelCode.run_id == run.id).order_by(col(LabelCode.number))
    ).all()
    if [number for number, _ in rows] != list(range(1, run.count + 1)):
        raise CodesDiffer(run=run.id, what=f"numbers are not 1…{run.count}")
    codes = [code for _, code in rows]
    try:
        in_order, commitment = sorted(codes, key=commit_one) == codes, commit(codes)
    except ValueError as exc:
        raise CodesDiffer(run=run.id, what="not a code") from exc
    if commitment != run.commitment:
        raise CodesDiffer(run=run.id, what="commitment")
    if not in_order:
        raise CodesDiffer(run=run.id, what="order")


def _check_new(session: Session, run: LabelRun, change: LabelsChanged) -> None:
    if change.numbers[-1].last > run.count:
        raise RunMalformed(what="numbers beyond the run")
    known = numbers_in(session, run.id, change.state)
    if any(number in known for stretch in change.numbers for number in stretch):
        raise RunMalformed(what="labels that are in this state already")
