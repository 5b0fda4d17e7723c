"""What happens to labels: issued for a batch, applied to its goods, made void.

Each verb signs one statement with the owner's key in custody, appends it and projects it; `issue_run` signs a second
one where the labels are applied at once. All run inside the writer, so two that compete for the last labels of a
batch are decided one after the other.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path

from sqlalchemy import insert
from sqlmodel import Session, col, select

from shangeng_certs.gate import label_case
from shangeng_certs.gate_rules import LabelCase, evaluate
from shangeng_labels.codes import commit, commit_one, new_codes, read_code
from shangeng_labels.lookup import get_run, quota
from shangeng_labels.print_job import freeze
from shangeng_labels.projection import numbers_in, project_run, project_status
from shangeng_labels.run_refusals import (
    GateClosed,
    LabelNotInRun,
    LabelVoidAlready,
    NothingToActivate,
    NothingToVoid,
    QuotaExceeded,
    RunIdTaken,
    TemplateUnknown,
    VoidReasonUnknown,
)
from shangeng_labels.statement import LabelsChanged, LabelState, RunIssued, stretches
from shangeng_labels.tables import LabelCode, LabelPrint, LabelRun
from shangeng_labels.templates import load_templates
from shangeng_labels.void_reasons import VOID_REASONS
from shangeng_trace.acting import Actor, Office
from shangeng_trace.batch_tables import Batch
from shangeng_trace.batches import get_batch
from shangeng_trace.entry import Kind
from shangeng_trace.fields import OutOfRange
from shangeng_trace.ids import new_id, read_id
from shangeng_trace.ledger import append, table
from shangeng_trace.registry_tables import Role
from shangeng_trace.statements import seal

MAX_COUNT = 20_000
"""Labels in one run: a thousand A4 sheets, and less than half a second of the writer."""


def issue_run(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    batch_id: str,
    count: int | str,
    template: str,
    activate: bool = True,
    run_id: str | None = None,
    font: Path | None = None,
) -> LabelRun:
    """Issue labels for a packed batch, applied at once unless `activate` is False.

    `run_id` comes from a form or a program that may send the same thing twice: the second time gives the run it
    made. `font` is the deployment's own label font. Raises OutOfRange and TemplateUnknown, GateClosed with every
    rule that says no, QuotaExceeded, GlyphMissing, RunIdTaken.
    """
    batch = _own_batch(session, actor, batch_id)
    wanted = _count(count)
    if run_id is not None and (known := session.get(LabelRun, run_id)) is not None:
        return _same(known, batch_id, wanted, template)
    if run_id is not None and read_id(run_id) != run_id:
        raise RunIdTaken
    if (chosen := load_templates().get(template)) is None:
        raise TemplateUnknown(field="template")
    case = _open_gate(session, office, batch_id)
    have = quota(session, batch_id)
    if wanted > have.left:
        raise QuotaExceeded(field="count", packed=have.packed, issued=have.issued - have.voided, left=have.left)
    job = freeze(session, batch, case, chosen, font=font)
    codes = sorted(new_codes(wanted), key=commit_one)
    issued = RunIssued(
        id=run_id or new_id(),
        batch=batch_id,
        product=batch.product_id,
        count=wanted,
        commitment=commit(codes),
        template=template,
        issued=office.clock(),
    )
    run = _append_run(session, office, actor, issued)
    rows = [{"code": code, "run_id": run.id, "number": number} for number, code in enumerate(codes, 1)]
    session.exec(insert(table(LabelCode)), params=rows)
    session.add(LabelPrint(run_id=run.id, job=job.to_json()))
    session.flush()
    return _change(session, office, run, LabelState.ACTIVE, range(1, wanted + 1)) if activate else run


def activate_run(session: Session, office: Office, actor: Actor, *, run_id: str) -> LabelRun:
    """Say that a run's labels are on the goods, all but those that are void; the gate must be open for this too.

    Raises RunNotFound, GateClosed, NothingToActivate.
    """
    run = _own_run(session, actor, run_id)
    _open_gate(session, office, run.batch_id)
    done = numbers_in(session, run_id, LabelState.ACTIVE) | numbers_in(session, run_id, LabelState.VOID)
    waiting = set(range(1, run.count + 1)) - done
    if not waiting:
        raise NothingToActivate
    return _change(session, office, run, LabelState.ACTIVE, waiting)


def void_codes(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    run_id: str,
    numbers: Collection[int] = (),
    codes: Collection[str] = (),
    reason: str,
) -> LabelRun:
    """Make labels of a run void for good, by their numbers, by their codes as a person types them, or both.

    A void label makes room for another. Raises RunNotFound, VoidReasonUnknown, NothingToVoid, LabelNotInRun,
    LabelVoidAlready.
    """
    run = _own_run(session, actor, run_id)
    if reason not in VOID_REASONS:
        raise VoidReasonUnknown(field="reason")
    chosen = {*numbers, *_numbers_of(session, run, codes)}
    if not chosen:
        raise NothingToVoid(field="numbers")
    if beyond := [number for number in chosen if not 1 <= number <= run.count]:
        raise LabelNotInRun(field="numbers", label=min(beyond), count=run.count)
    if already := chosen & numbers_in(session, run_id, LabelState.VOID):
        raise LabelVoidAlready(field="numbers", number=min(already))
    return _change(session, office, run, LabelState.VOID, chosen, reason=reason)


def _own_batch(session: Session, actor: Actor, batch_id: str) -> Batch:
    batch = get_batch(session, batch_id)
    actor.must_own(batch.owner)
    actor.must_have(Role.MANAGER, Role.CLERK)
    return batch


def _own_run(session: Session, actor: Actor, run_id: str) -> LabelRun:
    run = get_run(session, run_id)
    actor.must_own(run.owner)
    actor.must_have(Role.MANAGER, Role.CLERK)
    return run


def _count(count: int | str) -> int:
    text = unicodedata.normalize("NFKC", str(count)).strip()
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII) or not 1 <= int(text) <= MAX_COUNT:
        raise OutOfRange(field="count", low=1, high=MAX_COUNT)
    return int(text)


def _same(run: LabelRun, batch_id: str, count: int, template: str) -> LabelRun:
    """Return the run that a form sent twice has made; its batch is the actor's."""
    if (run.batch_id, run.count, run.template) != (batch_id, count, template):
        raise RunIdTaken
    return run


