"""The record of a step: what a person or a program filled in, checked against the step's fields. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from shangeng_trace import entered
from shangeng_trace.clock import day_text, moment_text
from shangeng_trace.decimals import decimal_places, json_number, plain, plain_text
from shangeng_trace.errors import InvalidError, RejectedError
from shangeng_trace.quantities import Quantity, parse_quantity, quantity
from shangeng_trace.steps import Field, FieldType, Step

_CELL = re.compile(r"([a-z0-9_]+)\.([0-9]{1,4})\.([a-z0-9_]+)")


@dataclass(frozen=True)
class Record:
    """A checked record, ready for JSON: numbers, texts, booleans, ISO dates, and lists of rows for tables.

    `public` goes into the statement as `shangeng:record`; `private` into erasable rows, of which
    the statement holds salted commitments. An empty optional field is absent from both, except
    where empty is an answer of its own (`Field.blank`): then it is null.
    """

    public: dict[str, Any] = field(default_factory=dict[str, Any])
    private: dict[str, Any] = field(default_factory=dict[str, Any])


def check_record(step: Step, values: Mapping[str, object], *, now: datetime) -> Record:
    """Return the record that `values` make for a step, or raise everything that is wrong with them at once.

    `values` are what a form posts or a JSON body holds: texts, numbers, booleans, dates. In a form
    a quantity is `dose` with `dose.unit`, and the cells of a table are `results.0.parameter`; in
    JSON they are `{"amount": 30, "unit": "mL_per_mu"}` and a list of objects. `step` comes from
    `Catalogue.step(key, category)`, so that it has the fields of that category. `now` is aware.

    Raises:
        InvalidError: each problem a `RejectedError` whose `field` is the field's key
            (`results.0.value` for a cell).
    """
    return _check(step, step.fields, values, now)


def check_public(step: Step, values: Mapping[str, object], *, now: datetime) -> dict[str, Any]:
    """Return what a statement holds of a record, from `values` for the public fields alone; as `check_record`."""
    return _check(step, [each for each in step.fields if each.public], values, now).public


def check_private(step: Step, name: str, value: object, *, now: datetime) -> Any:
    """Return one private value as a record holds it; raises `InvalidError` as `check_record`."""
    known = step.field(name)
    problems = _unknown({name} if known is None or known.public else ())
    checked = None if known is None or problems else _checked(known, value, now, name, problems)
    if problems:
        raise InvalidError(problems)
    return checked


def _check(step: Step, fields: Sequence[Field], values: Mapping[str, object], now: datetime) -> Record:
    record = Record()
    given = _gathered(step, values)
    problems = _unknown(given.keys() - {each.key for each in fields})
    for each in fields:
        part = record.public if each.public else record.private
        value = _checked(each, given.get(each.key), now, each.key, problems)
        if value is not None or (each.blank and not any(problem.field == each.key for problem in problems)):
            part[each.key] = value
    _check_order(step, {**record.public, **record.private}, problems)
    if problems:
        raise InvalidError(problems)
    return record


def display_value(shown: Field, value: object, language: str) -> str:
    """Return a recorded value as a reader of `language` reads it: `一芽一叶`, `5.1%`, `2026-04-12`.

    `value` is what `check_record` put in a record. An empty one reads as what empty means here, or
    as a dash. A table reads as its number of rows: a page lays out its cells one by one.
    """
    if value is None:
        return shown.blank.name(language) if shown.blank else "—"
    english = language.startswith("en")
    words = str(value)
    match shown.type, value:
        case FieldType.CHOICE, str():
            if choice := shown.choice(value):
                words = choice.name(language)
        case FieldType.BOOL, bool():
            words = {(True, False): "是", (False, False): "否", (True, True): "yes", (False, True): "no"}[
                value, english
            ]
        case FieldType.NUMBER, int() | float():
            words = _measured(plain_text(Decimal(repr(value))), shown.unit.name(language) if shown.unit else "")
        case FieldType.QUANTITY, dict():
            words = Quantity.from_json(value).words(language)
        case FieldType.DATETIME, str():
            words = moment_text(datetime.fromisoformat(value), language)
        case FieldType.DATE, str():
            words = day_text(date.fromisoformat(value), language)
        case FieldType.TABLE, list():
            rows = len(cast("list[object]", value))
            words = f"{rows} rows" if english else f"{rows} 项"
        case _:
            pass  # text and identifiers read as they are written
    return words


def _measured(number: str, unit: str) -> str:
    """Write a number and its unit; a percent sign stands close."""
    return f"{number}{'' if unit in ('', '%') else ' '}{unit}"


def _gathered(step: Step, values: Mapping[str, object]) -> dict[str, object]:
    """Put a form's flat names together: cells into rows, amounts with their units."""
    if not any("." in name for name in values):
        return dict(values)  # as in every record of a statement
    given: dict[str, object] = {}
    rows: dict[str, dict[int, dict[str, object]]] = {}
    units: dict[str, object] = {}
    for name, value in values.items():
        known = step.field(name.partition(".")[0])
        if known and known.type is FieldType.TABLE and (cell := _CELL.fullmatch(name)):
            rows.setdefault(known.key, {}).setdefault(int(cell[2]), {})[cell[3]] = value
        elif known and known.type is FieldType.QUANTITY and name == f"{known.key}.unit":
            units[known.key] = value
        else:
            given[name] = value
    for key, numbered in rows.items():
        given.setdefault(key, [numbered[number] for number in sorted(numbered)])
    for key, unit in units.items():
        if not entered.is_empty(given.get(key)):
            given[key] = {"amount": given[key], "unit": unit}
    return given


