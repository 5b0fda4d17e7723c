"""Query: everything the console's page of a batch shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from shangeng_certs.gate import may_label
from shangeng_certs.gate_rules import Finding
from shangeng_trace.acting import Actor, Office
from shangeng_trace.batch_tables import Batch, EventBatch, Lineage, Part, Restriction, Shipment
from shangeng_trace.events import Portion
from shangeng_trace.lineage import standing
from shangeng_trace.records import display_value
from shangeng_trace.registry_tables import Organisation, OrganisationKind, Plot, Product
from shangeng_trace.steps import BatchState, Effect, FieldType, Step
from shangeng_trace.witnessing import Heads, Standing, read_heads
from shangeng_web.console.quantities import Balance, Row, balance, rows
from shangeng_web.console.seeing import Seen, see_batch
from shangeng_web.console.states import Chip, called, gate_chip, measure, state_chip, stock, unit_words
from shangeng_web.console.story import Told, read_story
from shangeng_web.i18n import N_, Language, translator

RULES = {
    "licence": N_("商标许可"),
    "certificate": N_("认证范围"),
    "restriction": N_("暂停与召回"),
    "test": N_("检测"),
    "packed": N_("包装"),
}
"""What the rules of the gate are called."""


@dataclass(frozen=True, slots=True)
class Flash:
    """What just happened, on top of the page."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Relative:
    """A batch this one was made from or became, or a shipment of it; `path` None where the reader may not go."""

    line: str
    below: str
    amount: str
    path: str | None


@dataclass(frozen=True, slots=True)
class BatchPage:
    """What the page shows. `parents` and `children` are nearest relatives, `shipments` who was sent some of it."""

    seen: Seen
    language: Language
    is_own: bool
    plot: Plot | None
    stock: str
    chip: Chip
    findings: list[Finding]
    told: list[Told]
    rows: list[Row]
    balance: Balance | None
    parents: list[Relative]
    children: list[Relative]
    shipments: list[Relative]
    restrictions: tuple[Restriction, ...]
    heads: Heads

    @property
    def logged(self) -> int:
        """How many of the records are under a head that the log has signed."""
        return sum(self.heads.standing(told.row.index) is not Standing.SIGNED for told in self.told)

    @property
    def witnessed(self) -> int:
        """How many of them are under a head that enough witnesses have cosigned."""
        return sum(self.heads.standing(told.row.index) is Standing.WITNESSED for told in self.told)

    @property
    def unit(self) -> str:
        """The word of the batch's unit."""
        return unit_words(self.seen.batch.unit, self.language)

    @property
    def pack_unit(self) -> str:
        """The word of the unit it is packed in."""
        return unit_words(self.seen.product.pack_unit, self.language)

    def rule_name(self, finding: Finding) -> str:
        """Return what a rule is called; one without a name here shows its key."""
        return translator(self.language)(RULES.get(finding.rule, finding.rule))

    def step(self, effect: str) -> Step | None:
        """Return the step of an effect that may be logged now, for a button."""
        return next((step for step in self.seen.steps if step.effect.value == effect), None)

    def said(self, told: Told) -> Iterable[tuple[str, str, bool]]:
        """Yield label and words of what a record holds, without its tables, and whether the public sees it."""
        for known, value, public in told.said():
            if known.type is not FieldType.TABLE:
                yield known.name(self.language), display_value(known, value, self.language), public

    def tables(self, told: Told) -> Iterable[tuple[list[dict[str, Any]], list[list[str]]]]:
        """Yield the columns and rows of tables in a record; a column that is empty throughout is left out."""
        for known, value, _ in told.said():
            if known.type is FieldType.TABLE:
                used = [column for column in known.columns if any(row.get(column.key) is not None for row in value)]
                heads = [
                    {"label": column.name(self.language), "decimal": column.type is not FieldType.TEXT}
                    for column in used
                ]
                shown = [
                    [display_value(column, row.get(column.key), self.language) for column in used] for row in value
                ]
                yield heads, shown

    def may_correct(self, told: Told) -> bool:
        """Whether the reader's organisation may declare a record wrong: its own, on its own batch, not undone yet."""
        own = self.is_own and told.row.author == self.seen.batch.owner
        return own and not told.undone and told.step.effect not in (Effect.CORRECT, Effect.CONFIRM)

    def amounts(self, told: Told) -> str:
        """Return the amounts of an event as far as they concern this batch: `41 kg → 8.9 kg`."""
        return self._written(told.portions(self.seen.batch.id))

    def right(self, told: Told) -> str:
        """Return the amounts that corrections have put in their place; nothing where they are the recorded ones."""
        right = self._written(told.portions(self.seen.batch.id, standing=True))
        return right if right != self.amounts(told) and not told.undone else ""

    def _written(self, portions: Iterable[Portion | None]) -> str:
        batch, product = self.seen.batch, self.seen.product
        return " → ".join(
            measure(one.amount, product.pack_unit if one.packs else batch.unit, self.language)
            for one in portions
            if one is not None and one.amount is not None
        )

    def saved(self, event_id: str, *, again: bool) -> Flash | None:
        """Say what was just recorded, and where it stands in the log; None where nothing of this batch was."""
        told = next((one for one in self.told if one.row.event_id == event_id), None)
        if told is None:
            return None
        _, what, amounts = translator(self.language), told.step.name(self.language), self.amounts(told)
        recorded = _("%(what)s，%(amounts)s", what=what, amounts=amounts) if amounts else what
        if again:
            words = _("这一条刚才已经保存过，没有重复记：%(what)s。要记新的，请重新打开环节。", what=recorded)
            return Flash("mind", words)
        return Flash("ok", _("已保存并签名：%(what)s。日志第 %(n)s 条。", what=recorded, n=told.row.index))


