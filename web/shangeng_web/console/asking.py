"""From the step catalogue to the questions of a form: each field as the arguments of the macro that draws it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shangeng_trace.clock import SHANGHAI
from shangeng_trace.errors import InvalidError, ShangengError
from shangeng_trace.quantities import UNITS
from shangeng_trace.steps import Field, FieldType
from shangeng_web.console.states import unit_words
from shangeng_web.i18n import Language, translator

Question = dict[str, Any]
"""Arguments of the macro `field`; with `columns` in it, of the macro `rows_of`."""

_FEW = 6
SPARE = 2
"""Empty rows at the end of a table, so that it works without script."""
MORE = 3
"""Rows that "add rows" adds."""


@dataclass(slots=True)
class Sheet:
    """A form as it stands: what is in every field, and what is wrong with it."""

    language: Language
    moment: datetime
    given: dict[str, str] = field(default_factory=dict[str, str])
    problems: list[ShangengError] = field(default_factory=list[ShangengError])
    more: str = ""

    def refuse(self, problem: ShangengError) -> None:
        """Remember what is wrong; of several at once each."""
        self.problems += problem.problems if isinstance(problem, InvalidError) else (problem,)

    @property
    def errors(self) -> dict[str, str]:
        """Field name to the first sentence about it, for a reader of the sheet's language."""
        found: dict[str, str] = {}
        for problem in self.problems:
            found.setdefault(field_name(problem.field or ""), problem.sentence(self.language))
        return found

    def summary(self, questions: Iterable[Question]) -> list[tuple[str, str, str]]:
        """Return what stands above the form: field, label, sentence; a field that is not on the page has no link."""
        labels = {question["name"]: str(question["label"]) for question in questions}
        lines: list[tuple[str, str, str]] = []
        for name, sentence in self.errors.items():
            shown = name.partition("-")[0] if name not in labels else name
            known = shown in labels
            lines.append((name if known else "", labels.get(shown, ""), sentence))
        return lines


def field_name(dotted: str) -> str:
    """Return the name on the page of what a record calls `results.0.value`."""
    return dotted.replace(".", "-")


def ask(known: Field, sheet: Sheet, *, references: Sequence[tuple[str, str]] = ()) -> Question:
    """Return the question of a catalogue field; `references` are the events or batches it may name."""
    language, given, errors = sheet.language, sheet.given, sheet.errors
    question: Question = {
        "name": known.key,
        "label": known.name(language),
        "kind": "text",
        "value": given.get(known.key, ""),
        "error": errors.get(known.key),
        "hint": known.hint.name(language) if known.hint else "",
        "required": known.required,
        "fold": not known.required and known.blank is None,
    }
    if known.type is FieldType.TABLE:
        return question | {"kind": "table"} | _table(known, sheet)
    return question | _drawn(known, sheet, references)


def question(sheet: Sheet, name: str, label: str, **more: object) -> Question:
    """Return a question that is no field of the catalogue; `more` are further arguments of the macro."""
    return {
        "name": name,
        "label": label,
        "value": sheet.given.get(name, ""),
        "error": sheet.errors.get(name),
        **more,
    }


def circumstances(sheet: Sheet, farmers: Sequence[tuple[str, str]]) -> list[Question]:
    """Return who did it, where one may write for others, and when."""
    _ = translator(sheet.language)
    asked: list[Question] = []
    if farmers:
        hint = _("替别人记的，会请他本人确认")
        people = [("", _("我自己")), *farmers]
        asked.append(question(sheet, "claimed_by", _("谁做的"), kind="choice", options=people, hint=hint))
    top = sheet.moment.astimezone(SHANGHAI).strftime("%Y-%m-%dT23:59")
    asked.append(question(sheet, "at", _("什么时候做的"), kind="datetime-local", max=top))
    return asked


def fold(questions: Iterable[Question]) -> tuple[list[Question], list[Question]]:
    """Return what must be seen, and what is optional and empty and may wait behind a fold."""
    shown: list[Question] = []
    folded: list[Question] = []
    for each in questions:
        may_wait = each.get("fold") and not each["value"] and not each["error"]
        bare = {name: value for name, value in each.items() if name != "fold"}
        (folded if may_wait else shown).append(bare)
    return shown, folded


