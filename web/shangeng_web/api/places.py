"""Where an error stands in a request: the rules' own field names as paths of JSON members."""

from collections.abc import Collection, Mapping

from shangeng_trace.errors import InvalidError, ShangengError
from shangeng_trace.numbers import LotInvalid
from shangeng_trace.quantities import QuantityInvalid

IDEMPOTENCY_KEY = "Idempotency-Key"

_NAMES: Mapping[str, tuple[str, ...]] = {
    "product": ("product_id",),
    "plot": ("plot_id",),
    "recipient": ("recipient_id",),
    "quantity": ("inputs", "parts"),
    "lot": ("parts",),
    "photo": ("pictures",),
    IDEMPOTENCY_KEY: (),
}
"""A rule's field → the members it may mean, the first that the request has; a header means none."""

_EVENT_NAMES: Mapping[str, str] = {
    "at": "eventTime",
    "event_id": "eventID",
    "step": "shangeng:step",
    "claimed_by": "shangeng:claimedBy",
    "lot": "ilmd",
    "product": "ilmd",
    "plot": "ilmd",
    "recipient": "destinationList",
    "packs": "outputQuantityList",
}


def place(error: ShangengError, members: Collection[str]) -> None:
    """Name the members of a request body, whose names are given, in an error and its parts."""
    for each in _parts(error):
        if each.field is None and isinstance(each, LotInvalid | QuantityInvalid):
            each.field = "lot" if isinstance(each, LotInvalid) else "quantity"
        if each.field is not None:
            each.field = member(each.field, members)


def member(field: str, members: Collection[str]) -> str:
    """Return the path of a rule's field in a body with these members; a field of the record stands under `values`."""
    head = field.partition(".")[0]
    if head in members:
        return field
    known = next((name for name in _NAMES.get(head, ()) if name in members), None)
    if known is not None:
        return known
    return f"values.{field}" if "values" in members and head not in _NAMES else field


def place_in_event(error: ShangengError, event: Mapping[str, object]) -> None:
    """Name the members of a signed event in an error and its parts; a field of the record stands under its name."""
    for each in _parts(error):
        if each.field is None or each.field.partition(".")[0] in {*event, "proof"}:
            continue
        if each.field == "quantity":
            lists = ("quantityList", "inputQuantityList")
            each.field = next((name for name in lists if name in event), None)
        else:
            each.field = _EVENT_NAMES.get(each.field, f"shangeng:record.{each.field}")


def _parts(error: ShangengError) -> tuple[ShangengError, ...]:
    return error.problems if isinstance(error, InvalidError) else (error,)
