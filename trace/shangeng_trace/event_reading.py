"""Reading an event document strictly: every member known, every value of its kind (design 4.2). Pure.

What is read is written again and compared: a document that says anything an `Event` does not hold is refused, so no
member can carry what nobody checks. Only the time may be written in another zone than ours.
"""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar, cast

from shangeng_trace.errors import MalformedError
from shangeng_trace.events import EPCIS_CONTEXT, Amendment, Device, Event, Flow, Opened, Portion
from shangeng_trace.ids import is_event_id, read_id

TYPES = ("ObjectEvent", "TransformationEvent")
MAX_PORTIONS = 200
"""Batches in one list: more than the largest pooling of a day's deliveries, and well inside an entry's 64 KiB."""
MAX_AMOUNT = 10**9
MAX_DECIMALS = 6
"""A milligram written in kilograms."""
MAX_TEXT = 120

_TIME = re.compile(r"(19|20)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")

V = TypeVar("V")


class EventMalformed(MalformedError):
    """A document that is not an event as this ledger reads events."""

    code = "trace.event_malformed"
    zh = "这条记录的格式不对：{what}。"
    en = "This record is not in the expected form: {what}."


def read_event(document: dict[str, Any]) -> Event:
    """Read an event document; raises `EventMalformed` naming the member that is missing, unknown or wrong."""
    kind = _text(document, "type")
    if kind not in TYPES:
        raise EventMalformed(what="type")
    if document.get("@context") != EPCIS_CONTEXT:
        raise EventMalformed(what="@context")
    subjects: tuple[Portion, ...] = ()
    inputs: tuple[Portion, ...] = ()
    outputs: tuple[Portion, ...] = ()
    if kind == "ObjectEvent":
        subjects = _portions(document, "quantityList")
    else:
        inputs, outputs = _portions(document, "inputQuantityList"), _portions(document, "outputQuantityList")
    event = Event(
        event_id=_event_id(document.get("eventID"), "eventID"),
        type=kind,
        step=_text(document, "shangeng:step"),
        action=_optional(document, "action"),
        biz_step=_text(document, "bizStep"),
        disposition=_optional(document, "disposition"),
        happened_at=_moment(document),
        subjects=subjects,
        inputs=inputs,
        outputs=outputs,
        opened=tuple(_opened(item) for item in _list(_dict(document, "ilmd"), "shangeng:batches")),
        record=_dict(document, "shangeng:record"),
        plot=_party(document, "readPoint", "id", "plot"),
        sender=_only_party(document, "sourceList", "source"),
        recipient=_only_party(document, "destinationList", "destination"),
        shipment=_shipment(document),
        lifts=tuple(_event_id(item, "shangeng:lifts") for item in _list(document, "shangeng:lifts")),
        amends=tuple(_amendment(item) for item in _list(document, "shangeng:amends")),
        basis=_hashes(document, "shangeng:basis", _own_id) or None,
        device=_device(document),
        entered_by=_person(document, "shangeng:enteredBy"),
        claimed_by=_person(document, "shangeng:claimedBy"),
        commitments=_hashes(document, "shangeng:commitments", _commitment_name),
    )
    _says_no_more(document, event)
    return event


def _says_no_more(document: dict[str, Any], event: Event) -> None:
    """Refuse what `event` does not hold; the proof is not part of what an event says."""
    offset = _text(document, "eventTimeZoneOffset")
    if not _OFFSET.fullmatch(offset):
        raise EventMalformed(what="eventTimeZoneOffset")
    said = {name: value for name, value in document.items() if name != "proof"}
    again = event.document() | {"eventTime": document["eventTime"], "eventTimeZoneOffset": offset}
    if not _same(said, again):
        for name in sorted(said.keys() | again.keys()):
            if name not in said or name not in again or not _same(said[name], again[name]):
                raise EventMalformed(what=name[:MAX_TEXT])


def _same(left: object, right: object) -> bool:
    """Whether two JSON values are equal; unlike Python's `==`, true is not 1 here."""
    if left is right:
        return True
    if isinstance(left, dict) and isinstance(right, dict):
        ours, theirs = cast("dict[str, object]", left), cast("dict[str, object]", right)
        if ours.keys() != theirs.keys():
            return False
        for name, value in ours.items():
            other = theirs[name]
            # Most values are text, and most of the rest is the very same object.
            if value is not other and (value != other if type(value) is str else not _same(value, other)):
                return False
        return True
    if isinstance(left, list) and isinstance(right, list):
        mine, others = cast("list[object]", left), cast("list[object]", right)
        return len(mine) == len(others) and all(map(_same, mine, others))
    return isinstance(left, bool) is isinstance(right, bool) and left == right


def _kind(value: object, kind: type[V], name: str) -> V:
    if not isinstance(value, kind):
        raise EventMalformed(what=name)
    return value


