"""Figures, the bars they are held against, and how both are shown."""

import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure must reach, or must not exceed."""

    limit: float
    at_most: bool = False

    def holds(self, value: float) -> bool:
        """Whether a figure is on the right side of it."""
        return value <= self.limit if self.at_most else value >= self.limit

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.limit:g}"


BARS: Mapping[str, Bar | Mapping[str, Bar]] = {
    "page_of_static": Bar(0.6),
    "single_of_idle": {"sqlite": Bar(0.3), "postgresql": Bar(0.15)},
    "bulk_of_verify": Bar(0.35),
    "audit_of_cores_verify": Bar(0.7),
    "witnessed_seconds_median": Bar(2.0, at_most=True),
    "append_us_late_of_early": Bar(1.3, at_most=True),
    "append_mb_late_of_early": Bar(1.5, at_most=True),
    "audit_mb_late_of_early": Bar(1.5, at_most=True),
}
"""By figure, and where they differ by engine. Memory is flat when it ends near where it was at a tenth of the way."""

Figures = dict[str, float | str]
"""By name: `_rate` per second, `_of_` a ratio, `_seconds`, `_us` microseconds, `_mb`; text says why one is missing."""


def bar_of(name: str, engine: str) -> Bar | None:
    """Return the bar of a figure on one engine."""
    found = BARS.get(name)
    return found if found is None or isinstance(found, Bar) else found[engine]


def as_json(engine: str, figures: Figures) -> dict[str, Any]:
    """Return figures with their bars, ready to be written."""
    written: dict[str, Any] = {}
    for name, value in figures.items():
        bar = bar_of(name, engine)
        held = {"bar": str(bar), "holds": bar.holds(value)} if bar and isinstance(value, float) else {}
        written[name] = {"value": value, **held}
    return written


def show(engine: str, figures: Figures) -> None:
    """Print the table of one engine."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}"
    table = Table("figure", title=f"{engine}: {machine}")
    for heading in ("measured", "bar", ""):
        table.add_column(heading, justify="right" if heading == "measured" else "left")
    for name, value in figures.items():
        bar = bar_of(name, engine)
        held = bar is not None and isinstance(value, float) and bar.holds(value)
        table.add_row(
            name, _written(value), str(bar or ""), ("✓" if held else "✗") if bar else "", style=_style(bar, held=held)
        )
    Console().print(table)


def missed(engine: str, figures: Figures) -> Iterable[str]:
    """Return the figures on the wrong side of their bars."""
    for name, value in figures.items():
        bar = bar_of(name, engine)
        if bar is not None and isinstance(value, float) and not bar.holds(value):
            yield name


def _style(bar: Bar | None, *, held: bool) -> str:
    if bar is None:
        return "dim"
    return "green" if held else "red"


def _written(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3f}"
