"""Reading what people fill in: each field checked, every problem collected, all of them raised together."""

import re
import unicodedata
from collections.abc import Callable, Collection
from datetime import date
from decimal import Decimal

from shangeng_trace.decimals import decimal_places, read_number
from shangeng_trace.errors import InvalidError, RejectedError
from shangeng_trace.places import county as find_county


class Missing(RejectedError):
    """A required field is empty."""

    code = "trace.missing"
    zh = "这一项要填。"
    en = "Please fill this in."


class TooLong(RejectedError):
    """A text is longer than it may be."""

    code = "trace.too_long"
    zh = "最多 {limit} 个字。"
    en = "At most {limit} characters."


class ControlCharacter(RejectedError):
    """A text holds characters that cannot be seen or printed."""

    code = "trace.control_character"
    zh = "里面有看不见的控制字符，请重新输入。"
    en = "There are invisible control characters in this. Please type it again."


class OutOfRange(RejectedError):
    """A number is not one, or outside what can be."""

    code = "trace.out_of_range"
    zh = "应是 {low} 到 {high} 之间的数。"
    en = "This must be a number between {low} and {high}."


class PhoneInvalid(RejectedError):
    """A text is not a telephone number."""

    code = "trace.phone_invalid"
    zh = "电话号码不对，请填手机号或带区号的座机号。"
    en = "This is not a telephone number. Please give a mobile number, or a landline with its area code."


class NotAChoice(RejectedError):
    """A value is not one of those offered."""

    code = "trace.not_a_choice"
    zh = "请从列表中选择。"
    en = "Please choose from the list."


class DatesReversed(RejectedError):
    """An end lies before its beginning."""

    code = "trace.dates_reversed"
    zh = "结束日期不能早于开始日期。"
    en = "The end cannot lie before the beginning."


_DECIMALS = 6


class Fields:
    """Collects every problem of a form, so that a person sees all of them at once."""

    def __init__(self) -> None:
        self.problems: list[RejectedError] = []

    def text(self, field: str, value: str, *, limit: int, required: bool = True) -> str:
        """Return the trimmed text; markup is kept as the plain text it is."""
        text = unicodedata.normalize("NFC", value).strip()
        if required and not text:
            self.problems.append(Missing(field=field))
        elif len(text) > limit:
            self.problems.append(TooLong(field=field, limit=limit))
        elif any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") for character in text):
            self.problems.append(ControlCharacter(field=field))
        return text

    def number(self, field: str, value: str | Decimal, low: str, high: str) -> Decimal:
        """Return a decimal within its bounds, both included."""
        number = read_number(str(value))
        if number is None or not Decimal(low) <= number <= Decimal(high) or decimal_places(number) > _DECIMALS:
            self.problems.append(OutOfRange(field=field, low=low, high=high))
            return Decimal(0)
        return number

    def choice(self, field: str, value: str, choices: Collection[str]) -> str:
        """Return a value that is one of `choices`."""
        if value not in choices:
            self.problems.append(NotAChoice(field=field) if value else Missing(field=field))
        return value

    def phone(self, field: str, value: str) -> str:
        """Return a telephone number as digits and hyphens, or nothing."""
        text = unicodedata.normalize("NFKC", value).strip().replace(" ", "")
        if text and not re.fullmatch(r"(\+?86-?)?1[3-9]\d{9}|0\d{2,3}-?\d{7,8}(-\d{1,5})?|400-?\d{3}-?\d{4}", text):
            self.problems.append(PhoneInvalid(field=field))
        return text

    def period(self, field: str, start: date, end: date) -> None:
        """Check that a period does not end before it begins; `field` is that of the end."""
        if end < start:
            self.problems.append(DatesReversed(field=field))

    def county(self, field: str, code: str) -> str:
        """Return the code of one of the nine counties."""
        self.attempt(field, lambda: find_county(code).code)
        return code

    def attempt(self, field: str, check: Callable[[], str]) -> str:
        """Return what `check` returns, or remember its refusal at `field`."""
        try:
            return check()
        except RejectedError as problem:
            problem.field = field
            self.problems.append(problem)
            return ""

    def done(self) -> None:
        """Raise everything found, together."""
        if self.problems:
            raise InvalidError(self.problems)
