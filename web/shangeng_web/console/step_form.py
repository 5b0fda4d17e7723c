"""One step on one batch: what its form asks, what it holds at first, and what is done with the answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sqlmodel import Session

from shangeng_trace.acting import Actor, Office
from shangeng_trace.attachments import Picture
from shangeng_trace.batches import Part, Take, pack, record_step, ship, split
from shangeng_trace.entry import Receipt
from shangeng_trace.quantities import Quantity
from shangeng_trace.recording import Telling
from shangeng_trace.steps import Effect, FieldType, Step
from shangeng_web.console.answers import (
    PACKS,
    chosen_of,
    clock,
    days_of,
    last_values,
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
from shangeng_web.console.choices import last_recipient
from shangeng_web.console.seeing import Seen
from shangeng_web.console.states import measure, stock, unit_words
from shangeng_web.i18n import translator

_IN_PACKS = (Effect.SHIP, Effect.ADJUST, Effect.SPLIT)
_LEAVING = (Effect.SHIP, Effect.ADJUST)


@dataclass(frozen=True, slots=True)
class Filled:
    """What somebody filled in on a step's form, checked as far as one can without the ledger."""

    values: dict[str, object]
    telling: Telling
    take: Take | None = None
    used: Take | None = None
    packs: str = ""
    recipient: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(slots=True)
