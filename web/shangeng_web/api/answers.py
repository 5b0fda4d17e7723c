"""What every operation may answer besides success, for the reference."""

from typing import Any

from fastapi import status as http

_WORDS = {
    http.HTTP_400_BAD_REQUEST: "看不懂这个请求 · The request could not be read.",
    http.HTTP_401_UNAUTHORIZED: "没有有效的令牌 · No valid token.",
    http.HTTP_403_FORBIDDEN: "不是您的，或不由您的单位、角色办理 · Not yours, or not for your organisation or roles.",
    http.HTTP_404_NOT_FOUND: "没有找到 · There is no such thing.",
    http.HTTP_409_CONFLICT: "情况已变，或已经办过 · Things have changed, or this was done already.",
    http.HTTP_413_CONTENT_TOO_LARGE: "内容太大 · Too large.",
    http.HTTP_422_UNPROCESSABLE_CONTENT: "有值不对或规则不许，见 `errors` · A value or a rule stands against it; `errors` names each member.",
    http.HTTP_503_SERVICE_UNAVAILABLE: "系统忙，没有保存，见 Retry-After · Busy; nothing was saved, see Retry-After.",
}
_HEADERS = {
    http.HTTP_401_UNAUTHORIZED: "WWW-Authenticate",
    http.HTTP_503_SERVICE_UNAVAILABLE: "Retry-After",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error answers of an operation, those that every one has among them."""
    return {status: _problem(status) for status in sorted({400, 401, 403, 413, 422, 503, *statuses})}


def _problem(status: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": _WORDS[status],
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
    }
    if status in _HEADERS:
        found["headers"] = {_HEADERS[status]: {"schema": {"type": "string"}}}
    return found


READING = problems(404)
WRITING = problems(404, 409)
