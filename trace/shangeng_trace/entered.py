"""Single values as people and programs enter them: read, normalised, held against their field. Pure.

Every refusal names the field in both languages and, where there is one, the bound.
"""

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from shangeng_trace.clock import SHANGHAI
from shangeng_trace.decimals import plain_text, read_number
from shangeng_trace.errors import RejectedError
from shangeng_trace.ids import is_event_id, read_id
from shangeng_trace.steps import Field

EARLIEST = date(2000, 1, 1)
CLOCKS_DIFFER = timedelta(minutes=10)
"""How far ahead of ours a phone's clock may be before a time counts as not yet happened."""
_ABSURD = 10**15
"""Python refuses to print integers of thousands of digits; nothing here is counted so far."""

_DATE = re.compile(r"([0-9]{4})(?:[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?|([0-9]{2})([0-9]{2}))")
_WORDS = {
    **dict.fromkeys(("true", "on", "yes", "1", "是"), True),
    **dict.fromkeys(("false", "off", "no", "0", "否"), False),
}


class FieldMissing(RejectedError):
    """A required field is empty."""

    code = "field_missing"
    zh = "请填写{zh_label}。"
    en = "Please fill in “{en_label}”."


class FieldUnknown(RejectedError):
    """A field that the step does not have."""

    code = "field_unknown"
    zh = "这个环节没有“{name}”这一项。"
    en = "This step has no field “{name}”."


class NotText(RejectedError):
    """Something other than text."""

    code = "field_not_text"
    zh = "{zh_label}应是文字。"
    en = "“{en_label}” must be text."


class TextTooLong(RejectedError):
    """More characters than the field takes."""

    code = "text_too_long"
    zh = "{zh_label}最多 {limit} 个字，现在有 {length} 个。"
    en = "“{en_label}” takes at most {limit} characters; this has {length}."


class TextUnprintable(RejectedError):
    """Control, formatting or private characters, which can hide or reverse what a reader sees."""

    code = "text_unprintable"
    zh = "{zh_label}里有看不见的字符，请重新输入。"
    en = "“{en_label}” contains invisible characters. Please type it again."


class NumberUnreadable(RejectedError):
    """Not a number."""

    code = "number_unreadable"
    zh = "{zh_label}请写数字，例如 30。"
    en = "“{en_label}” must be a number, such as 30."


class OutOfRange(RejectedError):
    """A number outside both bounds."""

    code = "out_of_range"
    zh = "{zh_label}应在 {low} 到 {high} 之间。"
    en = "“{en_label}” must be between {low} and {high}."


class TooLow(OutOfRange):
    """A number below the only bound."""

    zh = "{zh_label}至少是 {low}。"
    en = "“{en_label}” must be at least {low}."


class TooHigh(OutOfRange):
    """A number above the only bound."""

    zh = "{zh_label}最多是 {high}。"
    en = "“{en_label}” must be at most {high}."


class TooManyDecimals(RejectedError):
    """A number finer than the field."""

    code = "too_many_decimals"
    zh = "{zh_label}最多写 {limit} 位小数。"
    en = "“{en_label}” takes at most {limit} decimals."


class NotWhole(RejectedError):
    """A fraction where only whole numbers make sense."""

    code = "not_whole"
    zh = "{zh_label}要写整数。"
    en = "“{en_label}” must be a whole number."


class DateUnreadable(RejectedError):
    """Not a date, or one that no calendar has."""

    code = "date_unreadable"
    zh = "{zh_label}不是日期，请写成 2026-04-12 这样。"
    en = "“{en_label}” is not a date. Please write it like 2026-04-12."


class DateTooEarly(RejectedError):
    """Before anybody kept records here."""

    code = "date_too_early"
    zh = "{zh_label}太早了，请核对年份。"
    en = "“{en_label}” is too long ago. Please check the year."


class DateInFuture(RejectedError):
    """What has not happened yet cannot be recorded."""

    code = "date_in_future"
    zh = "{zh_label}还没有到，请填已经发生的日期。"
    en = "“{en_label}” lies in the future. Please give a date that has come."


class DatesReversed(RejectedError):
    """A later date before the earlier one."""

    code = "dates_reversed"
    zh = "{zh_label}不能早于{zh_earlier}。"
    en = "“{en_label}” cannot be before “{en_earlier}”."


class ChoiceUnknown(RejectedError):
    """An answer that is not offered."""

    code = "choice_unknown"
    zh = "{zh_label}请从列表里选。"
    en = "Please choose “{en_label}” from the list."


class ReferenceUnreadable(RejectedError):
    """Not the identifier of anything."""

    code = "reference_unreadable"
    zh = "{zh_label}没有认出来，请从列表里选。"
    en = "“{en_label}” is not an identifier. Please choose it from the list."


class TableUnreadable(RejectedError):
    """A row that is not a row."""

    code = "table_unreadable"
    zh = "{zh_label}的这一行格式不对。"
    en = "This row of “{en_label}” is not in the right form."


class TableTooLong(RejectedError):
    """More rows than the table takes."""

    code = "table_too_long"
    zh = "{zh_label}最多 {limit} 行。"
    en = "“{en_label}” takes at most {limit} rows."


