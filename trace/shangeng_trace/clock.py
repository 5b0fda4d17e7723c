"""The one place where time enters."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China keeps one time and no summer time since 1991: a fixed offset is exact for every record here."""

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

_MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


class Clock(Protocol):
    """Anything that tells the time; tests pass their own."""

    def __call__(self) -> datetime:
        """Return the present moment, aware."""
        ...


def now() -> datetime:
    """Return the present moment, aware, UTC, cut to milliseconds (what entries and rows can hold)."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def rfc3339(moment: datetime) -> str:
    """Write an aware datetime as RFC 3339 in UTC with milliseconds: `2026-04-12T06:40:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def read_rfc3339(text: str) -> datetime:
    """Read what `rfc3339` writes, and nothing else; raises ValueError."""
    if not _MILLISECONDS.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def day_text(day: date, language: str) -> str:
    """Write a day as a reader of `language` reads it: `2026-06-30`, `30 June 2026`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}" if language.startswith("en") else f"{day:%Y-%m-%d}"


def moment_text(moment: datetime, language: str) -> str:
    """Write an aware moment as a clock in Lishui shows it: `2026-05-16 10:32`, `16 May 2026, 10:32`."""
    there = moment.astimezone(SHANGHAI)
    return f"{day_text(there, language)}{', ' if language.startswith('en') else ' '}{there:%H:%M}"
