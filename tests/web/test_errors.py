"""What people and programs are told when something is wrong."""

import json
from collections.abc import AsyncGenerator
from typing import Annotated

import pytest
from fastapi import Body, FastAPI
from pydantic import BaseModel, Field

from shangeng_trace.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    MalformedError,
    NotFoundError,
    RejectedError,
    ShangengError,
    UnavailableError,
    VerificationError,
)
from shangeng_web.app import create_app
from shangeng_web.deps import ReadDep
from shangeng_web.errors import STATUSES, LoginNeeded, TokenRefused, TooLarge, TooOften, status_of
from shangeng_web.platform import Platform
from tests.visiting import Guest, guest

pytestmark = pytest.mark.anyio
ENGLISH = {"Accept-Language": "en"}
PROGRAM = {"Accept": "application/json"}


class Order(BaseModel):
    name: str = Field(max_length=5)
    tins: int = Field(gt=0)


class FieldWrong(RejectedError):
    code = "test.field_wrong"
    zh = "数量不对：{amount}。"
    en = "The amount is wrong: {amount}."


RAISED: dict[str, ShangengError] = {
    "notfound": NotFoundError(),
    "conflict": ConflictError(),
    "rejected": FieldWrong(field="amount", amount="<b>3</b>"),
    "invalid": InvalidError([FieldWrong(field="amount", amount=3), FieldWrong(field="unit", amount=4)]),
    "forbidden": ForbiddenError(),
    "unavailable": UnavailableError(),
    "verification": VerificationError(what="x"),
    "malformed": MalformedError(what="x"),
    "often": TooOften(seconds=17),
    "token": TokenRefused(),
}


@pytest.fixture
async def broken(platform: Platform, anyio_backend: str) -> AsyncGenerator[Guest]:  # noqa: ARG001 - makes it asynchronous
    app = create_app(platform.settings)
    add_trouble(app)
    async with guest(platform, app=app) as visitor:
        yield visitor
    await platform.close()


def add_trouble(app: FastAPI) -> None:
    async def trouble(kind: str) -> None:
        raise RAISED[kind]

    async def bug(session: ReadDep) -> None:
        assert session
        raise ZeroDivisionError

    async def order(order: Annotated[Order, Body()]) -> Order:
        return order

    app.add_api_route("/trouble/{kind}", trouble)
    app.add_api_route("/bug", bug)
    app.add_api_route("/api/v1/order", order, methods=["POST"])


def test_every_kind_has_a_status() -> None:
    kinds = {kind: status_of(kind(what="", seconds=1, megabytes=1)) for kind in STATUSES if kind is not InvalidError}
    assert kinds == dict(STATUSES)
    assert status_of(InvalidError([])) == 422


@pytest.mark.parametrize("kind", RAISED)
async def test_a_program_gets_a_problem_document(broken: Guest, kind: str) -> None:
    answer = await broken.get(f"/trouble/{kind}", headers=PROGRAM | ENGLISH)
    error = RAISED[kind]
    assert answer.status_code == status_of(error)
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["code"] == error.code
    assert body["type"] == f"urn:shangeng:problem:{error.code}"
    assert body["detail"] == error.sentence("en")
    assert body["instance"].endswith(answer.headers["x-request-id"])


async def test_each_problem_stands_at_its_field(broken: Guest) -> None:
    body = (await broken.get("/trouble/invalid", headers=PROGRAM)).json()
    assert body["errors"] == [
        {"field": "amount", "code": "test.field_wrong", "detail": "数量不对：3。"},
        {"field": "unit", "code": "test.field_wrong", "detail": "数量不对：4。"},
    ]


async def test_a_person_gets_a_page_with_the_sentence_escaped(broken: Guest) -> None:
    answer = await broken.get("/trouble/rejected")
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")
    assert "数量不对：&lt;b&gt;3&lt;/b&gt;" in answer.text
    assert answer.headers["x-request-id"] in answer.text
    english = await broken.get("/trouble/rejected", headers=ENGLISH)
    assert "The amount is wrong" in english.text


async def test_a_bug_is_noted_under_its_id_and_shows_nothing(broken: Guest, caplog: pytest.LogCaptureFixture) -> None:
    for headers in ({}, PROGRAM):
        answer = await broken.get("/bug", headers=headers)
        assert answer.status_code == 500
        assert "ZeroDivision" not in answer.text
        assert "Traceback" not in answer.text
        assert answer.headers["content-security-policy"]
        (record,) = [each for each in caplog.records if each.message == "unexpected error"]
        assert vars(record)["request"] == answer.headers["x-request-id"]
        caplog.clear()


async def test_after_a_bug_the_readers_still_work(broken: Guest) -> None:
    for _ in range(20):
        await broken.get("/bug")
    assert (await broken.get("/readyz")).status_code == 200


async def test_what_cannot_be_served_is_said_in_both_languages(client: Guest) -> None:
    missing = await client.get("/nowhere", headers=ENGLISH)
    assert (missing.status_code, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "no such page" in missing.text.lower() or "not" in missing.text.lower()
    assert (await client.get("/api/v1/nowhere")).json()["title"] == "没有找到"
    wrong = await client.put("/healthz", headers=ENGLISH)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")
    assert wrong.json()["title"] == "This address does not take that method"
    both = await client.delete("/api/v1/batches")
    assert (both.status_code, both.headers["allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"name": "红茶"}, "tins", "这一项要填。"),
        ({"name": "红茶", "tins": "many"}, "tins", "应是整数。"),
        ({"name": "红茶", "tins": 0}, "tins", "应大于 0。"),
        ({"name": "红茶红茶红茶", "tins": 1}, "name", "最多 5 个字符。"),
        ({"name": 3, "tins": 1}, "name", "应是文字。"),
        ([], "", "应是对象。"),
    ],
)
async def test_a_wrong_body_is_explained_at_its_field(broken: Guest, body: object, field: str, words: str) -> None:
    answer = await broken.post("/api/v1/order", json=body)
    assert answer.status_code == 422
    (found,) = answer.json()["errors"]
    assert (found["field"], found["detail"]) == (field, words)


async def test_json_that_is_none_is_said_to_be_none(broken: Guest) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await broken.post("/api/v1/order", content=b'{"name": ', headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "", "code": "web.value_wrong", "detail": "不是有效的 JSON。"}]


async def test_who_must_wait_is_told_how_long(broken: Guest) -> None:
    answer = await broken.get("/trouble/often")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "17")
    assert "17" in answer.text


async def test_a_token_that_is_refused_says_what_is_wanted(broken: Guest) -> None:
    answer = await broken.get("/trouble/token", headers=PROGRAM)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_errors_of_the_web_speak_both_languages() -> None:
    for kind in (LoginNeeded, TokenRefused, TooOften, TooLarge):
        error = kind(seconds=3, megabytes=2)
        assert error.sentence("zh") != error.sentence("en")
        assert json.dumps(error.sentence("en")).isascii()
