"""What was used on the crop and how long before harvest, and what the laboratories found. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from shangeng_trace.clock import SHANGHAI
from shangeng_trace.records import display_value
from shangeng_trace.steps import Effect, Field, Group, Step
from shangeng_web.i18n import Language
from shangeng_web.public.dossier import Told
from shangeng_web.public.words import in_its_language

MOST_RESULTS = 8
"""Rows of one test shown in full; what failed and what was found come first."""


@dataclass(frozen=True, slots=True)
class Input:
    """One use of an input. `days` from its last day to the first harvest after it; `needed` is the interval.

    `asks` says whether such an input has an interval at all; where it has and `needed` is None, it is unknown, not 0.
    """

    name: Markup
    facts: tuple[Markup, ...]
    stopped: date
    harvested: date | None
    asks: bool
    needed: int | None
    moment: str

    @property
    def days(self) -> int | None:
        """Days between the last use and the harvest, or None where nothing was harvested since."""
        return None if self.harvested is None else (self.harvested - self.stopped).days


@dataclass(frozen=True, slots=True)
class Result:
    """One line of a test."""

    parameter: Markup
    unit: str
    value: str
    is_measured: bool
    limit: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Test:
    """One test as reported; `results` are the first of `count`, `others_pass` says so of the rest."""

    lab: Markup
    accreditation: str
    kind: str
    report: str
    sampled: date
    reported: date
    passed: bool
    results: tuple[Result, ...]
    count: int
    moment: str
    signed_by_lab: bool

    @property
    def failing(self) -> tuple[Result, ...]:
        """The lines that failed."""
        return tuple(result for result in self.results if not result.passed)


def inputs(told: list[Told], language: Language) -> list[Input]:
    """Return every use of an input, in order, each with the first harvest after it."""
    harvests = sorted(day for one in told if (day := _day(one, "harvest_date")) is not None)
    found: list[Input] = []
    for one in told:
        stopped = _day(one, "use_stop")
        if one.step.group is not Group.INPUT or stopped is None:
            continue
        record = one.event.record
        found.append(
            Input(
                name=in_its_language(str(record.get("input_name", one.step.name(language))), language),
                facts=tuple(_input_facts(one, language)),
                stopped=stopped,
                harvested=next((day for day in harvests if day >= stopped), None),
                asks=one.step.field("phi_days") is not None,
                needed=_whole(record.get("phi_days")),
                moment=f"e{one.row.index}",
            )
        )
    return found


def _input_facts(one: Told, language: Language) -> Iterator[Markup]:
    for key in ("active_ingredient", "kind", "target", "purpose", "method", "dose"):
        field = one.step.field(key)
        if field is not None and one.event.record.get(key) is not None:
            yield in_its_language(display_value(field, one.event.record[key], language), language)


def tests(told: list[Told], language: Language) -> list[Test]:
    """Return every test whose signature counts, the newest first."""
    return [_test(one, language) for one in reversed(told) if one.step.effect is Effect.TEST and one.counts]


def _test(one: Told, language: Language) -> Test:
    record, table = one.event.record, one.step.field("results")
    rows: list[dict[str, Any]] = record.get("results", [])
    told_first = sorted(rows, key=lambda row: (row.get("verdict") != "fail", row.get("value") is None))
    own_day = one.event.happened_at.astimezone(SHANGHAI).date()
    return Test(
        lab=in_its_language(str(record.get("lab", "")), language),
        accreditation=str(record.get("lab_no", "")),
        kind=_shown(one.step, "test_kind", record, language),
        report=str(record.get("report_no", "")),
        sampled=_day(one, "sampled_on") or own_day,
        reported=_day(one, "reported_on") or own_day,
        passed=record.get("verdict") == "pass" and all(row.get("verdict") == "pass" for row in rows),
        results=tuple(_result(table, row, language) for row in told_first[:MOST_RESULTS]) if table else (),
        count=len(rows),
        moment=f"e{one.row.index}",
        signed_by_lab=one.key.controller_kind == "lab",
    )


def _result(table: Field, row: dict[str, Any], language: Language) -> Result:
    columns = {column.key: column for column in table.columns}

    def cell(key: str) -> str:
        return display_value(columns[key], row.get(key), language) if key in columns else ""

    return Result(
        parameter=in_its_language(cell("parameter"), language),
        unit=cell("unit") if row.get("unit") else "",
        value=cell("value"),
        is_measured=row.get("value") is not None,
        limit=cell("limit"),
        passed=row.get("verdict") == "pass",
    )


def _shown(step: Step, key: str, record: dict[str, Any], language: Language) -> str:
    field = step.field(key)
    return "" if field is None or record.get(key) is None else display_value(field, record[key], language)


def _day(one: Told, key: str) -> date | None:
    value = one.event.record.get(key)
    return date.fromisoformat(value) if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) else None
