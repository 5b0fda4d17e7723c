"""The goods themselves: where they come from, what their label says, what went in and what came out. Pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from shangeng_trace.clock import SHANGHAI
from shangeng_trace.quantities import Quantity, QuantityInvalid
from shangeng_trace.steps import Effect
from shangeng_web.i18n import Language
from shangeng_web.public.dossier import Dossier, Told
from shangeng_web.public.words import amount, county_full, county_short, in_its_language, packs, share, wording


@dataclass(frozen=True, slots=True)
class Place:
    """Where goods come from, to the village and never nearer; `altitudes` of the lowest and the highest plot."""

    county: str
    short: Markup
    full: Markup
    altitudes: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Packing:
    """The label's own facts, from the last packing."""

    day: date
    made_on: date | None
    best_before: date | None
    standard: str
    permit: str
    net: Markup
    count: Markup


@dataclass(frozen=True, slots=True)
class Balance:
    """What went in and came out, where one line can say it: from the field, as goods, in packs."""

    came: Markup | None
    made: Markup | None
    rate: str | None
    packed: Markup | None
    packed_weight: Markup | None


def place(dossier: Dossier, language: Language) -> Place:
    """Return where the batch and its sources come from; without a plot on record, where the producer is."""
    _ = wording(language)
    plot_ids = [one.plot_id for one in dossier.family.values() if one.plot_id is not None]
    known = [dossier.plots[plot_id] for plot_id in plot_ids if plot_id in dossier.plots]
    bases = [base for _plot, base in known]
    county = bases[0].county if bases else dossier.producer.county
    village = (bases[0].village or bases[0].township) if bases else dossier.producer.township
    near = in_its_language(village, language)
    heights = [plot.altitude_m for plot, _base in known]

    def written(large: str) -> Markup:
        # A Chinese page reads from the large to the small, an English one the other way round.
        parts = (large, near) if language != "en" else (near, large)
        return _("·").join(part for part in parts if part)

    return Place(
        county=county,
        short=written(county_short(county, language)),
        full=written(county_full(county, language)),
        altitudes=(min(heights), max(heights)) if heights else None,
    )


def last_packing(dossier: Dossier) -> Told | None:
    """Return the newest packing of the batch or of one it was made from; not one that was taken back."""
    packings = (one for one in reversed(dossier.told) if one.step.effect is Effect.PACK)
    return next((one for one in packings if dossier.standing[one.event.event_id].outputs[0].amount), None)


def package_lot(dossier: Dossier) -> str:
    """Return the lot that stands on the package: who sells it on may count it under a lot of its own."""
    packing = last_packing(dossier)
    return dossier.batch.lot if packing is None else dossier.family[packing.event.outputs[0].batch].lot


def packing(dossier: Dossier, language: Language) -> Packing | None:
    """Return what the label says, or None where nothing is packed."""
    one = last_packing(dossier)
    if one is None:
        return None
    record, made = one.event.record, dossier.standing[one.event.event_id].outputs[0]
    product = dossier.products[dossier.family[made.batch].product_id]
    return Packing(
        day=one.event.happened_at.astimezone(SHANGHAI).date(),
        made_on=_date(record.get("prod_date")),
        best_before=_date(record.get("best_before")),
        standard=str(record.get("std_code", "")),
        permit=str(record.get("licence_no", "")),
        net=_net(record.get("pack_size"), product.net_amount, product.net_unit, language),
        count=packs(made.amount or Decimal(0), product, language),
    )


def _net(said: Any, value: Decimal, unit: str, language: Language) -> Markup:
    try:
        stated = Quantity.from_json(said)
    except QuantityInvalid:
        return amount(value, unit, language)
    return amount(stated.amount, stated.unit, language)


def _date(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else None


def balance(dossier: Dossier, language: Language) -> Balance:
    """Add up what came from the field, what was made of it and what was packed; only where all is of one batch."""
    if len(dossier.family) > 1:
        return Balance(None, None, None, None, None)
    unit = dossier.batch.unit
    told = [(one.step.effect, dossier.standing[one.event.event_id]) for one in dossier.told]
    came = sum(
        (portion.amount or Decimal(0) for effect, event in told for portion in event.subjects if effect is Effect.OPEN),
        Decimal(0),
    )
    transforms = [event for effect, event in told if effect is Effect.TRANSFORM and event.outputs[0].amount]
    made = transforms[-1].outputs[0].amount if transforms else None
    packings = [event for effect, event in told if effect is Effect.PACK]
    count = sum((event.outputs[0].amount or Decimal(0) for event in packings), Decimal(0))
    weight = sum((event.inputs[0].amount or Decimal(0) for event in packings), Decimal(0))
    return Balance(
        came=amount(came, unit, language) if came else None,
        made=amount(made, unit, language) if made else None,
        rate=share(made, came, language) if made and came and made < came else None,
        packed=packs(count, dossier.product, language) if count else None,
        packed_weight=amount(weight, unit, language) if weight else None,
    )
