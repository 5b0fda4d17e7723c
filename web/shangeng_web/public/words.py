"""How names, places and amounts are written on public pages; never a person's name."""

import re
from collections.abc import Callable
from decimal import Decimal

from markupsafe import Markup, escape

from shangeng_trace.places import COUNTIES
from shangeng_trace.quantities import UNITS, Quantity
from shangeng_trace.registry_tables import Base, Organisation, Plot, Product
from shangeng_web import formats
from shangeng_web.drawings.counties import COUNTIES as DRAWN
from shangeng_web.i18n import Language, phrases, translator
from shangeng_web.templating import keep_together

_CHINESE = re.compile("[\u3400-\u9fff]")


def in_its_language(text: str, language: Language) -> Markup:
    """Return a text from the records, marked as Chinese where it is and the page is not."""
    if language == "en" and _CHINESE.search(text):
        return Markup('<span lang="zh-CN">{}</span>').format(text)
    return Markup("{}").format(text)


def named(zh: str, en: str, language: Language) -> Markup:
    """Return a name: in English where it has one and the page is English, else in Chinese and marked so."""
    return Markup("{}").format(en) if language == "en" and en else in_its_language(zh, language)


def product_name(product: Product, language: Language) -> Markup:
    """Return a product's name."""
    return named(product.name, product.name_en, language)


def organisation_name(organisation: Organisation, language: Language) -> Markup:
    """Return an organisation's name; a household is called by its number, because its name is a person's."""
    if organisation.is_household:
        _ = wording(language)
        return _("农户 %(number)s", number=keep_together(organisation.number))
    return named(organisation.name, organisation.name_en, language)


def county_short(code: str, language: Language) -> str:
    """Return a county's short name for lists: 景宁, Jingning; empty where the code is not one of the nine."""
    drawn = DRAWN.get(code)
    return "" if drawn is None else drawn.en if language == "en" else drawn.zh


def county_full(code: str, language: Language) -> str:
    """Return a county's full name; empty where the code is not one of the nine."""
    return COUNTIES[code].name(language) if code in COUNTIES else ""


def plot_place(plot: Plot, base: Base, holder: Organisation | None, language: Language) -> Markup:
    """Return where a plot lies, to the village, and its altitude; a plot of a household has a private name."""
    _ = translator(language)
    place = base.village or base.township
    name = "" if holder is None or holder.is_household else plot.name
    gap = " " if place and name else ""
    height = keep_together(_("海拔 %(metres)s m", metres=plot.altitude_m))
    return Markup("{}{}{}").format(in_its_language(f"{place}{gap}{name}", language), _("，"), height)


def amount(value: Decimal, unit: str, language: Language) -> Markup:
    """Write an amount with its unit's words, in one piece: 8.2 kg, 164 罐, 164 tins."""
    if unit not in UNITS:
        return keep_together(formats.quantity(value, unit, language))
    return keep_together(Quantity(value, unit).words(language))


def packs(value: Decimal, product: Product, language: Language) -> Markup:
    """Write a number of packed units of a product: 164 罐."""
    return amount(value, product.pack_unit, language)


def share(part: Decimal, whole: Decimal, language: Language) -> str:
    """Write a share in percent with at most one decimal: 21.6%."""
    return f"{formats.number((100 * part / whole).quantize(Decimal('0.1')), language)}%"


def wording(language: Language) -> Callable[..., Markup]:
    """Return `_` for sentences of ours that hold markup: `_("共 <b>%(n)s</b> 项", n=3)`; their parts are escaped."""
    book = phrases(language)

    def say(message: str, **parts: object) -> Markup:
        return Markup(book.gettext(message, parts.get("n"))) % {name: escape(part) for name, part in parts.items()}  # noqa: S704 - ours

    return say


def typed(text: str, most: int) -> str:
    """Return what somebody typed into a box, without what no keyboard gives and no database takes, and not too long."""
    return "".join(char for char in text[:most] if char.isprintable()).strip()
