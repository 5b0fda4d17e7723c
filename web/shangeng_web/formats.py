"""How dates, times and quantities are written, in both languages.

Every function is pure and returns plain text; templates wrap it so that it never breaks across lines.
"""

from datetime import date, datetime
from decimal import Decimal

from shangeng_trace.clock import MONTHS, SHANGHAI, day_text, moment_text
from shangeng_web.i18n import Language

_WEEKDAYS_ZH = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_GROUPED_FROM = 10_000
"""Four digits read as a word; from five on they are grouped in threes."""


def local(moment: datetime) -> datetime:
    """Return an aware datetime as read from a clock on a Lishui wall."""
    return moment.astimezone(SHANGHAI)


def _day_of(when: date) -> date:
    return local(when).date() if isinstance(when, datetime) else when


def day(when: date, language: Language) -> str:
    """Write a full date: `2026-04-20`, `20 April 2026`."""
    return day_text(_day_of(when), language)


def short_day(when: date, language: Language) -> str:
    """Write a date whose year is clear from its surroundings: `4 月 12 日`, `12 April`."""
    on = _day_of(when)
    return f"{on.day} {MONTHS[on.month - 1]}" if language == "en" else f"{on.month} 月 {on.day} 日"


def weekday(when: date, language: Language) -> str:
    """Write the day of the week: `星期一`, `Monday`."""
    return (_WEEKDAYS_EN if language == "en" else _WEEKDAYS_ZH)[_day_of(when).weekday()]


def clock_time(moment: datetime) -> str:
    """Write the time of day in Lishui: `06:40`."""
    return local(moment).strftime("%H:%M")


def at(moment: datetime, language: Language) -> str:
    """Write a moment within a known year: `4 月 12 日 06:40`, `12 Apr, 06:40`."""
    on = local(moment)
    if language == "en":
        return f"{on.day} {MONTHS[on.month - 1][:3]}, {on:%H:%M}"
    return f"{on.month} 月 {on.day} 日 {on:%H:%M}"


def stamp(moment: datetime, language: Language) -> str:
    """Write a full moment: `2026-05-16 10:32`, `16 May 2026, 10:32`."""
    return moment_text(moment, language)


def number(value: Decimal | int, language: Language) -> str:
    """Write a number without trailing zeros or exponent: `8.2`, `18,204` (Chinese: `18 204`).

    The space is a no-break space, so that a number stays in one piece.
    """
    exact = Decimal(value)
    if not exact.is_finite():
        message = f"not a finite number: {value}"
        raise ValueError(message)
    text = f"{exact:,f}" if abs(exact) >= _GROUPED_FROM else f"{exact:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    text = "0" if text == "-0" else text
    return text if language == "en" else text.replace(",", "\N{NO-BREAK SPACE}")


def quantity(value: Decimal | int, unit: str, language: Language) -> str:
    """Write a number with its unit's words: `8.2 kg`, `164 罐`; percent and degrees stand close."""
    gap = "" if unit.startswith(("%", "°")) or not unit else " "
    return f"{number(value, language)}{gap}{unit}"


def file_size(octets: int) -> str:
    """Write a file's size as people compare it: `86 KB`, `3.2 MB`."""
    kilobytes = octets / 1000
    if kilobytes < 1:
        return f"{octets} B"
    return f"{kilobytes:.0f} KB" if kilobytes < 1000 else f"{kilobytes / 1000:.1f} MB"  # noqa: PLR2004 - kilo
