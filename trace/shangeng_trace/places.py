"""The nine counties of Lishui, and some of their townships to choose from."""

from dataclasses import dataclass
from types import MappingProxyType

from shangeng_trace.data import read_data
from shangeng_trace.errors import RejectedError


class CountyUnknown(RejectedError):
    """A code that is not one of the nine."""

    code = "county_unknown"
    zh = "请选丽水的一个县（市、区）。"
    en = "Please choose one of the nine counties of Lishui."


@dataclass(frozen=True)
class County:
    """One of the nine county-level units; `code` has six digits (GB/T 2260).

    `zh` is the full name, as certificates need it; `short_zh` is for lists and maps.
    """

    code: str
    zh: str
    short_zh: str
    en: str
    pinyin: str

    def name(self, language: str) -> str:
        """Return the full name for a reader of `language` ("zh" or "en")."""
        return self.en if language.startswith("en") else self.zh


@dataclass(frozen=True)
class Township:
    """A township, town or subdistrict; a plot may name another one in free text."""

    county_code: str
    zh: str
    en: str


_DATA = read_data("counties.json")

COUNTIES = MappingProxyType({entry["code"]: County(**entry) for entry in _DATA["counties"]})
"""County code → county, in the order of the codes."""

_TOWNSHIPS = tuple(
    Township(county_code, **entry) for county_code, entries in _DATA["townships"].items() for entry in entries
)


def county(code: str) -> County:
    """Return the county with this code.

    Raises:
        CountyUnknown: the code is not one of the nine.
    """
    if code not in COUNTIES:
        raise CountyUnknown(field="county")
    return COUNTIES[code]


def townships(county_code: str) -> tuple[Township, ...]:
    """Return the townships we can offer for a county: a start, not the whole list."""
    return tuple(township for township in _TOWNSHIPS if township.county_code == county_code)