def _checked(each: Field, value: object, now: datetime, at: str, problems: list[RejectedError]) -> Any:
    """Return the value ready for JSON, or None where it is empty or, then named in `problems`, wrong."""
    if each.type is FieldType.BOOL and entered.is_empty(value):
        return False  # an unticked box is not sent at all
    if entered.is_empty(value):
        if each.required:
            problems.append(entered.FieldMissing(field=at, **entered.labels(each)))
        return None
    if each.type is FieldType.TABLE:
        return _checked_rows(each, value, now, at, problems)
    try:
        if (in_time := _READERS_IN_TIME.get(each.type)) is not None:
            return in_time(each, value, now).isoformat()
        return _READERS[each.type](each, value)
    except RejectedError as problem:
        problem.field = at
        problems.append(problem)
        return None


def _checked_rows(each: Field, value: object, now: datetime, at: str, problems: list[RejectedError]) -> Any:
    rows = cast("list[object]", value) if isinstance(value, list) else [value]
    columns = {column.key: column for column in each.columns}
    checked: list[dict[str, Any]] = []
    for number, row in enumerate(rows[: each.max_rows]):
        if not isinstance(row, Mapping):
            problems.append(entered.TableUnreadable(field=f"{at}.{number}", **entered.labels(each)))
            continue
        cells = cast("Mapping[str, object]", row)
        if all(entered.is_empty(cell) for cell in cells.values()):
            continue  # the spare lines of a form
        problems += _unknown(cells.keys() - columns.keys(), f"{at}.{number}.")
        results = {
            column.key: _checked(column, cells.get(column.key), now, f"{at}.{number}.{column.key}", problems)
            for column in each.columns
        }
        checked.append({key: cell for key, cell in results.items() if cell is not None or columns[key].blank})
    if len(rows) > each.max_rows:
        problems.append(entered.TableTooLong(field=at, limit=each.max_rows, **entered.labels(each)))
    elif not checked and each.required and not any((problem.field or "").startswith(at) for problem in problems):
        problems.append(entered.FieldMissing(field=at, **entered.labels(each)))
    return checked or None


def _number(each: Field, value: object) -> int | float:
    number = entered.number(each, value)
    entered.check_bounds(each, number)
    if decimal_places(number) > each.decimals:
        if each.decimals == 0:
            raise entered.NotWhole(**entered.labels(each))
        raise entered.TooManyDecimals(limit=each.decimals, **entered.labels(each))
    return json_number(plain(number))


def _quantity(each: Field, value: object) -> dict[str, Any]:
    if isinstance(value, str):
        bare = entered.bare_number(value) if len(each.units) == 1 else None
        stated = parse_quantity(value, each.units) if bare is None else quantity(bare, each.units[0], each.units)
        return stated.to_json()
    members = cast("Mapping[str, object]", value if isinstance(value, Mapping) else {})
    unit = members.get("unit")
    if set(members) != {"amount", "unit"} or not isinstance(unit, str):
        raise entered.NumberUnreadable(**entered.labels(each))
    return quantity(entered.number(each, members["amount"]), unit, each.units).to_json()


def _unknown(names: Iterable[str], row: str = "") -> list[RejectedError]:
    return [
        entered.FieldUnknown(field=row + entered.quoted(name), name=entered.quoted(name))
        for name in sorted(names, key=str)
    ]


def _check_order(step: Step, values: Mapping[str, Any], problems: list[RejectedError]) -> None:
    """Compare dates that belong together; ISO dates compare as text."""
    for later in step.fields:
        earlier = step.field(later.not_before) if later.not_before else None
        if earlier and values.get(later.key) and values.get(earlier.key) and values[later.key] < values[earlier.key]:
            problems.append(
                entered.DatesReversed(
                    field=later.key, zh_earlier=earlier.zh, en_earlier=earlier.en, **entered.labels(later)
                )
            )


_READERS: dict[FieldType, Callable[[Field, object], Any]] = {
    FieldType.TEXT: entered.text,
    FieldType.NUMBER: _number,
    FieldType.QUANTITY: _quantity,
    FieldType.CHOICE: entered.choice,
    FieldType.BOOL: entered.yes_or_no,
    FieldType.REFERENCE: entered.reference,
}
_READERS_IN_TIME: dict[FieldType, Callable[[Field, object, datetime], date | datetime]] = {
    FieldType.DATE: entered.day,
    FieldType.DATETIME: entered.moment,
}
