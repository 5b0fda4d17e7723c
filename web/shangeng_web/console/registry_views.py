"""Queries: what a member has registered, as its own pages and the offices' pages show it; and the words for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from shangeng_certs.standing import mark_standing
from shangeng_certs.validity import MarkStanding
from shangeng_trace.catalogue import Catalogue
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.numbers import MarkKind, is_example_gtin, read_mark_number
from shangeng_trace.places import COUNTIES
from shangeng_trace.quantities import BATCH_UNITS, UNITS, Dimension, Quantity
from shangeng_trace.registry_tables import Base, Membership, OtherMark, Plot, Product
from shangeng_web.i18n import N_, Language, translator

MARKS = {
    MarkKind.GREEN_FOOD: N_("绿色食品产品编号"),
    MarkKind.GREEN_FOOD_FIRM: N_("绿色食品企业信息码"),
    MarkKind.ORGANIC: N_("有机产品"),
    MarkKind.GI: N_("农产品地理标志"),
}

_FIRST_COUNTS = ("piece", "egg", "head")


@dataclass(frozen=True, slots=True)
class ProductLine:
    """A product as a line of a list: `below` says what a pack is, `standing` whether the mark may be shown."""

    row: Product
    name: str
    tile: str
    below: str
    standing: MarkStanding


@dataclass(frozen=True, slots=True)
class BaseLine:
    """A base with its plots, by name."""

    row: Base
    place: str
    plots: tuple[Plot, ...]


@dataclass(frozen=True, slots=True)
class MarkLine:
    """Another mark: for which product (nothing for all of them), whether its number looks unusual, and whether it holds."""

    row: OtherMark
    words: str
    product: str
    usual: bool
    valid: bool


def products_of(
    session: Session, catalogue: Catalogue, organisation_id: str, *, language: Language, at: datetime
) -> list[ProductLine]:
    """Return an organisation's products by name."""
    rows = session.exec(
        select(Product)
        .where(Product.organisation_id == organisation_id)
        .order_by(col(Product.retired_at).is_not(None), col(Product.name), col(Product.id))
    )
    return [product_line(session, catalogue, row, language=language, at=at) for row in rows]


def product_line(
    session: Session, catalogue: Catalogue, row: Product, *, language: Language, at: datetime
) -> ProductLine:
    """Return one product as a line."""
    category = catalogue.category(row.category)
    parts = [category.name(language), pack_words(row, language)]
    return ProductLine(
        row=row,
        name=product_name(row, language),
        tile=category.tile,
        below=(", " if language == "en" else "，").join(parts),
        standing=mark_standing(session, holder_id=row.organisation_id, product_id=row.id, at=at),
    )


def bases_of(session: Session, organisation_id: str, *, language: Language) -> list[BaseLine]:
    """Return an organisation's bases with their plots."""
    plots: dict[str, list[Plot]] = {}
    for plot in session.exec(
        select(Plot)
        .where(Plot.organisation_id == organisation_id)
        .order_by(col(Plot.retired_at).is_not(None), col(Plot.name), col(Plot.id))
    ):
        plots.setdefault(plot.base_id, []).append(plot)
    rows = session.exec(
        select(Base)
        .where(Base.organisation_id == organisation_id)
        .order_by(col(Base.retired_at).is_not(None), col(Base.name), col(Base.id))
    )
    return [BaseLine(row, place_words(row, language), tuple(plots.get(row.id, ()))) for row in rows]


def marks_of(session: Session, organisation_id: str, *, language: Language, at: datetime) -> list[MarkLine]:
    """Return an organisation's other marks, the latest to end first."""
    names = {row.id: row for row in session.exec(select(Product).where(Product.organisation_id == organisation_id))}
    rows = session.exec(
        select(OtherMark)
        .where(OtherMark.organisation_id == organisation_id)
        .order_by(col(OtherMark.retired_at).is_not(None), col(OtherMark.valid_until).desc(), col(OtherMark.id))
    )
    today, say = at.astimezone(SHANGHAI).date(), translator(language)
    return [
        MarkLine(
            row=row,
            words=say(MARKS[MarkKind(row.kind)]),
            product="" if row.product_id is None else product_name(names[row.product_id], language),
            usual=read_mark_number(MarkKind(row.kind), row.number).usual,
            valid=row.retired_at is None and row.valid_from <= today <= row.valid_until,
        )
        for row in rows
    ]


def people_count(session: Session, organisation_id: str) -> int:
    """Return how many people act for an organisation."""
    return session.exec(
        select(func.count(func.distinct(Membership.person_id))).where(Membership.organisation_id == organisation_id)
    ).one()


def product_name(row: Product, language: Language) -> str:
    """Return a product's name; in English where it has one."""
    return (language == "en" and row.name_en) or row.name


def pack_words(row: Product, language: Language) -> str:
    """Say what one pack holds: `50 g/罐`, `50 g per tin`."""
    net, pack = Quantity(row.net_amount, row.net_unit).words(language), UNITS[row.pack_unit]
    return f"{net} per {pack.en}" if language == "en" else f"{net}/{pack.zh}"


def gtin_words(row: Product) -> str:
    """Write a GTIN with as many digits as stand under the bar code."""
    return (row.gtin or "").lstrip("0").rjust(13, "0") if row.gtin else ""


def is_example(row: Product) -> bool:
    """Whether a product's GTIN is one of those kept for examples."""
    return row.gtin is not None and is_example_gtin(row.gtin)


def place_words(row: Base, language: Language) -> str:
    """Say where a base lies: county, township, village."""
    county = COUNTIES[row.county].name(language)
    parts = [county, row.township, row.village]
    if language == "en":
        return ", ".join(reversed([part for part in parts if part]))
    return "".join(parts)


def unit_options(keys: Iterable[str], language: Language) -> list[tuple[str, str]]:
    """Return units to choose from."""
    return [(key, UNITS[key].en if language == "en" else UNITS[key].zh) for key in keys]


def net_units() -> list[str]:
    """Return the units in which the content of a pack can be stated."""
    return [key for key in BATCH_UNITS if UNITS[key].dimension is not Dimension.COUNT] + list(_FIRST_COUNTS)


def county_options(language: Language) -> list[tuple[str, str]]:
    """Return the nine counties to choose from."""
    return [(code, county.name(language)) for code, county in COUNTIES.items()]
