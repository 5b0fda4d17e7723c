"""Words for what the framework finds wrong with a request, in both languages."""

from collections.abc import Mapping, Sequence
from typing import Any

from shangeng_trace.errors import RejectedError

TITLES: Mapping[int, tuple[str, str]] = {
    400: ("这个请求看不懂", "The request could not be read"),
    401: ("请先登录", "Sign in first"),
    403: ("没有权限", "Not allowed"),
    404: ("没有找到", "Not found"),
    405: ("这个地址不支持这种操作", "This address does not take that method"),
    409: ("情况已经变化", "Things have changed"),
    413: ("内容太大", "Too large"),
    415: ("不支持这种格式", "This format is not supported"),
    422: ("需要更正", "Something needs correcting"),
    429: ("请稍等片刻", "Please wait a moment"),
    500: ("我们这边出了问题", "Something went wrong on our side"),
    503: ("系统正忙", "The service is busy"),
}


class ValueWrong(RejectedError):
    """A value in a request is missing or cannot be what it should be."""

    code = "web.value_wrong"
    zh = "{sentence_zh}"
    en = "{sentence_en}"


_SENTENCES: Mapping[str, tuple[str, str]] = {
    "missing": ("这一项要填。", "This is required."),
    "extra_forbidden": ("没有这一项。", "There is no such member."),
    "json_invalid": ("不是有效的 JSON。", "This is not valid JSON."),
    "string_type": ("应是文字。", "This must be text."),
    "string_too_short": ("至少 {min_length} 个字符。", "At least {min_length} characters."),
    "string_too_long": ("最多 {max_length} 个字符。", "At most {max_length} characters."),
    "string_pattern_mismatch": ("格式不对。", "This does not have the right form."),
    "bool_parsing": ("应是 true 或 false。", "This must be true or false."),
    "bool_type": ("应是 true 或 false。", "This must be true or false."),
    "greater_than": ("应大于 {gt}。", "This must be greater than {gt}."),
    "greater_than_equal": ("不能小于 {ge}。", "This must not be less than {ge}."),
    "less_than": ("应小于 {lt}。", "This must be less than {lt}."),
    "less_than_equal": ("不能大于 {le}。", "This must not be greater than {le}."),
    "decimal_max_digits": ("最多 {max_digits} 位数字。", "At most {max_digits} digits."),
    "decimal_whole_digits": ("数字太大。", "This number is too large."),
    "list_type": ("应是列表。", "This must be a list."),
    "dict_type": ("应是对象。", "This must be an object."),
    "model_type": ("应是对象。", "This must be an object."),
    "model_attributes_type": ("应是对象。", "This must be an object."),
    "too_short": ("至少要有 {min_length} 项。", "At least {min_length} of them."),
    "too_long": ("最多 {max_length} 项。", "At most {max_length} of them."),
    "enum": ("请从列表中选择：{expected}。", "Choose one of {expected}."),
    "literal_error": ("请从列表中选择：{expected}。", "Choose one of {expected}."),
}
_FAMILIES: Sequence[tuple[str, str, str]] = (
    ("int", "应是整数。", "This must be a whole number."),
    ("float", "应是数字。", "This must be a number."),
    ("decimal", "应是数字。", "This must be a number."),
    ("finite", "应是数字。", "This must be a number."),
    (
        "datetime",
        "日期时间不对，应写成 2026-04-12T06:40:00Z。",
        "This is not a time; write it as 2026-04-12T06:40:00Z.",
    ),
    ("timezone", "时间要带时区。", "The time needs its zone."),
    ("date", "日期不对，应写成 2026-04-12。", "This is not a date; write it as 2026-04-12."),
)
_ANYTHING = ("填写的内容不对。", "This value is not right.")
_PLACES = {"body", "query", "path", "header", "cookie"}


def validation_problems(errors: Sequence[Any]) -> list[RejectedError]:
    """Return pydantic's findings as our errors, each with the name of its field, such as `quantity.amount`."""
    return [
        ValueWrong(field=_field(error["type"], error["loc"]), sentence_zh=zh, sentence_en=en)
        for error in errors
        for zh, en in [_words(error["type"], error.get("ctx") or {})]
    ]


def _field(kind: str, location: Sequence[int | str]) -> str:
    if kind == "json_invalid":  # its location is a position in the text
        return ""
    names = location[1:] if location and location[0] in _PLACES else location
    return ".".join(str(name) for name in names)


def _words(kind: str, context: Mapping[str, Any]) -> tuple[str, str]:
    pair = _SENTENCES.get(kind)
    if pair is None:
        pair = next(((zh, en) for family, zh, en in _FAMILIES if kind.startswith(family)), _ANYTHING)
    return pair[0].format_map(context), pair[1].format_map(context)
