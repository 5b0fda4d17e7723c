"""The demonstration's time: a clock that moves through the seasons while stories are played, and their days."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from shangeng_trace.clock import SHANGHAI, Clock, now

Story = Generator[datetime, None, None]
"""A story told in order: it yields the moment at which its next part happens, and goes on when that moment has come."""

FOUNDED_DAYS_AGO = 470
"""Longer than any story and the year in which its season may lie."""


class SeasonClock:
    """Shows the moment it was set to, and the time of the clock behind it once it is released."""

    def __init__(self, behind: Clock = now) -> None:
        self.moment: datetime | None = None
        self._behind = behind

    def __call__(self) -> datetime:
        """Return the moment the clock shows, aware."""
        return self._behind() if self.moment is None else self.moment

    def release(self) -> None:
        """Follow the clock behind from now on."""
        self.moment = None


@dataclass(frozen=True, slots=True)
class Days:
    """The days of one story, counted from its first."""

    first: date

    def __call__(self, number: int, clock: str) -> datetime:
        """Return the moment at which a clock in Lishui shows "08:30" on a day."""
        return datetime.combine(self.first + timedelta(days=number), time.fromisoformat(clock), SHANGHAI).astimezone(
            UTC
        )

    def on(self, number: int) -> str:
        """Return a day as forms and records write it, `2026-04-12`."""
        return (self.first + timedelta(days=number)).isoformat()

    def season(self, number: int) -> str:
        """Return the season a day lies in, as a harvest records it."""
        month = (self.first + timedelta(days=number)).month
        return ("winter", "spring", "summer", "autumn")[month % 12 // 3]

    def lot(self, prefix: str, number: int = 0) -> str:
        """Return a lot number that carries a day, `HM20260412`."""
        return f"{prefix}{self.first + timedelta(days=number):%Y%m%d}"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where stories lie in time, seen from the day the demonstration is made; none reaches that day."""

    today: date

    def season(self, month: int, day: int, *, lasting: int) -> Days:
        """Return the days from the last such date of a year after which `lasting` days have passed."""
        last = self.today - timedelta(days=lasting + 1)
        first = date(last.year, month, day)
        return Days(first if first <= last else date(last.year - 1, month, day))

    def ago(self, days: int) -> Days:
        """Return the days from so many days ago."""
        return Days(self.today - timedelta(days=days))

    @property
    def founding(self) -> Days:
        """Return the days from the one on which the ledger began."""
        return self.ago(FOUNDED_DAYS_AGO)


def calendar_of(moment: datetime) -> Calendar:
    """Return the calendar as seen from a moment."""
    return Calendar(moment.astimezone(SHANGHAI).date())
