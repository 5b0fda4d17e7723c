"""Identifiers of the outside world: who (USCC, household), what (GTIN, lot) and which mark; all pure.

Every check takes what a person typed, returns the one written form, and raises a rejection that
says what is wrong. None of them asks a register whether the number was really issued.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from shangeng_trace.errors import RejectedError
from shangeng_trace.ids import CROCKFORD

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015: 31 characters, without I, O, S, V and Z."""

_USCC_LENGTH = 18
_USCC_OFFICES = "123456789ANY"
"""Who may have registered an organisation (GB 32100-2015, table 1): the first character."""
_READ_AS_DIGIT = str.maketrans({"I": "1", "L": "1", "O": "0"})


class UsccInvalid(RejectedError):
    """A text is not a unified social credit code; the subclasses say why."""

    code = "uscc_invalid"
    zh = "统一社会信用代码不对，请照营业执照核对。"
    en = "This is not a valid unified social credit code. Please compare it with the business licence."


class UsccLength(UsccInvalid):
    """Not 18 characters long."""

    code = "uscc_length"
    zh = "统一社会信用代码应有 18 位，现在是 {length} 位。"
    en = "A unified social credit code has 18 characters; this has {length}."


class UsccCharacter(UsccInvalid):
    """A character that the code never uses."""

    code = "uscc_character"
    zh = "统一社会信用代码第 {position} 位的“{character}”不会出现在代码里（没有 I、O、S、V、Z）。请照营业执照核对。"
    en = "Character {position}, “{character}”, never occurs in a unified social credit code (no I, O, S, V or Z). Please compare it with the business licence."


class UsccCheckFailed(UsccInvalid):
    """The last character does not answer the 17 before it."""

    code = "uscc_check"
    zh = "统一社会信用代码的校验位不对，有一位抄错了。请照营业执照核对。"
    en = "The check character of the unified social credit code does not fit: one character is wrong. Please compare it with the business licence."


class GtinInvalid(RejectedError):
    """A text is not a GTIN; the subclass says when it is the check digit."""

    code = "gtin_invalid"
    zh = "商品条码应是 8、12、13 或 14 位数字。"
    en = "A GTIN (the number under the bar code) has 8, 12, 13 or 14 digits."


class GtinCheckFailed(GtinInvalid):
    """The last digit does not answer those before it."""

    code = "gtin_check"
    zh = "商品条码的校验位不对，有一位抄错了。请照包装核对。"
    en = "The check digit of the GTIN does not fit: one digit is wrong. Please compare it with the pack."


class LotInvalid(RejectedError):
    """A text cannot be a lot number."""

    code = "lot_invalid"
    zh = "批次号只用字母、数字和 - . _，最多 20 位。"
    en = "A lot number uses letters, digits and - . _ only, at most 20 of them."


class HouseholdNumberInvalid(RejectedError):
    """A text is not one of our household numbers."""

    code = "household_number_invalid"
    zh = "农户编号不对，请照登记卡核对（LS 开头，共 17 位）。"
    en = "This is not a valid household number. Please compare it with the card (17 characters, beginning with LS)."


class MarkNumberInvalid(RejectedError):
    """A text cannot be the number of any mark."""

    code = "mark_number_invalid"
    zh = "标志编号只有字母、数字和连字符，最多 40 位。"
    en = "The number of a mark has letters, digits and hyphens only, at most 40 of them."


def _folded(text: str) -> str:
    """Return `text` with full-width forms made plain, without blanks, in capitals."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()


def uscc_check_character(first17: str) -> str:
    """Return the 18th character for the first 17 (GB 32100-2015: weights 3^i mod 31)."""
    total = sum(USCC_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(first17))
    return USCC_ALPHABET[-total % 31]


def check_uscc(text: str) -> str:
    """Return the unified social credit code in `text` in capitals without blanks.

    Raises:
        UsccLength, UsccCharacter, UsccCheckFailed: all `UsccInvalid`, each saying what is wrong.
        UsccInvalid: it begins with no registering office, as eighteen zeros would.
    """
    number = _folded(text)
    if len(number) != _USCC_LENGTH:
        raise UsccLength(length=len(number))
    for position, character in enumerate(number, start=1):
        if character not in USCC_ALPHABET:
            raise UsccCharacter(position=position, character=character)
    if uscc_check_character(number[:-1]) != number[-1]:
        raise UsccCheckFailed
    if number[0] not in _USCC_OFFICES:
        raise UsccInvalid
    return number


def gtin_check_digit(digits: str) -> str:
    """Return the digit that completes `digits` to a GTIN (GS1 General Specifications 7.9)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def check_gtin(text: str) -> str:
    """Return the GTIN-8, -12, -13 or -14 in `text` as 14 digits.

    Raises:
        GtinInvalid: not digits, another length, or all zeros.
        GtinCheckFailed: the check digit does not fit.
    """
    number = _folded(text)
    if not re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", number) or not number.strip("0"):
        raise GtinInvalid
    if gtin_check_digit(number[:-1]) != number[-1]:
        raise GtinCheckFailed
    return number.zfill(14)