def _text(document: dict[str, Any], name: str) -> str:
    value = _kind(document.get(name), str, name)
    if not 0 < len(value) <= MAX_TEXT:
        raise EventMalformed(what=name)
    return value


def _optional(document: dict[str, Any], name: str) -> str | None:
    return _text(document, name) if name in document else None


def _dict(document: dict[str, Any], name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", _kind(document.get(name, {}), dict, name))


def _list(document: dict[str, Any], name: str) -> list[Any]:
    value: list[Any] = _kind(document.get(name, []), list, name)  # pyright: ignore[reportUnknownVariableType]  # JSON
    if len(value) > MAX_PORTIONS:
        raise EventMalformed(what=name)
    return value


def _portions(document: dict[str, Any], name: str) -> tuple[Portion, ...]:
    elements = _list(document, name)
    if not elements:
        raise EventMalformed(what=name)
    return tuple(_portion(cast("dict[str, Any]", _kind(element, dict, name))) for element in elements)


def _portion(element: dict[str, Any]) -> Portion:
    epc = _text(element, "epcClass")
    packs = epc.startswith("urn:shangeng:packs:")
    amount = _amount(element["quantity"]) if "quantity" in element else None
    return Portion(_urn(epc, "packs" if packs else "batch"), amount, packs, _optional(element, "uom"))


def _amendment(value: object) -> Amendment:
    name = "shangeng:amends"
    element = cast("dict[str, Any]", _kind(value, dict, name))
    right, flow = _portion(element), _text(element, "flow")
    if right.amount is None or flow not in tuple(Flow):
        raise EventMalformed(what=name)
    return Amendment(right.batch, Flow(flow), _amount(element.get("was")), right.amount, right.packs, right.uom)


def _amount(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_AMOUNT:
        raise EventMalformed(what="quantity")
    amount = Decimal(repr(value))
    if amount != round(amount, MAX_DECIMALS):
        raise EventMalformed(what="quantity")
    return amount


def _opened(value: object) -> Opened:
    facts = cast("dict[str, Any]", _kind(value, dict, "shangeng:batches"))
    try:
        opened = Opened(**{name: _text(facts, name) if facts[name] else "" for name in facts})
    except TypeError as exc:
        raise EventMalformed(what="shangeng:batches") from exc
    _own_id(opened.batch)
    return opened


def _urn(text: str, kind: str) -> str:
    prefix = f"urn:shangeng:{kind}:"
    if not text.startswith(prefix):
        raise EventMalformed(what=text)
    return _own_id(text.removeprefix(prefix))


def _own_id(text: str) -> str:
    if read_id(text) != text:
        raise EventMalformed(what=text[:MAX_TEXT])
    return text


def _event_id(value: object, name: str) -> str:
    text = _kind(value, str, name)
    if not is_event_id(text):
        raise EventMalformed(what=name)
    return text


def _commitment_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise EventMalformed(what="shangeng:commitments")
    return text


def _hashes(document: dict[str, Any], name: str, check: Callable[[str], str]) -> dict[str, str]:
    """Read an object of lower-case SHA-256 hex under names that `check` accepts."""
    members = _dict(document, name)
    if len(members) > MAX_PORTIONS or not all(_HASH.fullmatch(_kind(value, str, name)) for value in members.values()):
        raise EventMalformed(what=name)
    return {check(key): value for key, value in members.items()}


def _device(document: dict[str, Any]) -> Device | None:
    match document.get("shangeng:device"):
        case None:
            return None
        case {"counter": bool()}:
            raise EventMalformed(what="shangeng:device")
        case {"counter": int(counter), "prev": str(prev)} if counter >= 0 and _HASH.fullmatch(prev):
            return Device(counter, prev)
        case _:
            raise EventMalformed(what="shangeng:device")


def _moment(document: dict[str, Any]) -> datetime:
    text = _text(document, "eventTime")
    try:
        moment = datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None:
        raise EventMalformed(what="eventTime")
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _party(document: dict[str, Any], name: str, member: str, kind: str) -> str | None:
    return _urn(_text(_dict(document, name), member), kind) if name in document else None


def _only_party(document: dict[str, Any], name: str, member: str) -> str | None:
    elements = _list(document, name)
    if len(elements) > 1:
        raise EventMalformed(what=name)
    return _party({name: elements[0]}, name, member, "organisation") if elements else None


def _shipment(document: dict[str, Any]) -> str | None:
    match _list(document, "bizTransactionList"):
        case []:
            return None
        case [{"bizTransaction": shipment}]:
            return _event_id(shipment, "bizTransactionList")
        case _:
            raise EventMalformed(what="bizTransactionList")


def _person(document: dict[str, Any], name: str) -> str | None:
    return _own_id(_text(document, name)) if name in document else None
