"""Query: everything that the page of a batch rests on, read at one moment in a handful of queries."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import literal, union_all
from sqlmodel import Session, SQLModel, col, func, select

from shangeng_certs.standing import BatchMark, batch_mark, voided_numbers
from shangeng_certs.tables import Certificate, CertificatePlot, CertificateProduct, Licence
from shangeng_labels.tables import LabelRun
from shangeng_trace.amendments import in_effect
from shangeng_trace.batch_tables import Batch, EventBatch, EventRecord, LedgerKey, Restriction
from shangeng_trace.catalogue import Catalogue, StepUnknown
from shangeng_trace.event_reading import read_event
from shangeng_trace.events import PICTURE, Event
from shangeng_trace.lineage import ancestors
from shangeng_trace.log_tables import LedgerStatement
from shangeng_trace.private_tables import Attachment, EventAttachment
from shangeng_trace.registry_tables import Base, Organisation, OrganisationKind, OtherMark, Plot, Product
from shangeng_trace.steps import Effect, Group, Step
from shangeng_trace.witnessing import Heads, read_heads

Row = TypeVar("Row", bound=SQLModel)


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the batch or of a batch it was made from, with its step and the key that signed it."""

    row: EventRecord
    event: Event
    step: Step
    key: LedgerKey

    @property
    def counts(self) -> bool:
        """Whether the signature still counts: a revocation that reaches back can undo it later."""
        return self.key.counts(self.row.index, self.row.logged_at)


@dataclass(frozen=True, slots=True)
class Dossier:
    """What is known of a batch as of `at`. `family` begins with the batch; events stand in the order they happened."""

    at: datetime
    batch: Batch
    family: Mapping[str, Batch]
    told: tuple[Told, ...]
    standing: Mapping[str, Event]
    """The same events by their ids, with the amounts that corrections have left."""
    products: Mapping[str, Product]
    organisations: Mapping[str, Organisation]
    plots: Mapping[str, tuple[Plot, Base]]
    pictures: Mapping[str, tuple[Attachment, ...]]
    restrictions: tuple[Restriction, ...]
    mark: BatchMark
    certificate: Certificate | None
    licence: Licence | None
    covered_plots: tuple[str, ...]
    covered_products: tuple[str, ...]
    other_marks: tuple[OtherMark, ...]
    office: Organisation | None
    heads: Heads
    voided: frozenset[str]
    """Numbers of the certificate and licence of which a signature no longer counts."""
    labels: int
    """Labels issued for the family's packs and not void."""

    @property
    def product(self) -> Product:
        """The product that the batch is of."""
        return self.products[self.batch.product_id]

    @property
    def producer(self) -> Organisation:
        """The member whose product it is."""
        return self.organisations[self.product.organisation_id]

    @property
    def chains(self) -> tuple[str, ...]:
        """The chains of certificate and licence that a proof of this batch carries."""
        named = (("certificate", self.certificate), ("licence", self.licence))
        return tuple(f"{kind}:{row.number}" for kind, row in named if row is not None)


def read_dossier(session: Session, catalogue: Catalogue, batch_id: str, *, at: datetime) -> Dossier | None:
    """Return what is known of a batch, or None where there is no such batch."""
    batch = session.get(Batch, batch_id)
    if batch is None:
        return None
    line = [batch_id, *ancestors(session, batch_id)]
    family = {batch_id: batch, **_rows(session, Batch, line[1:])}
    told = tuple(_read_events(session, catalogue, family))
    products = _rows(session, Product, {one.product_id for one in family.values()})
    mark = batch_mark(session, batch_id=batch_id, at=at)
    certificate = _row(session, Certificate, mark.now.certificate.number)
    licence = _row(session, Licence, mark.now.licence.number)
    covered_plots, covered_products = _scope(session, certificate)
    products |= _rows(session, Product, set(covered_products) - products.keys())
    plot_ids = {one.event.plot for one in told} | {one.plot_id for one in family.values()} | set(covered_plots)
    named = {one.organisation_id for one in products.values()} | {one.row.author for one in told}
    named |= {party for one in told for party in (one.event.sender, one.event.recipient) if party}
    named |= {one.owner for one in family.values()}
    named |= {certificate.body_id} if certificate else set()
    named |= {licence.association_id} if licence else set()
    organisations = _named(session, named)
    holder = products[batch.product_id].organisation_id
    return Dossier(
        at=at,
        batch=batch,
        family=family,
        told=told,
        standing=in_effect(one.event for one in told),
        products=products,
        organisations=organisations,
        plots=_plots(session, {plot for plot in plot_ids if plot}),
        pictures=_pictures(session, told),
        restrictions=_restrictions(session, line),
        mark=mark,
        certificate=certificate,
        licence=licence,
        covered_plots=covered_plots,
        covered_products=covered_products,
        other_marks=_other_marks(session, holder, batch.product_id),
        office=next((one for one in organisations.values() if one.kind is OrganisationKind.ASSOCIATION), None),
        heads=read_heads(session),
        voided=voided_numbers(session, certificate, licence),
        labels=_labels(session, line),
    )


