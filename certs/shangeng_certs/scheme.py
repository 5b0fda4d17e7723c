"""The scheme's settings: how numbers look and how long things hold; and the reasons for a change of status. Pure."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from shangeng_certs.credentials import State
from shangeng_certs.data import read_data


@dataclass(frozen=True, slots=True)
class Numbering:
    """A pattern of numbers: `SG-2026-00042` has the prefix SG and five digits, more once they run out."""

    prefix: str
    digits: int

    def start(self, year: int) -> str:
        """Return what every number of a year begins with."""
        return f"{self.prefix}-{year}-"

    def after(self, last: str | None, year: int) -> str:
        """Return the number that follows the year's last one, the first where there is none."""
        serial = 1 if last is None else int(last.removeprefix(self.start(year))) + 1
        return f"{self.start(year)}{serial:0{self.digits}d}"

    def fits(self, number: str) -> bool:
        """Whether a number is of this pattern."""
        return re.fullmatch(rf"{self.prefix}-\d{{4}}-\d{{{self.digits},9}}", number, re.ASCII) is not None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a status changed, as a code for programs and a half-sentence for people."""

    key: str
    zh: str
    en: str

    def text(self, language: str) -> str:
        """Return the half-sentence for a reader of `language` ("zh" or "en")."""
        return self.en if language.startswith("en") else self.zh


_SCHEME = read_data("scheme.json")

CERTIFICATE_NUMBERS = Numbering(**_SCHEME["certificate"])
LICENCE_NUMBERS = Numbering(**_SCHEME["licence"])

LICENCE_MONTHS: int = _SCHEME["licence_months"]
"""A licence is granted for at most this long."""

START_WITHIN_DAYS: int = _SCHEME["start_within_days"]
"""Neither certificate nor licence begins later than this after the decision."""

REASONS = MappingProxyType(
    {State(state): tuple(Reason(**entry) for entry in entries) for state, entries in read_data("reasons.json").items()}
)
"""State → the reasons that can lead to it, in the order to offer them."""

_BY_KEY = {reason.key: reason for reasons in REASONS.values() for reason in reasons}


def reason_text(key: str, language: str) -> str:
    """Return a reason's half-sentence, or the code itself where this deployment no longer knows it."""
    return _BY_KEY[key].text(language) if key in _BY_KEY else key


def last_day(start: date, months: int) -> date:
    """Return the last day of a period of whole months: 12 months from 12 April end on 11 April.

    Where the day after would not exist (29 February), the period ends with that month.
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    length = calendar.monthrange(year, month + 1)[1]
    if start.day > length:
        return date(year, month + 1, length)
    return date(year, month + 1, start.day) - timedelta(days=1)