def _open_gate(session: Session, office: Office, batch_id: str) -> LabelCase:
    case = label_case(session, batch_id=batch_id, at=office.clock())
    if blocking := [finding for finding in evaluate(case) if not finding.ok]:
        raise GateClosed(blocking)
    return case


def _numbers_of(session: Session, run: LabelRun, codes: Collection[str]) -> list[int]:
    read = {read_code(text): text for text in codes}
    known = dict(
        session.exec(
            select(LabelCode.code, LabelCode.number).where(
                LabelCode.run_id == run.id, col(LabelCode.code).in_([code for code in read if code is not None])
            )
        ).all()
    )
    for code, text in read.items():
        if code not in known:
            raise LabelNotInRun(field="codes", label=text, count=run.count)
    return list(known.values())


def _append_run(session: Session, office: Office, actor: Actor, issued: RunIssued) -> LabelRun:
    signer = office.keyring.signer(session, actor.organisation_id)
    sealed = seal(issued.document(), signer, created=issued.issued)
    receipt = append(
        session,
        kind=Kind.RUN,
        digest=sealed.digest,
        body=sealed.body,
        chains=[f"run:{issued.id}", f"batch:{issued.batch}"],
    )
    return project_run(session, sealed.document, receipt, key_id=signer.key_id, author=actor.organisation_id)


def _change(
    session: Session, office: Office, run: LabelRun, state: LabelState, numbers: Iterable[int], *, reason: str = ""
) -> LabelRun:
    change = LabelsChanged(new_id(), run.id, state, stretches(numbers), reason, office.clock())
    signer = office.keyring.signer(session, run.owner)
    sealed = seal(change.document(), signer, created=change.since)
    receipt = append(session, kind=Kind.STATUS, digest=sealed.digest, body=sealed.body, chains=[f"run:{run.id}"])
    return project_status(session, sealed.document, receipt, key_id=signer.key_id, author=run.owner)
