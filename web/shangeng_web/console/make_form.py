"""The form of a step that takes several batches: how much of each goes in, and what comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sqlmodel import Session

from shangeng_trace.acting import Actor, Office
from shangeng_trace.attachments import Picture
from shangeng_trace.batch_tables import Batch
from shangeng_trace.batches import Part, Take, process
from shangeng_trace.entry import Receipt
from shangeng_trace.errors import RejectedError
from shangeng_trace.quantities import quantity
from shangeng_trace.recording import Telling
from shangeng_trace.refusals import QuantityMissing
from shangeng_trace.registry_tables import Product
from shangeng_trace.steps import Effect, Step
from shangeng_web.console.answers import (
    chosen_of,
    clock,
    days_of,
    last_values,
    lot_of,
    moment_of,
    parts_of,
    take_of,
    values_of,
)
from shangeng_web.console.asking import (
    Question,
    Sheet,
    ask,
    circumstances,
    parts_columns,
    question,
    rows_of,
    units,
    units_like,
)
from shangeng_web.console.open_form import suggest_lot
from shangeng_web.console.states import called, measure
from shangeng_web.i18n import translator


@dataclass(frozen=True, slots=True)
class Made:
    """What somebody filled in: how much of which batch, the new batches, the record and its circumstances."""

    inputs: Mapping[str, Take]
    parts: tuple[Part, ...]
    values: dict[str, object]
    telling: Telling


@dataclass(slots=True)
class MakeForm:
    """The form of a step that takes several batches: how much of each, and what it makes."""

    step: Step
    sheet: Sheet
    sources: Sequence[tuple[Batch, Product]]
    products: Sequence[Product]
    farmers: Sequence[tuple[str, str]]
    pictures: list[Picture] = field(default_factory=list[Picture])

    @property
    def product(self) -> Product | None:
        """The product that is made."""
        return next((row for row in self.products if row.id == self.sheet.given.get("product")), None)

    def questions(self) -> list[Question]:
        """Return everything the form asks: sources, product, new batches, the step's own fields."""
        _, sheet = translator(self.sheet.language), self.sheet
        asked = [self._source(batch, product) for batch, product in self.sources]
        named = [(row.id, called(row, sheet.language)) for row in self.products]
        asked.append(question(sheet, "product", _("做成什么"), kind="select", options=named))
        if self.step.effect is Effect.MERGE:
            asked.append(question(sheet, "lot", _("新批次号"), mono=True, maxlength=20))
        else:
            bases = dict.fromkeys(key for row in self.products for key in units_like(row.unit))
            rows = rows_of("parts", parts_columns(sheet), sheet) | units(tuple(bases), "parts", sheet)
            asked.append(question(sheet, "parts", _("做成哪几批"), kind="table", **rows))
        return [*asked, *(ask(known, sheet) for known in self.step.fields), *circumstances(sheet, self.farmers)]

    def _source(self, batch: Batch, product: Product) -> Question:
        _, sheet, name = translator(self.sheet.language), self.sheet, f"from_{batch.id}"
        hint = _("现有 %(stock)s", stock=measure(batch.bulk, batch.unit, sheet.language))
        label = _("用 %(product)s %(lot)s 多少", product=called(product, sheet.language), lot=batch.lot)
        shown = units(units_like(batch.unit), name, sheet)
        return question(sheet, name, label, kind="number", hint=hint, required=False, **shown)

    def begin(self, session: Session, actor: Actor, batch_id: str) -> None:
        """Fill a fresh form: all of the batch one came from, its product, a new lot, what was said last, now."""
        given = days_of(self.step, self.sheet.moment) | last_values(session, actor.organisation_id, self.step)
        chosen = [pair for pair in self.sources if pair[0].id == batch_id]
        for batch, source in chosen:
            given |= {f"from_{batch.id}": f"{batch.bulk.normalize():f}", "product": source.id}
        product = next((row for row in self.products if row.id == given.get("product")), None)
        if product := product or (self.products[0] if len(self.products) == 1 else None):
            lot = suggest_lot(session, product, actor, self.sheet.moment)
            given |= {"product": product.id, "lot": lot, "parts-0-lot": lot}
        self.sheet.given = given | {"at": clock(self.sheet.moment)}

    def read(self, event_id: str) -> Made:
        """Return what was filled in; what is wrong stands in the sheet's problems."""
        sheet = self.sheet
        takes = {
            batch.id: take
            for batch, _ in self.sources
            if (take := take_of(sheet, batch.unit, required=False, name=f"from_{batch.id}")) is not None
        }
        if not takes and not sheet.problems:
            sheet.refuse(QuantityMissing(field=f"from_{self.sources[0][0].id}" if self.sources else None))
        chosen_of(sheet, "product", [(row.id, row.name) for row in self.products])
        unit = self.product.unit if self.product else "kg"
        parts = self._whole(takes) if self.step.effect is Effect.MERGE else parts_of(sheet, unit)
        claimed_by = chosen_of(sheet, "claimed_by", self.farmers, required=False)
        values = values_of(self.step, sheet)
        telling = Telling(moment_of(sheet), claimed_by or None, tuple(self.pictures), event_id)
        return Made(takes, parts, values, telling)

    def _whole(self, takes: dict[str, Take]) -> tuple[Part, ...]:
        """Return the one batch that merging makes: it holds what went in."""
        lot = lot_of(self.sheet)
        known = {batch.id: batch.unit for batch, _ in self.sources}
        stated = [quantity(take.amount, take.unit or known[batch_id]) for batch_id, take in takes.items()]
        if not lot or not stated or self.sheet.problems:
            return ()
        try:
            whole = sum(stated[1:], start=stated[0])
        except RejectedError as problem:
            self.sheet.refuse(problem)
            return ()
        return (Part(lot, Take(Decimal(whole.amount), whole.unit)),)

    def command(self, session: Session, office: Office, actor: Actor, made: Made) -> Receipt:
        """Record what was filled in."""
        return process(
            session,
            office,
            actor,
            step=self.step.key,
            inputs=made.inputs,
            product_id=self.sheet.given["product"],
            parts=made.parts,
            values=made.values,
            telling=made.telling,
        )[1]
