"""Queries: labels as the console shows them: what may still be issued, what was, and one run with its labels."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from shangeng_certs.gate import label_case
from shangeng_certs.gate_rules import Finding, LabelCase, evaluate
from shangeng_labels.lookup import Quota, codes_of, get_run, quota, runs_of
from shangeng_labels.print_job import freeze
from shangeng_labels.printing import faces, load_job
from shangeng_labels.run_refusals import RunNotFound
from shangeng_labels.sheets import LabelFace
from shangeng_labels.tables import LabelRun
from shangeng_labels.templates import Template, load_templates
from shangeng_trace.acting import Actor
from shangeng_trace.batch_tables import Batch
from shangeng_trace.batches import get_batch
from shangeng_trace.catalogue import Catalogue
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.ids import read_id
from shangeng_trace.refusals import BatchNotFound
from shangeng_trace.registry_tables import Product
from shangeng_web.console.registry_views import product_name
from shangeng_web.i18n import N_, Language

TEMPLATES = load_templates()

RULES = {
    "licence": N_("商标使用许可"),
    "certificate": N_("认证范围"),
    "restriction": N_("暂停与召回"),
    "test": N_("检测"),
    "packed": N_("包装"),
}
SAMPLE_CODE = "0" * 16
_LATEST = 60


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed batch as one line: how many labels it has, and whether it may get more now."""

    batch: Batch
    product: str
    tile: str
    quota: Quota
    is_open: bool


@dataclass(frozen=True, slots=True)
class Labelled:
    """A batch with its quota, every finding of the gate and the runs issued so far."""

    batch: Batch
    product: Product
    name: str
    quota: Quota
    findings: list[Finding]
    case: LabelCase
    runs: list[LabelRun]

    @property
    def is_open(self) -> bool:
        """Whether the gate is open."""
        return all(finding.ok for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Printed:
    """A run with what its labels say; `faces` are those that are not void, by number in `codes`."""

    run: LabelRun
    batch: Batch
    name: str
    template: Template
    font: str
    codes: dict[int, str]
    faces: list[LabelFace]

    @property
    def waiting(self) -> bool:
        """Whether labels of it are neither active nor void."""
        return is_waiting(self.run)


def is_waiting(run: LabelRun) -> bool:
    """Whether labels of a run wait to be applied: they all become active at once."""
    return not run.activated and run.voided < run.count


def packed_batches(
    session: Session, catalogue: Catalogue, actor: Actor, *, language: Language, at: datetime
) -> list[Packed]:
    """Return the actor's packed batches that are not closed, the latest first."""
    rows = session.exec(
        select(Batch, Product)
        .join(Product, col(Product.id) == col(Batch.product_id))
        .where(Batch.owner == actor.organisation_id, col(Batch.packed) > 0, col(Batch.closed).is_(False))
        .order_by(col(Batch.changed_at).desc(), col(Batch.id))
        .limit(_LATEST)
    ).all()
    return [
        Packed(
            batch=batch,
            product=product_name(product, language),
            tile=catalogue.category(batch.category).tile,
            quota=quota(session, batch.id),
            is_open=all(finding.ok for finding in evaluate(label_case(session, batch_id=batch.id, at=at))),
        )
        for batch, product in rows
    ]


def labelled(session: Session, actor: Actor, batch_id: str, *, language: Language, at: datetime) -> Labelled:
    """Return one batch of the actor's; raises `BatchNotFound` or `NotYours`."""
    known = read_id(batch_id)
    if known is None:
        raise BatchNotFound
    batch = get_batch(session, known)
    actor.must_own(batch.owner)
    product, case = session.get_one(Product, batch.product_id), label_case(session, batch_id=batch.id, at=at)
    return Labelled(
        batch=batch,
        product=product,
        name=product_name(product, language),
        quota=quota(session, batch.id),
        findings=evaluate(case),
        case=case,
        runs=runs_of(session, batch.id),
    )


def sample_face(
    session: Session, found: Labelled, template: Template, *, site: str, demo: bool, at: datetime
) -> LabelFace | None:
    """Return what a label of the batch would say on a template, with no code; None while the gate is closed.

    Raises GlyphMissing.
    """
    if not found.is_open:
        return None
    job = freeze(session, found.batch, found.case, template, font=None)
    return LabelFace(
        product=job.product,
        net=job.net,
        lot=job.lot,
        packed=at.astimezone(SHANGHAI).date(),
        place=job.place,
        producer=job.producer,
        certificate=job.certificate,
        until=job.until,
        code=SAMPLE_CODE,
        site=site,
        demo=demo,
    )


def printed(session: Session, actor: Actor, run_id: str, *, language: Language, site: str, demo: bool) -> Printed:
    """Return one run of the actor's; raises `RunNotFound`, `NotYours` or `PrintErased`."""
    known = read_id(run_id)
    if known is None:
        raise RunNotFound
    run = get_run(session, known)
    actor.must_own(run.owner)
    job = load_job(session, run.id)
    return Printed(
        run=run,
        batch=get_batch(session, run.batch_id),
        name=product_name(session.get_one(Product, run.product_id), language),
        template=job.template,
        font=job.font,
        codes=codes_of(session, run.id),
        faces=faces(session, run, site=site, demo=demo),
    )


def latest_template(session: Session, organisation_id: str) -> str:
    """Return the template an organisation used last, or the first there is."""
    last = session.exec(
        select(LabelRun.template).where(LabelRun.owner == organisation_id).order_by(col(LabelRun.index).desc()).limit(1)
    ).first()
    return last if last in TEMPLATES else next(iter(TEMPLATES))
