"""What a form holds of a base, a plot, a product or a mark, read into the columns of its row. Pure.

Each reader remembers in `fields` whatever is wrong; the values it returns count only where nothing was.
"""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

from shangeng_trace.errors import RejectedError
from shangeng_trace.fields import Fields
from shangeng_trace.numbers import MarkKind, check_gtin, is_example_gtin, read_mark_number
from shangeng_trace.quantities import BATCH_UNITS, UNITS, Dimension, quantity

STOCK_UNITS = ("kg", "L", "piece", "egg", "head", "fish")
"""What a product's batches are measured in: one unit of mass and of volume, or a count."""

PACK_UNITS = ("tin", "box", "bag", "bottle", "pack", "piece")
"""What a product is sold in."""

_NET_UNITS = [key for key in BATCH_UNITS if UNITS[key].dimension is not Dimension.COUNT] + ["piece", "egg", "head"]


FIRST_YEAR, MOST_YEARS = 1990, 100
"""No mark is older than 绿色食品, and what is for ever is for a hundred years."""


class YearWrong(RejectedError):
    """A date in a year that no mark was given in, or will end in."""

    code = "trace.year_wrong"
    zh = "年份不对，请照证书核对。"
    en = "This year cannot be right. Please compare it with the certificate."


class ExampleGtin(RejectedError):
    """A GTIN with the prefix kept for examples."""

    code = "trace.example_gtin"
    zh = "952 开头的条码只用于示例，不能用在真实产品上。"
    en = "GTINs with prefix 952 are for examples only and cannot stand on real goods."


def read_base(fields: Fields, *, name: str, county: str, township: str, village: str = "") -> dict[str, Any]:
    """Read a base."""
    return {
        "name": fields.text("name", name, limit=60),
        "county": fields.county("county", county),
        "township": fields.text("township", township, limit=40),
        "village": fields.text("village", village, limit=40, required=False),
    }


def read_plot(
    fields: Fields,
    *,
    name: str,
    area_mu: str | Decimal,
    altitude_m: str | Decimal,
    latitude: str | Decimal = "",
    longitude: str | Decimal = "",
) -> dict[str, Any]:
    """Read a plot; coordinates are optional, and both or neither."""
    located = bool(str(latitude).strip() or str(longitude).strip())
    return {
        "name": fields.text("name", name, limit=60),
        "area_mu": fields.number("area_mu", area_mu, "0.01", "100000"),
        # Lishui's highest peak, 黄茅尖, is 1929 m.
        "altitude_m": int(fields.number("altitude_m", altitude_m, "0", "1930")),
        "latitude": fields.number("latitude", latitude, "27.4", "28.95") if located else None,
        "longitude": fields.number("longitude", longitude, "118.7", "120.5") if located else None,
    }


def read_product(
    fields: Fields,
    categories: Collection[str],
    *,
    name: str,
    category: str,
    unit: str,
    net_amount: str | Decimal,
    net_unit: str,
    pack_unit: str,
    name_en: str = "",
    gtin: str = "",
    shelf_life: str = "",
    allow_example_gtin: bool = False,
) -> dict[str, Any]:
    """Read a product; prefix 952 is refused unless this is a demonstration."""
    number = fields.attempt("gtin", lambda: check_gtin(gtin)) if gtin.strip() else None
    if number and is_example_gtin(number) and not allow_example_gtin:
        fields.problems.append(ExampleGtin(field="gtin"))
    net = fields.attempt("net_amount", lambda: str(quantity(net_amount, net_unit, _NET_UNITS).amount))
    return {
        "name": fields.text("name", name, limit=60),
        "name_en": fields.text("name_en", name_en, limit=120, required=False),
        "category": fields.choice("category", category, categories),
        "unit": fields.choice("unit", unit, STOCK_UNITS),
        "gtin": number or None,
        "net_amount": Decimal(net or 0),
        "net_unit": fields.choice("net_unit", net_unit, _NET_UNITS),
        "pack_unit": fields.choice("pack_unit", pack_unit, PACK_UNITS),
        "shelf_life": fields.text("shelf_life", shelf_life, limit=40, required=False),
    }


def read_mark(
    fields: Fields, *, kind: MarkKind, number: str, valid_from: date, valid_until: date, product_id: str | None = None
) -> dict[str, Any]:
    """Read another mark, for one product or, without one, for all of them."""
    fields.period("valid_until", valid_from, valid_until)
    if valid_from.year < FIRST_YEAR:
        fields.problems.append(YearWrong(field="valid_from"))
    elif valid_until.year > valid_from.year + MOST_YEARS:
        fields.problems.append(YearWrong(field="valid_until"))
    return {
        "product_id": product_id,
        "kind": kind.value,
        "number": fields.attempt("number", lambda: read_mark_number(kind, number).number),
        "valid_from": valid_from,
        "valid_until": valid_until,
    }