def is_example_gtin(gtin: str) -> bool:
    """Whether a 14-digit GTIN carries prefix 952, which GS1 keeps for examples: never on real goods."""
    return gtin[1:4] == "952"


def check_lot(text: str) -> str:
    """Return the lot number in `text` in capitals.

    The character set is narrower than GS1's for AI (10), so that a lot can stand in a path, a file
    name and a QR symbol in alphanumeric mode without escapes.

    Raises:
        LotInvalid: empty, longer than 20, or with another character.
    """
    lot = _folded(text)
    if not re.fullmatch(r"[A-Z0-9._-]{1,20}", lot) or not lot.strip("."):
        raise LotInvalid  # "." and ".." alone would be swallowed as path segments
    return lot


def new_household_number(county_code: str, serial: int) -> str:
    """Return a household's number: `LS`, six digits of county, eight of Crockford base32, one check character.

    Smallholders have no unified social credit code, so the brand gives them a number of its own.
    It has 17 characters and can never be taken for a USCC. `serial` is a random integer below 2**40
    (random, so that a number tells nothing about how many households there are). The check
    character is a weighted sum over GF(32), the weights being powers of a primitive element: any
    one wrong character and any two exchanged characters are found.
    """
    body = county_code + "".join(CROCKFORD[serial >> shift & 31] for shift in range(35, -1, -5))
    return f"LS{body}{CROCKFORD[_times_two(_weighted_sum(body))]}"


def check_household_number(text: str) -> str:
    """Return the household number in `text` in its one form; hyphens do not matter, I and L read as 1, O as 0.

    Raises:
        HouseholdNumberInvalid: another shape, or the check character does not fit.
    """
    number = _folded(text).replace("-", "")
    body = number[2:].translate(_READ_AS_DIGIT)
    if not number.startswith("LS") or not re.fullmatch(rf"[0-9]{{6}}[{CROCKFORD}]{{9}}", body) or _weighted_sum(body):
        raise HouseholdNumberInvalid
    return f"LS{body}"


def _weighted_sum(text: str) -> int:
    total = 0
    for character in text:
        total = _times_two(total) ^ CROCKFORD.index(character)
    return total


def _times_two(element: int) -> int:
    """Multiply by x in GF(32) = GF(2)[x] / (x^5 + x^2 + 1), where x is primitive."""
    return element << 1 ^ (0b100101 if element & 0b10000 else 0)


class MarkKind(StrEnum):
    """Marks of other schemes that a product may carry besides the brand."""

    GREEN_FOOD = "green_food"
    GREEN_FOOD_FIRM = "green_food_firm"
    ORGANIC = "organic"
    GI = "gi"


_USUAL = {
    MarkKind.GREEN_FOOD: r"LB-\d{2}-\d{10,12}A{0,2}",
    MarkKind.GREEN_FOOD_FIRM: r"GF\d{12}",
    MarkKind.ORGANIC: r"\d{17}",
    MarkKind.GI: r"AGI\d{5}|AGI\d{4}-\d{2}-\d{4}",
}


@dataclass(frozen=True)
class MarkNumber:
    """A mark's number; `usual` is false where it departs from the pattern known for its kind.

    Published sources disagree about these patterns, so an unusual number is a warning, not an error.
    """

    kind: MarkKind
    number: str
    usual: bool

    @property
    def county_code(self) -> str | None:
        """The county in a green-food firm code (`GF` + area 6 + year 2 + serial 4), to compare with the producer's."""
        return self.number[2:8] if self.kind is MarkKind.GREEN_FOOD_FIRM and self.usual else None


def read_mark_number(kind: MarkKind, text: str) -> MarkNumber:
    """Return the number of a mark in capitals without blanks, and whether it looks as usual.

    Raises:
        MarkNumberInvalid: empty, longer than 40, or with characters no scheme uses.
    """
    number = _folded(text)
    if not re.fullmatch(r"[A-Z0-9-]{1,40}", number):
        raise MarkNumberInvalid
    return MarkNumber(kind, number, re.fullmatch(_USUAL[kind], number) is not None)
