"""From a posted form to what the verbs take; and what a fresh form already holds."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select
from starlette.datastructures import FormData

from shangeng_trace import entered
from shangeng_trace.batch_tables import EventRecord
from shangeng_trace.batches import Part, Take
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.decimals import plain_text, read_number
from shangeng_trace.errors import RejectedError
from shangeng_trace.event_reading import read_event
from shangeng_trace.fields import NotAChoice
from shangeng_trace.ids import is_event_id, new_event_id
from shangeng_trace.log_tables import LedgerStatement
from shangeng_trace.numbers import check_lot
from shangeng_trace.private_tables import PrivateValue
from shangeng_trace.quantities import quantity
from shangeng_trace.records import check_record
from shangeng_trace.refusals import QuantityMissing
from shangeng_trace.steps import Field, FieldType, Step
from shangeng_web.console.asking import Sheet, is_cell

PACKS = "packs"
"""The unit in which packed units are counted."""

AT = Field(key="at", zh="什么时候做的", en="When it happened", type=FieldType.DATETIME, required=True)


def texts(form: FormData) -> dict[str, str]:
    """Return the texts of a form by name, the first of each."""
    found: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            found.setdefault(name, value)
    return found


def event_id(form: FormData) -> str:
    """Return the event's identifier, made when the form was first shown: sent twice it is one event."""
    given = form.get("event_id")
    return given if isinstance(given, str) and is_event_id(given) else new_event_id()


def values_of(step: Step, sheet: Sheet) -> dict[str, object]:
    """Return the record's values under the names that `check_record` reads, and remember what is wrong with them."""
    values: dict[str, object] = {}
    for known in step.fields:
        if known.type is FieldType.TABLE:
            cells = {name: value for name, value in sheet.given.items() if is_cell(name, known.key)}
            values |= {name.replace("-", "."): value for name, value in cells.items()}
            continue
        values[known.key] = sheet.given.get(known.key, "")
        if known.type is FieldType.QUANTITY:
            values[f"{known.key}.unit"] = sheet.given.get(f"{known.key}_unit") or known.units[0]
    try:
        check_record(step, values, now=sheet.moment)
    except RejectedError as problem:
        sheet.refuse(problem)
    return values


def moment_of(sheet: Sheet) -> datetime | None:
    """Return when it happened, Shanghai time."""
    try:
        return entered.moment(AT, sheet.given.get("at", ""), sheet.moment)
    except RejectedError as problem:
        problem.field = "at"
        sheet.refuse(problem)
        return None


def take_of(sheet: Sheet, unit: str, *, required: bool, name: str = "quantity") -> Take | None:
    """Return the amount that was stated, or None where none was; `unit` is the batch's own."""
    amount, stated = sheet.given.get(name, "").strip(), sheet.given.get(f"{name}_unit") or unit
    if not amount:
        if required:
            sheet.refuse(QuantityMissing(field=name))
        return None
    packs = stated == PACKS
    try:
        quantity(amount, "piece" if packs else stated).to("piece" if packs else unit)
    except RejectedError as problem:
        problem.field = name
        sheet.refuse(problem)
        return None
    return Take(amount, "" if packs else stated, packs=packs)


def lot_of(sheet: Sheet, name: str = "lot") -> str:
    """Return a lot number in capitals."""
    try:
        return check_lot(sheet.given.get(name, ""))
    except RejectedError as problem:
        problem.field = name
        sheet.refuse(problem)
        return ""


def chosen_of(sheet: Sheet, name: str, offered: Sequence[tuple[str, str]], *, required: bool = True) -> str:
    """Return which of the offered values was chosen; empty where none was and none is needed."""
    value = sheet.given.get(name, "")
    if value not in {key for key, _ in offered} and (value or required):
        sheet.refuse(NotAChoice(field=name))
        return ""
    return value


def parts_of(sheet: Sheet, unit: str, name: str = "parts") -> tuple[Part, ...]:
    """Return the batches to be made: rows of lot and amount; empty rows are left out."""
    rows = sorted({int(cell.split("-")[1]) for cell in sheet.given if is_cell(cell, name)})
    parts: list[Part] = []
    for at in rows:
        lot, amount = f"{name}-{at}-lot", f"{name}-{at}-amount"
        if not any(sheet.given.get(cell, "").strip() for cell in (lot, amount)):
            continue
        sheet.given[f"{amount}_unit"] = sheet.given.get(f"{name}_unit", "")
        take = take_of(sheet, unit, required=True, name=amount)
        made = lot_of(sheet, lot)
        if take is not None and made:
            parts.append(Part(made, take))
    if not parts and not sheet.problems:
        sheet.refuse(QuantityMissing(field=name))
    return tuple(parts)


def last_values(session: Session, organisation_id: str, step: Step) -> dict[str, str]:
    """Return what an organisation said last under this step, for the fields that are worth offering again."""
    row = session.exec(
        select(EventRecord.event_id, LedgerStatement.body)
        .join(LedgerStatement, col(LedgerStatement.index) == col(EventRecord.index))
        .where(EventRecord.author == organisation_id, EventRecord.step == step.key)
        .order_by(col(EventRecord.index).desc())
        .limit(1)
    ).first()
    if row is None or row[1] is None:
        return {}
    record = dict(read_event(json.loads(row[1])).record)
    for private in session.exec(select(PrivateValue).where(PrivateValue.event_id == row[0])):
        record[private.name] = json.loads(private.value)
    return _as_typed(step, record)


def _as_typed(step: Step, record: Mapping[str, Any]) -> dict[str, str]:
    typed: dict[str, str] = {}
    for known in step.fields:
        value = record.get(known.key)
        if not known.offer_last or value is None:
            continue
        match known.type, value:
            case FieldType.QUANTITY, {"amount": amount, "unit": str(unit)}:
                typed |= {known.key: _plain(amount), f"{known.key}_unit": unit}
            case FieldType.NUMBER, _:
                typed[known.key] = _plain(value)
            case FieldType.BOOL, _:
                typed[known.key] = "yes" if value else ""
            case ((FieldType.TEXT | FieldType.CHOICE), str(text)):
                typed[known.key] = text
            case _:
                pass  # days, tables and references are of one event alone
    return typed


def _plain(number: float) -> str:
    read = read_number(repr(number))
    return "" if read is None else plain_text(read)


def days_of(step: Step, moment: datetime) -> dict[str, str]:
    """Return today for every day that must be given and cannot lie ahead."""
    today = moment.astimezone(SHANGHAI)
    days = {
        known.key: today.date().isoformat()
        for known in step.fields
        if known.required and known.type is FieldType.DATE and not known.future
    }
    times = {
        known.key: clock(moment)
        for known in step.fields
        if known.required and known.type is FieldType.DATETIME and not known.future
    }
    return days | times


def clock(moment: datetime) -> str:
    """Write a moment as the browser's time field holds it, Shanghai time."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")
