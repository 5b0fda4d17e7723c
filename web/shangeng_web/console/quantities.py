"""What went into each step of a batch and what came out of it, and what became of all of it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shangeng_trace.batch_tables import Batch
from shangeng_trace.steps import Effect
from shangeng_web.console.story import Told
from shangeng_web.i18n import Language

_LEAVING = (Effect.SHIP, Effect.ADJUST, Effect.SPLIT, Effect.PACK)
_PERCENT = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Row:
    """A step in the table of quantities: amounts in the batch's unit, packs apart; yield in percent."""

    index: int
    name: str
    into: Decimal | None
    out: Decimal | None
    packs: Decimal | None
    share: Decimal | None


@dataclass(frozen=True, slots=True)
class Balance:
    """All that went into a batch in bulk, what its last making left of it, and the share in percent."""

    into: Decimal
    out: Decimal
    share: Decimal

    @property
    def lost(self) -> Decimal:
        """What went off between."""
        return self.into - self.out


def rows(told: Sequence[Told], batch: Batch, language: Language) -> list[Row]:
    """Return a row for every event with an amount, in order."""
    made: list[Row] = []
    for one in told:
        bulk_in, bulk_out = _bulk(one, batch.id)
        packs = _packs(one, batch.id)
        if bulk_in is None and bulk_out is None and packs is None:
            continue
        makes = one.step.effect is Effect.TRANSFORM and bulk_in and bulk_out
        share = (100 * bulk_out / bulk_in).quantize(_PERCENT) if makes and bulk_in and bulk_out else None
        made.append(Row(one.row.index, one.step.name(language), bulk_in, bulk_out, packs, share))
    return made


def balance(told: Sequence[Told], batch: Batch) -> Balance | None:
    """Return what became of all that went in, None while nothing was made of it.

    What came in before the first making stands against what the last making left; goods that left the batch between
    two makings count as neither.
    """
    into, out, gone, made = Decimal(0), Decimal(0), Decimal(0), False
    for one in told:
        bulk_in, bulk_out = _bulk(one, batch.id)
        if one.step.effect is Effect.TRANSFORM and bulk_in is not None and bulk_out is not None:
            out, made = bulk_out, True
        elif bulk_out is not None and not made:
            into += bulk_out
        elif bulk_in is not None and not made and one.step.effect in _LEAVING:
            gone += bulk_in
    if not made or into <= gone or out > into - gone:
        return None
    whole = into - gone
    return Balance(whole, out, (100 * out / whole).quantize(_PERCENT))


def _bulk(one: Told, batch_id: str) -> tuple[Decimal | None, Decimal | None]:
    """Return what an event took out of a batch in bulk, and what it put in; nothing where that was taken back."""
    taken, put = one.standing.inputs, one.standing.outputs
    if one.standing.action == "ADD":
        put = one.standing.subjects
    elif one.step.effect in _LEAVING:
        taken = (*taken, *one.standing.subjects)
    if one.step.effect is Effect.RECEIVE:
        taken = ()
    amounts = [
        next((each.amount for each in side if each.batch == batch_id and not each.packs), None) or None
        for side in (taken, put)
    ]
    return amounts[0], amounts[1]


def _packs(one: Told, batch_id: str) -> Decimal | None:
    """Return how many packs an event put into a batch; what it took out is below zero."""
    # A receipt stands in the sender's chain too; there the goods left with the shipment.
    taken = () if one.step.effect is Effect.RECEIVE else one.standing.inputs
    for side, sign in ((one.standing.outputs, 1), (taken, -1), (one.standing.subjects, -1)):
        found = next((each.amount for each in side if each.batch == batch_id and each.packs), None)
        if found:
            return found * sign
    return None
