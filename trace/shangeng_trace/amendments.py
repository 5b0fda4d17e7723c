"""Setting amounts right: what an earlier event moved, and what a correction makes of it. Pure.

A correction states, for each amount it changes, what stood and what is right. Stock changes by the difference, so an
amount is what was recorded and all differences since, in whatever order they are read.
"""

from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from shangeng_trace.events import Amendment, Event, Flow, Portion
from shangeng_trace.refusals import CorrectThePart, NoSuchAmount
from shangeng_trace.steps import Effect

_BALANCED = (Effect.SPLIT, Effect.MERGE)
"""What one batch has more, another has less."""


def moved(event: Event, effect: Effect) -> tuple[Amendment, ...]:
    """Return every amount that an event moved, each as it stands; goods received had left their sender before."""
    match effect:
        case Effect.OPEN:
            lists = [(Flow.IN, event.subjects)]
        case Effect.ADJUST | Effect.SHIP:
            lists = [(Flow.OUT, event.subjects)]
        case Effect.RECEIVE:
            lists = [(Flow.IN, event.outputs)]
        case Effect.PACK:
            lists = [(Flow.OUT, event.inputs), (Flow.PACKED, event.outputs)]
        case Effect.TRANSFORM | Effect.SPLIT | Effect.MERGE:
            lists = [(Flow.OUT, event.inputs), (Flow.IN, event.outputs)]
        case _:
            lists = []
    return tuple(
        Amendment(portion.batch, flow, portion.amount, portion.amount, portion.packs, portion.uom)
        for flow, portions in lists
        for portion in portions
        if portion.amount is not None
    )


def set_right(event: Event, corrections: Iterable[Event]) -> Event:
    """Return the event with the amounts that stand after these corrections of it."""
    changes: dict[tuple[str, bool, bool], Decimal] = {}
    for correction in corrections:
        for each in correction.amends:
            key = each.batch, each.packs, each.flow is Flow.OUT
            changes[key] = changes.get(key, Decimal(0)) + each.amount - each.was
    if not changes:
        return event
    return replace(
        event,
        subjects=tuple(_changed(portion, changes, (True, False)) for portion in event.subjects),
        inputs=tuple(_changed(portion, changes, (True,)) for portion in event.inputs),
        outputs=tuple(_changed(portion, changes, (False,)) for portion in event.outputs),
    )


def _changed(portion: Portion, changes: dict[tuple[str, bool, bool], Decimal], sides: tuple[bool, ...]) -> Portion:
    if portion.amount is None:
        return portion
    change = sum((changes.get((portion.batch, portion.packs, side), Decimal(0)) for side in sides), Decimal(0))
    return replace(portion, amount=portion.amount + change)


def in_effect(events: Iterable[Event]) -> dict[str, Event]:
    """Return events by their ids, each with its amounts as the corrections among them have set them right."""
    told = list(events)
    about: dict[str, list[Event]] = {}
    for event in told:
        if event.amends:
            about.setdefault(str(event.record["event"]), []).append(event)
    return {event.event_id: set_right(event, about.get(event.event_id, ())) for event in told}


def undone(event: Event, effect: Effect) -> tuple[Amendment, ...]:
    """Return what takes back everything an event moved."""
    return tuple(replace(each, amount=Decimal(0)) for each in moved(event, effect))


def amended(event: Event, effect: Effect, right: Portion, used: Portion) -> tuple[Amendment, ...]:
    """Return what sets amounts of one batch right.

    `right` is what came out of the step rather than what went in, where it did both to the batch; `used` is then what
    went in. Where parts must add up to the whole, the other side changes with it. Raises `NoSuchAmount` and
    `CorrectThePart`.
    """
    changed: list[Amendment] = []
    there = moved(event, effect)
    if right.amount is not None:
        here = [each for each in there if (each.batch, each.packs) == (right.batch, right.packs)]
        if not here:
            raise NoSuchAmount(field="quantity")
        one = here[-1]
        changed.append(replace(one, amount=right.amount))
        if effect in _BALANCED:
            others = [each for each in there if (each.flow is Flow.OUT) is not (one.flow is Flow.OUT)]
            if len(others) > 1:
                raise CorrectThePart(field="quantity")
            changed += [replace(each, amount=max(Decimal(0), each.was + right.amount - one.was)) for each in others]
    if used.amount is not None:
        into = [each for each in there if (each.batch, each.flow, each.packs) == (used.batch, Flow.OUT, used.packs)]
        if effect is not Effect.TRANSFORM or not into or any(each.flow is Flow.OUT for each in changed):
            raise NoSuchAmount(field="used")
        changed.append(replace(into[0], amount=used.amount))
    return tuple(changed)