def _rows(session: Session, table: type[Row], ids: Collection[str]) -> dict[str, Row]:
    """Return rows by their identifiers; nothing is asked where nothing is wanted."""
    if not ids:
        return {}
    key = table.__table__.c.id  # type: ignore[attr-defined]  # every one of these tables has an `id`
    return {row.id: row for row in session.exec(select(table).where(key.in_(ids)))}  # type: ignore[attr-defined]  # as above


def _named(session: Session, ids: Collection[str]) -> dict[str, Organisation]:
    """Return these organisations, and the association whose brand it is."""
    rows = session.exec(
        select(Organisation).where(
            col(Organisation.id).in_(ids) | (col(Organisation.kind) == OrganisationKind.ASSOCIATION)
        )
    )
    return {row.id: row for row in rows}


def _read_events(session: Session, catalogue: Catalogue, family: Mapping[str, Batch]) -> Iterable[Told]:
    concerned = select(EventBatch.index).where(col(EventBatch.batch_id).in_(list(family)))
    found = session.exec(
        select(EventRecord, LedgerKey, LedgerStatement.body)
        .join(LedgerKey, col(LedgerKey.id) == col(EventRecord.key_id))
        .join(LedgerStatement, col(LedgerStatement.index) == col(EventRecord.index))
        .where(col(EventRecord.index).in_(concerned), col(LedgerStatement.body).is_not(None))
        .order_by(col(EventRecord.happened_at), col(EventRecord.index))
    )
    steps: dict[tuple[str, str], Step] = {}
    for row, key, body in found:
        assert body is not None
        event = read_event(json.loads(body))
        category = next(family[batch].category for batch in event.batches if batch in family)
        if (event.step, category) not in steps:
            steps[event.step, category] = _step(catalogue, event.step, category)
        yield Told(row, event, steps[event.step, category], key)


def _step(catalogue: Catalogue, key: str, category: str) -> Step:
    """Return the step as its category knows it; what a deployment has dropped since is still shown, by its key."""
    try:
        return catalogue.step(key, category)
    except StepUnknown:
        return Step(
            key=key,
            tile="记",
            zh=key,
            en=key,
            group=Group.MANAGE,
            effect=Effect.OBSERVE,
            epcis="ObjectEvent",
            action="OBSERVE",
            biz_step="other",
        )


def _row(session: Session, table: type[Row], number: str | None) -> Row | None:
    return None if number is None else session.get(table, number)


def _scope(session: Session, certificate: Certificate | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the plots and the products that a certificate covers, by identifier."""
    if certificate is None:
        return (), ()
    plots = select(literal(value=True), CertificatePlot.plot_id).where(CertificatePlot.number == certificate.number)
    products = select(literal(value=False), CertificateProduct.product_id).where(
        CertificateProduct.number == certificate.number
    )
    rows = [(is_plot, key) for is_plot, key in session.connection().execute(union_all(plots, products))]
    return (
        tuple(sorted(key for is_plot, key in rows if is_plot)),
        tuple(sorted(key for is_plot, key in rows if not is_plot)),
    )


def _plots(session: Session, ids: Collection[str]) -> dict[str, tuple[Plot, Base]]:
    if not ids:
        return {}
    rows = session.exec(select(Plot, Base).join(Base, col(Base.id) == col(Plot.base_id)).where(col(Plot.id).in_(ids)))
    return {plot.id: (plot, base) for plot, base in rows}


def _pictures(session: Session, told: Iterable[Told]) -> dict[str, tuple[Attachment, ...]]:
    """Return the pictures of each event that are still there, in their order."""
    pictured = [one.event.event_id for one in told if any(name.startswith(PICTURE) for name in one.event.commitments)]
    found: dict[str, tuple[Attachment, ...]] = {}
    for event_id, picture in (
        session.exec(
            select(EventAttachment.event_id, Attachment)
            .join(Attachment, col(Attachment.sha256) == col(EventAttachment.sha256))
            .where(col(EventAttachment.event_id).in_(pictured), col(Attachment.erased_at).is_(None))
            .order_by(col(EventAttachment.event_id), col(EventAttachment.name))
        )
        if pictured
        else ()
    ):
        found[event_id] = (*found.get(event_id, ()), picture)
    return found


def _labels(session: Session, line: list[str]) -> int:
    counted = func.sum(col(LabelRun.count) - col(LabelRun.voided))
    return int(session.exec(select(counted).where(col(LabelRun.batch_id).in_(line))).one() or 0)


def _restrictions(session: Session, line: list[str]) -> tuple[Restriction, ...]:
    """Return what stands against the batch or its sources: recalls before holds, the oldest first."""
    rows = session.exec(
        select(Restriction).where(col(Restriction.batch_id).in_(line), col(Restriction.lifted_by).is_(None))
    )
    return tuple(sorted(rows, key=lambda row: (row.kind != "recall", row.since, row.event_id)))


def _other_marks(session: Session, holder: str, product_id: str) -> tuple[OtherMark, ...]:
    rows = session.exec(
        select(OtherMark)
        .where(
            OtherMark.organisation_id == holder,
            col(OtherMark.retired_at).is_(None),
            col(OtherMark.product_id).is_(None) | (col(OtherMark.product_id) == product_id),
        )
        .order_by(col(OtherMark.kind), col(OtherMark.number))
    )
    return tuple(rows)