def _drawn(known: Field, sheet: Sheet, references: Sequence[tuple[str, str]]) -> Question:
    language, today = sheet.language, sheet.moment.astimezone(SHANGHAI)
    placeholder = known.placeholder.name(language) if known.placeholder else ""
    drawn: Question = {"placeholder": placeholder}
    match known.type:
        case FieldType.TEXT if known.lines:
            drawn = {"kind": "textarea", "maxlength": known.max_length, "rows": 3}
        case FieldType.TEXT:
            drawn |= {"maxlength": known.max_length}
        case FieldType.NUMBER:
            drawn |= {"kind": "number", "unit": known.unit.name(language) if known.unit else ""}
        case FieldType.QUANTITY:
            drawn |= {"kind": "number"} | units(known.units, known.key, sheet)
        case FieldType.DATE:
            drawn = {"kind": "date", "max": None if known.future else today.date().isoformat()}
        case FieldType.DATETIME:
            drawn = {"kind": "datetime-local", "max": None if known.future else today.strftime("%Y-%m-%dT23:59")}
        case FieldType.CHOICE:
            few = known.required and len(known.choices) <= _FEW
            drawn = {"kind": "choice" if few else "select", "options": _choices(known, language)}
        case FieldType.BOOL:
            drawn = {"kind": "check", "value": bool(sheet.given.get(known.key))}
        case _:
            drawn = {"kind": "select", "options": list(references)}
    return drawn


def units(offered: Sequence[str], name: str, sheet: Sheet, extra: Sequence[tuple[str, str]] = ()) -> Question:
    """Return the units of an amount: a list to choose from, or the one word there is."""
    choices = [*((key, unit_words(key, sheet.language)) for key in offered), *extra]
    chosen = sheet.given.get(f"{name}_unit") or (choices[0][0] if choices else "")
    return {"units": choices, "unit": chosen} if len(choices) > 1 else {"unit": choices[0][1] if choices else ""}


def units_like(unit: str) -> tuple[str, ...]:
    """Return the units that an amount in `unit` may be stated in, itself first."""
    return (unit, *(key for key, known in UNITS.items() if known.base == UNITS[unit].base and key != unit))


def _choices(known: Field, language: Language) -> list[tuple[str, str]]:
    return [(choice.key, choice.name(language)) for choice in known.choices]


def _table(known: Field, sheet: Sheet) -> Question:
    columns = [
        {
            "key": column.key,
            "label": column.name(sheet.language),
            "options": _choices(column, sheet.language),
            "decimal": column.type is FieldType.NUMBER,
            "required": column.required,
        }
        for column in known.columns
    ]
    return rows_of(known.key, columns, sheet)


def rows_of(name: str, columns: Sequence[Mapping[str, Any]], sheet: Sheet) -> Question:
    """Return rows to fill in: those that are filled, and spare ones; cells are called `<name>-<row>-<column>`."""
    filled = [int(cell.split("-")[1]) + 1 for cell, value in sheet.given.items() if is_cell(cell, name) and value]
    count = max(filled, default=0) + (MORE if sheet.more == name else SPARE)
    rows = [[sheet.given.get(f"{name}-{at}-{column['key']}", "") for column in columns] for at in range(count)]
    cells = {cell: sentence for cell, sentence in sheet.errors.items() if is_cell(cell, name)}
    return {"columns": columns, "rows": rows, "cells": cells}


def parts_columns(sheet: Sheet) -> list[dict[str, Any]]:
    """Return the columns of rows that name new batches: lot and amount."""
    _ = translator(sheet.language)
    lot: dict[str, Any] = {"key": "lot", "label": _("新批次号"), "options": [], "decimal": False, "required": True}
    return [lot, lot | {"key": "amount", "label": _("数量"), "decimal": True}]


def is_cell(name: str, table: str) -> bool:
    """Whether a form's name is a cell of a table."""
    parts = name.split("-")
    return len(parts) == 3 and parts[0] == table and parts[1].isascii() and parts[1].isdigit() and len(parts[1]) <= 3  # noqa: PLR2004 - table, row, column