class StepForm:
    """The form of a step on a batch.

    `members`, `farmers` and `references` are what its lists offer, `others` the steps one may have meant instead.
    """

    seen: Seen
    step: Step
    sheet: Sheet
    members: Sequence[tuple[str, str]] = ()
    farmers: Sequence[tuple[str, str]] = ()
    references: Sequence[tuple[str, str]] = ()
    others: Sequence[Step] = ()
    pictures: list[Picture] = field(default_factory=list[Picture])
    worked: bool = False
    """Whether something was made of the batch in place, so that a correction may be about what went in."""

    @property
    def asks_amount(self) -> bool:
        """Whether the form asks for one amount."""
        if self.step.effect in (Effect.SPLIT, Effect.PACK):
            return False
        return self.step.weigh != "no" or self.step.effect is Effect.SHIP

    @property
    def unit(self) -> str:
        """The unit in which the batch is measured."""
        return self.seen.batch.unit

    def questions(self) -> list[Question]:
        """Return everything the form asks, in order."""
        fields = [ask(known, self.sheet, references=self.references) for known in self.step.fields]
        if self.step.effect is Effect.CORRECT:  # first which record, then what is wrong with it
            return [*fields, *self._right_amounts(), *circumstances(self.sheet, self.farmers)]
        return [*self._amounts(), *fields, *circumstances(self.sheet, self.farmers)]

    def _right_amounts(self) -> list[Question]:
        _, sheet, batch = translator(self.sheet.language), self.sheet, self.seen.batch
        packs = [(PACKS, unit_words(self.seen.product.pack_unit, sheet.language))]
        has_packs = batch.packed or batch.units
        shown = units(units_like(batch.unit), "quantity", sheet, packs if has_packs else ())
        hint = _("数量记错了才填。没有发生过的，空着：记下的数量会全部退回。")
        label = _("正确的数量")
        asked = [question(sheet, "quantity", label, kind="number", hint=hint, required=False, **shown)]
        if self.worked:
            shown = units(units_like(batch.unit), "used", sheet)
            hint = _("加工环节才有：做以前有多少，记错了才填。")
            asked.append(
                question(sheet, "used", _("正确的投入数量"), kind="number", hint=hint, required=False, **shown)
            )
        return asked

    def _amounts(self) -> list[Question]:
        _, sheet, batch = translator(self.sheet.language), self.sheet, self.seen.batch
        there = stock(batch, self.seen.product, sheet.language)
        hint = _("现有 %(stock)s", stock=there) if there else ""
        packs = [(PACKS, unit_words(self.seen.product.pack_unit, sheet.language))] if batch.units else []
        offered = units_like(batch.unit)
        asked: list[Question] = []
        if self.step.effect is Effect.SHIP:
            asked.append(question(sheet, "recipient", _("发给谁"), kind="select", options=list(self.members)))
        if self.asks_amount:
            label = _("做完以后有多少") if self.step.effect is Effect.TRANSFORM else _("数量")
            required = self.step.weigh == "must" or self.step.effect is Effect.SHIP
            extra = packs if self.step.effect in _IN_PACKS else []
            shown = units(offered, "quantity", sheet, extra)
            asked.append(question(sheet, "quantity", label, kind="number", hint=hint, required=required, **shown))
        if self.step.effect is Effect.PACK:
            shown = {"unit": unit_words(self.seen.product.pack_unit, sheet.language)}
            asked.append(question(sheet, "packs", _("装了多少"), kind="number", hint=self._fits(hint), **shown))
            label = _("用了多少")
            used = units(offered, "quantity", sheet)
            whole = _("空着就是全部")
            asked.append(question(sheet, "quantity", label, kind="number", hint=whole, required=False, **used))
        if self.step.effect is Effect.SPLIT:
            shown = units(offered, "parts", sheet, packs)
            rows = rows_of("parts", parts_columns(sheet), sheet)
            asked.append(question(sheet, "parts", _("分成哪几批"), kind="table", hint=hint, **rows, **shown))
        return asked

    def _fits(self, hint: str) -> str:
        most = self.most_packs
        if not most:
            return hint
        product, language = self.seen.product, self.sheet.language
        _ = translator(language)
        return _(
            "%(have)s 每%(pack)s %(net)s，最多 %(most)s",
            have=measure(self.seen.batch.bulk, self.unit, language),
            pack=unit_words(product.pack_unit, language),
            net=measure(product.net_amount, product.net_unit, language),
            most=measure(most, product.pack_unit, language),
        )

    @property
    def most_packs(self) -> int:
        """How many packs the batch fills, 0 where that cannot be said."""
        have = Quantity(self.seen.batch.bulk, self.unit)
        net = Quantity(self.seen.product.net_amount, self.seen.product.net_unit)
        return int(have.to(net.unit).amount // net.amount) if have.is_comparable(net) and net else 0

    def begin(self, session: Session, actor: Actor) -> None:
        """Fill a fresh form: what was said last, today, now."""
        batch, product = self.seen.batch, self.seen.product
        given = days_of(self.step, self.sheet.moment) | last_values(session, actor.organisation_id, self.step)
        if self.step.effect is Effect.PACK:
            size = self.step.field("pack_size")
            if size is not None and size.type is FieldType.QUANTITY and product.net_unit in size.units:
                given |= {"pack_size": f"{product.net_amount.normalize():f}", "pack_size_unit": product.net_unit}
            if self.most_packs:
                given["packs"] = str(self.most_packs)
        if self.step.effect in _LEAVING and batch.units and not batch.bulk:
            given["quantity_unit"] = PACKS
        if self.step.effect is Effect.SHIP:
            given["recipient"] = last_recipient(session, actor.organisation_id)
        self.sheet.given = given | {"at": clock(self.sheet.moment)} | self.sheet.given

    def read(self, event_id: str) -> Filled:
        """Return what was filled in; what is wrong stands in the sheet's problems."""
        sheet, effect = self.sheet, self.step.effect
        take: Take | None = None
        if self.asks_amount:
            required = self.step.weigh == "must" or effect is Effect.SHIP
            take = take_of(sheet, self.unit, required=required)
        elif effect is Effect.PACK:
            take_of(sheet, "piece", required=True, name="packs")
            take = take_of(sheet, self.unit, required=False)
        used = take_of(sheet, self.unit, required=False, name="used") if self.worked else None
        parts = parts_of(sheet, self.unit) if effect is Effect.SPLIT else ()
        recipient = chosen_of(sheet, "recipient", self.members) if effect is Effect.SHIP else ""
        values = values_of(self.step, sheet)
        claimed_by = chosen_of(sheet, "claimed_by", self.farmers, required=False)
        telling = Telling(moment_of(sheet), claimed_by or None, tuple(self.pictures), event_id)
        return Filled(values, telling, take, used, sheet.given.get("packs", ""), recipient, parts)

    def command(self, session: Session, office: Office, actor: Actor, filled: Filled) -> Receipt:
        """Record what was filled in: the verb is the one for the step's effect."""
        batch_id, values, telling = self.seen.batch.id, filled.values, filled.telling
        match self.step.effect:
            case Effect.PACK:
                return pack(
                    session,
                    office,
                    actor,
                    batch_id=batch_id,
                    packs=filled.packs,
                    values=values,
                    take=filled.take,
                    telling=telling,
                )
            case Effect.SHIP:
                return ship(
                    session,
                    office,
                    actor,
                    batch_id=batch_id,
                    recipient_id=filled.recipient,
                    take=filled.take or Take(Decimal(0)),
                    values=values,
                    telling=telling,
                )
            case Effect.SPLIT:
                return split(
                    session, office, actor, batch_id=batch_id, parts=filled.parts, values=values, telling=telling
                )[1]
            case _:
                return record_step(
                    session,
                    office,
                    actor,
                    batch_id=batch_id,
                    step=self.step.key,
                    values=values,
                    take=filled.take,
                    used=filled.used,
                    telling=telling,
                )
