"""Exact numbers between people, Decimal and JSON; no binary surprise on the way."""

import re
import unicodedata
from decimal import Decimal, InvalidOperation

from shangeng_trace.errors import RejectedError

_SIGNIFICANT = 15
"""What every JSON number reader keeps exactly; the canonical form refuses more."""


class NumberTooLong(RejectedError):
    """More significant digits than a JSON number keeps."""

    code = "number_too_long"
    zh = "数字太长，最多 15 位有效数字。"
    en = "The number is too long: at most 15 significant digits."


def read_number(text: str) -> Decimal | None:
    """Return the number a person typed, or None: full-width digits and `,` between thousands are fine."""
    folded = unicodedata.normalize("NFKC", text).strip()
    if re.fullmatch(r"[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", folded):
        folded = folded.replace(",", "")
    if not re.fullmatch(r"[-+]?[0-9]{1,15}(\.[0-9]{1,15})?([eE][-+]?[0-9]{1,2})?", folded):
        return None
    try:
        return plain(Decimal(folded))
    except InvalidOperation:  # the exponent asked for more digits than a decimal holds
        return None


def decimal_places(number: Decimal) -> int:
    """Return how many decimals a finite number really has (38.50 has one)."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def json_number(number: Decimal) -> int | float:
    """Return a finite decimal as the JSON number that reads back as the same decimal.

    Raises:
        NumberTooLong: more than 15 significant digits.
    """
    if len(number.normalize().as_tuple().digits) > _SIGNIFICANT:
        raise NumberTooLong
    return int(number) if number == number.to_integral_value() else float(number)


def plain(number: Decimal) -> Decimal:
    """Drop idle zeros without falling into exponents (100, never 1E+2)."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def plain_text(number: Decimal) -> str:
    """Return a number without exponent or idle zeros, thousands apart: `1,200.5`."""
    return f"{plain(number):,f}"