def labels(field: Field) -> dict[str, str]:
    """Return the field's names as the parts that every sentence here uses."""
    return {"zh_label": field.zh, "en_label": field.en}


def quoted(name: object) -> str:
    """Return a stranger's name for a field, short and printable enough to repeat in a sentence."""
    return "".join(character for character in str(name)[:40] if character.isprintable())


def is_empty(value: object) -> bool:
    """Whether a form or a program left the field open."""
    return value is None or (isinstance(value, str) and not value.strip()) or value in ([], {})


def text(field: Field, value: object) -> str:
    """Return plain text, composed (NFC) and trimmed; markup stays the characters it is."""
    if not isinstance(value, str):
        raise NotText(**labels(field))
    written = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    if len(written) > field.max_length:
        raise TextTooLong(limit=field.max_length, length=len(written), **labels(field))
    seen = written.replace("\n", "") if field.lines else written
    if not seen.isprintable() and any(unicodedata.category(each) in {"Cc", "Cf", "Co", "Cs"} for each in seen):
        raise TextUnprintable(**labels(field))
    return written


def number(field: Field, value: object) -> Decimal:
    """Return an exact number; the field's own unit may be typed behind it (`5.1%`)."""
    if isinstance(value, str):
        read = bare_number(value) if field.unit is None else bare_number(value, field.unit.zh, field.unit.en)
    elif type(value) is int and -_ABSURD < value < _ABSURD:
        read = Decimal(value)
    elif isinstance(value, float | Decimal):
        read = read_number(str(value))
    else:
        read = None
    if read is None:
        raise NumberUnreadable(**labels(field))
    return read


def bare_number(typed: str, *units: str) -> Decimal | None:
    """Return the number in `typed`, without one of `units` behind it, or None."""
    folded = unicodedata.normalize("NFKC", typed).strip()
    for unit in units:
        folded = folded.removesuffix(unicodedata.normalize("NFKC", unit)).strip()
    return read_number(folded)


def check_bounds(field: Field, value: Decimal) -> None:
    """Hold a number against the field's bounds; raises `OutOfRange` with the sentence that fits."""
    below = field.min is not None and value < field.min
    above = field.max is not None and value > field.max
    if below or above:
        low = plain_text(field.min) if field.min is not None else ""
        high = plain_text(field.max) if field.max is not None else ""
        kind = OutOfRange if low and high else TooLow if below else TooHigh
        raise kind(low=low, high=high, **labels(field))


def day(field: Field, value: object, now: datetime) -> date:
    """Return a date that has come in Shanghai, unless the field looks ahead."""
    if isinstance(value, datetime):
        read = value.astimezone(SHANGHAI).date()
    elif isinstance(value, date):
        read = value
    else:
        read = _read_date(field, value)
    if read < EARLIEST:
        raise DateTooEarly(**labels(field))
    if not field.future and read > now.astimezone(SHANGHAI).date():
        raise DateInFuture(**labels(field))
    return read


def moment(field: Field, value: object, now: datetime) -> datetime:
    """Return a point in time, in Shanghai's offset, cut to seconds; a text without an offset is Shanghai time."""
    read = value
    if isinstance(value, str):
        try:
            read = datetime.fromisoformat(unicodedata.normalize("NFKC", value).strip())
        except ValueError:
            raise DateUnreadable(**labels(field)) from None
    if not isinstance(read, datetime):
        raise DateUnreadable(**labels(field))
    try:
        aware = (read if read.tzinfo else read.replace(tzinfo=SHANGHAI)).astimezone(SHANGHAI).replace(microsecond=0)
    except OverflowError:
        raise DateUnreadable(**labels(field)) from None
    if aware < datetime.combine(EARLIEST, time(), SHANGHAI):
        raise DateTooEarly(**labels(field))
    if not field.future and aware > now + CLOCKS_DIFFER:
        raise DateInFuture(**labels(field))
    return aware


def choice(field: Field, value: object) -> str:
    """Return the key of one of the field's choices."""
    found = field.choice(value.strip() if isinstance(value, str) else value)
    if found is None:
        raise ChoiceUnknown(**labels(field))
    return found.key


def yes_or_no(field: Field, value: object) -> bool:
    """Return a boolean, also from what a tick box sends."""
    answer = value if isinstance(value, bool) else _WORDS.get(str(value).strip().lower())
    if answer is None:
        raise ChoiceUnknown(**labels(field))
    return answer


def reference(field: Field, value: object) -> str:
    """Return the identifier of an event (`urn:uuid:` version 7) or a batch (16 characters) in its one form."""
    written = value.strip() if isinstance(value, str) else ""
    found = (written if is_event_id(written) else None) if field.refers == "event" else read_id(written)
    if found is None:
        raise ReferenceUnreadable(**labels(field))
    return found


def _read_date(field: Field, value: object) -> date:
    written = _DATE.fullmatch(unicodedata.normalize("NFKC", value).strip()) if isinstance(value, str) else None
    if written is None:
        raise DateUnreadable(**labels(field))
    try:
        year, month, day_of_month = (int(part) for part in written.groups() if part)
        return date(year, month, day_of_month)
    except ValueError:
        raise DateUnreadable(**labels(field)) from None
