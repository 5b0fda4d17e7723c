"""Quantities: an exact decimal with a unit; units are data."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import total_ordering
from types import MappingProxyType
from typing import Any, Self

from shangeng_trace.data import read_data
from shangeng_trace.decimals import decimal_places, json_number, plain, plain_text, read_number
from shangeng_trace.errors import RejectedError

LARGEST = Decimal(10) ** 9
_DECIMALS = 3


class QuantityInvalid(RejectedError):
    """A text or value is not a quantity we can take; the subclasses say why."""

    code = "quantity_invalid"
    zh = "数量不对，请写数字和单位，例如 38 kg。"
    en = "This is not a quantity. Please write a number and a unit, such as 38 kg."


class UnitUnknown(QuantityInvalid):
    """A unit that does not exist here, or is not one of those offered."""

    code = "unit_unknown"
    zh = "单位请用：{zh_units}。"
    en = "Please use one of these units: {en_units}."


class QuantityOutOfBounds(QuantityInvalid):
    """Zero, negative, or beyond 10^9."""

    code = "quantity_out_of_bounds"
    zh = "数量要大于 0，最多 10 亿。"
    en = "A quantity is more than 0 and at most 1,000,000,000."


class QuantityTooFine(QuantityInvalid):
    """More than three decimals."""

    code = "quantity_too_fine"
    zh = "最多写三位小数。"
    en = "At most three decimals, please."


class CountNotWhole(QuantityInvalid):
    """A count with a fraction."""

    code = "count_not_whole"
    zh = "{zh_unit}要数整的，不能有小数。"
    en = "A number of {en_unit} is a whole number."


class UnitsDiffer(QuantityInvalid):
    """Two quantities that cannot be compared or added."""

    code = "units_differ"
    zh = "“{zh_left}”和“{zh_right}”不能相加或比较。"
    en = "“{en_left}” and “{en_right}” cannot be added or compared."


class QuantityShort(RejectedError):
    """More is taken than is there."""

    code = "quantity_short"
    zh = "只有 {zh_there}，不够 {zh_taken}。"
    en = "There is only {en_there}, not {en_taken}."


class Dimension(StrEnum):
    """What a unit measures."""

    MASS = "mass"
    VOLUME = "volume"
    COUNT = "count"
    DOSE = "dose"


@dataclass(frozen=True)
class Unit:
    """A unit: `factor` of `base` make one. Counted things share a base with nothing but themselves."""

    key: str
    zh: str
    en: str
    plural: str
    dimension: Dimension
    base: str
    factor: Decimal
    uncefact: str | None
    aliases: tuple[str, ...]

    @classmethod
    def of(cls, entry: dict[str, Any]) -> Self:
        """Return the unit that an entry of `units.json` describes."""
        return cls(
            key=entry["key"],
            zh=entry["zh"],
            en=entry["en"],
            plural=entry.get("plural", entry["en"]),
            dimension=Dimension(entry["dimension"]),
            base=entry.get("base", entry["key"]),
            factor=Decimal(entry.get("factor", "1")),
            uncefact=entry.get("uncefact"),
            aliases=tuple(entry.get("aliases", ())),
        )


UNITS = MappingProxyType({entry["key"]: Unit.of(entry) for entry in read_data("units.json")["units"]})
"""Unit key → unit."""

BATCH_UNITS = tuple(key for key, unit in UNITS.items() if unit.dimension is not Dimension.DOSE)
"""Keys of the units a batch can be measured in."""

_BY_WORD = {
    word.casefold(): unit
    for unit in UNITS.values()
    for word in (unit.key, unit.zh, unit.en, unit.plural, *unit.aliases)
}


@total_ordering
@dataclass(frozen=True, eq=False)
class Quantity:
    """An amount of something, never negative; equal quantities may have different units (1 kg = 2 斤)."""

    amount: Decimal
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise _unit_unknown(BATCH_UNITS)
        if not self.amount.is_finite() or self.amount < 0:
            raise QuantityOutOfBounds

    @property
    def _in_base(self) -> Decimal:
        return self.amount * UNITS[self.unit].factor

    def is_comparable(self, other: "Quantity") -> bool:
        """Whether the two can be added and compared."""
        return UNITS[self.unit].base == UNITS[other.unit].base

    def to(self, unit: str) -> "Quantity":
        """Return the same quantity in another unit.

        Raises:
            UnitsDiffer: the units measure different things.
        """
        if unit not in UNITS or UNITS[unit].base != UNITS[self.unit].base:
            raise _units_differ(self.unit, unit)
        return Quantity(plain(self._in_base / UNITS[unit].factor), unit)

    def __add__(self, other: "Quantity") -> "Quantity":
        return Quantity(plain(self.amount + other.to(self.unit).amount), self.unit)

    def __sub__(self, other: "Quantity") -> "Quantity":
        """Take `other` away; raises `QuantityShort` where that would fall below zero."""
        if other > self:
            raise QuantityShort(
                zh_there=self.words("zh"),
                zh_taken=other.words("zh"),
                en_there=self.words("en"),
                en_taken=other.words("en"),
            )
        return Quantity(plain(self.amount - other.to(self.unit).amount), self.unit)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.is_comparable(other) and self._in_base == other._in_base

    def __lt__(self, other: "Quantity") -> bool:
        if not self.is_comparable(other):
            raise _units_differ(self.unit, other.unit)
        return self._in_base < other._in_base

    def __hash__(self) -> int:
        return hash((UNITS[self.unit].base, self._in_base))

    def __bool__(self) -> bool:
        return self.amount > 0

    def ratio(self, whole: "Quantity") -> Decimal:
        """Return this quantity as a share of `whole` (0.2158), rounded to four decimals; `whole` is not zero."""
        return (self.amount / whole.to(self.unit).amount).quantize(Decimal("0.0001"))

    def words(self, language: str) -> str:
        """Return the quantity as a reader of `language` writes it: `38 kg`, `164 罐`, `164 tins`."""
        unit = UNITS[self.unit]
        name = unit.zh if not language.startswith("en") else unit.en if self.amount == 1 else unit.plural
        return f"{plain_text(self.amount)} {name}"

    def epcis(self) -> tuple[int | float, str | None]:
        """Return `quantity` and `uom` for an EPCIS quantity element; a count has no `uom`.

        Units without a UN/ECE code (斤, 两) become kilograms.
        """
        unit = UNITS[self.unit]
        if unit.dimension is Dimension.MASS and unit.uncefact is None:
            return self.to("kg").epcis()
        return json_number(self.amount), unit.uncefact

    def to_json(self) -> dict[str, int | float | str]:
        """Return `{"amount": 38.5, "unit": "kg"}`, the amount a number that JSON keeps exactly."""
        return {"amount": json_number(self.amount), "unit": self.unit}

    @classmethod
    def from_json(cls, value: Any) -> "Quantity":
        """Return the quantity that `to_json` wrote, without the bounds on what people enter.

        Raises:
            QuantityInvalid: another shape.
        """
        match value:
            case {"amount": int() | float() as amount, "unit": str(unit)} if not isinstance(amount, bool):
                return cls(Decimal(repr(amount)), unit)
            case _:
                raise QuantityInvalid


def quantity(amount: Decimal | float | str, unit: str, units: Iterable[str] = BATCH_UNITS) -> Quantity:
    """Return a quantity that somebody stated, checked against the bounds for entries.

    `unit` is a key, a Chinese or English name or an alias, and must be among `units`. The amount is
    above 0 and at most 10^9, with at most three decimals for mass, volume and dose, whole for counts.

    Raises:
        QuantityInvalid: with the sentence for what is wrong.
    """
    offered = tuple(units)
    found = _BY_WORD.get(unicodedata.normalize("NFKC", unit).strip().casefold())
    if found is None or found.key not in offered:
        raise _unit_unknown(offered)
    number = amount if isinstance(amount, Decimal) else read_number(str(amount))
    if number is None or not number.is_finite():
        raise QuantityInvalid
    if not 0 < number <= LARGEST:
        raise QuantityOutOfBounds
    if found.dimension is Dimension.COUNT and decimal_places(number):
        raise CountNotWhole(zh_unit=found.zh, en_unit=found.plural)
    if decimal_places(number) > _DECIMALS:
        raise QuantityTooFine
    return Quantity(plain(number), found.key)


def parse_quantity(text: str, units: Iterable[str] = BATCH_UNITS) -> Quantity:
    """Return the quantity in what a person typed: `38kg`, `３８ 公斤`, `1,200.5 克`, `164罐`.

    Raises:
        QuantityInvalid: with the sentence for what is wrong.
    """
    folded = unicodedata.normalize("NFKC", text).strip()
    split = re.fullmatch(r"([-+]?[0-9][0-9,.]*)\s*(\D.*)", folded)
    if split is None:
        raise QuantityInvalid
    return quantity(split[1], split[2], units)


def _unit_unknown(units: Iterable[str]) -> UnitUnknown:
    known = [UNITS[key] for key in units]
    return UnitUnknown(zh_units="、".join(unit.zh for unit in known), en_units=", ".join(unit.en for unit in known))


def _units_differ(left: str, right: str) -> UnitsDiffer:
    pair = [UNITS.get(key) for key in (left, right)]
    zh_left, zh_right = (unit.zh if unit else "?" for unit in pair)
    en_left, en_right = (unit.en if unit else "?" for unit in pair)
    return UnitsDiffer(zh_left=zh_left, zh_right=zh_right, en_left=en_left, en_right=en_right)