def read_batch_page(session: Session, office: Office, actor: Actor, language: Language, batch_id: str) -> BatchPage:
    """Return what the page of a batch shows this actor; raises `BatchNotFound` or `NotYours`."""
    seen = see_batch(session, office, actor, batch_id)
    batch, moment = seen.batch, office.clock()
    own = seen.is_of(actor)
    findings = may_label(session, batch_id=batch.id, at=moment)
    told = read_story(session, office.catalogue, batch, private=own or actor.kind is OrganisationKind.SUPERVISOR)
    return BatchPage(
        seen=seen,
        language=language,
        is_own=own,
        plot=session.get(Plot, batch.plot_id) if batch.plot_id else None,
        stock=stock(batch, seen.product, language),
        chip=_chip(seen, findings, language),
        findings=findings,
        told=told,
        rows=rows(told, batch, language),
        balance=balance(told, batch),
        parents=_relatives(session, actor, seen, language, upwards=True),
        children=_relatives(session, actor, seen, language, upwards=False),
        shipments=_shipments(session, seen, language),
        restrictions=standing(session, batch.id).restrictions,
        heads=read_heads(session),
    )


def _chip(seen: Seen, findings: list[Finding], language: Language) -> Chip:
    if seen.state is not BatchState.ACTIVE or not seen.batch.packed:
        return state_chip(seen.state, language)
    return gate_chip(sum(not finding.ok for finding in findings), language)


def _relatives(session: Session, actor: Actor, seen: Seen, language: Language, *, upwards: bool) -> list[Relative]:
    here, there = (Lineage.child, Lineage.parent) if upwards else (Lineage.parent, Lineage.child)
    edges = session.exec(select(Lineage).where(col(here) == seen.batch.id).order_by(col(there))).all()
    return [
        _relative(session, actor, edge.parent if upwards else edge.child, edge.index, language, upwards=upwards)
        for edge in edges
    ]


def _relative(
    session: Session, actor: Actor, batch_id: str, index: int, language: Language, *, upwards: bool
) -> Relative:
    batch = session.get_one(Batch, batch_id)
    product, owner = session.get_one(Product, batch.product_id), session.get_one(Organisation, batch.owner)
    part = Part.INPUT if upwards else Part.OUTPUT
    portions = session.exec(
        select(EventBatch).where(EventBatch.index == index, EventBatch.batch_id == batch_id, EventBatch.part == part)
    )
    amounts = [
        measure(row.amount, product.pack_unit if row.packs else batch.unit, language)
        for row in portions
        if row.amount is not None
    ]
    reachable = actor.kind is not OrganisationKind.MEMBER or batch.owner == actor.organisation_id
    path = f"/console/batches/{batch.id}" if reachable else f"/b/{batch.id}"
    return Relative(f"{called(product, language)} {batch.lot}", called(owner, language), "、".join(amounts), path)


def _shipments(session: Session, seen: Seen, language: Language) -> list[Relative]:
    _ = translator(language)
    found = session.exec(select(Shipment).where(Shipment.batch_id == seen.batch.id).order_by(col(Shipment.event_id)))
    return [
        Relative(
            called(session.get_one(Organisation, row.recipient), language) if row.recipient else _("未写明"),
            _("已接收") if row.received_by else _("在路上，还没有接收"),
            measure(row.amount, seen.product.pack_unit if row.packs else seen.batch.unit, language),
            None,
        )
        for row in found
    ]
