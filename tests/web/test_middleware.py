"""What every answer carries, and what no request may do."""

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from shangeng_web.limits import Allowance
from shangeng_web.middleware import JsonLines
from shangeng_web.platform import Platform
from tests.people import People
from tests.visiting import Guest, guest

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", ["/healthz", "/console/login", "/nowhere", "/api/openapi.json", "/favicon.ico"])
async def test_every_answer_has_strict_headers_and_an_id(client: Guest, path: str) -> None:
    answer = await client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in answer.headers
    assert len(answer.headers["x-request-id"]) == 16


async def test_an_id_is_ours_and_never_the_visitors(client: Guest) -> None:
    answer = await client.get("/healthz", headers={"X-Request-Id": "mine"})
    assert answer.headers["x-request-id"] != "mine"


async def test_public_pages_set_no_cookie(client: Guest) -> None:
    for path in ("/console/login", "/nowhere", "/log/policy", "/api/docs"):
        assert "set-cookie" not in (await client.get(path)).headers


async def test_head_is_get_without_the_body(client: Guest) -> None:
    for path in ("/healthz", "/console/login", "/nowhere", "/log/checkpoint"):
        head, get = await client.head(path), await client.get(path)
        assert head.status_code == get.status_code
        assert head.content == b""
        assert head.headers["content-length"] == get.headers["content-length"]


async def test_a_body_that_says_it_is_too_large_is_refused_unread(client: Guest, platform: Platform) -> None:
    answer = await client.post("/console/login", content=b"x" * (platform.settings.body_limit + 1))
    assert answer.status_code == 413
    assert "最多 2 MB" in answer.text


async def test_a_body_without_a_length_stops_at_the_limit(client: Guest) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
        for _ in range(30):
            sent += 1_000_000
            yield b"x" * 1_000_000

    headers = {"Content-Type": "multipart/form-data; boundary=x", "Accept": "application/json"}
    answer = await client.post("/console/login", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert answer.json()["code"] == "web.too_large"
    assert sent < 14_000_000


async def test_photos_may_be_larger_than_forms_and_not_without_end(client: Guest, people: People) -> None:
    await client.log_in(people.producer)
    for size, status in ((5_000_000, 303), (13_000_000, 413)):
        files = {"photo": ("a.jpg", b"x" * size, "image/jpeg")}
        answer = await client.post(
            "/console/switch", data={"csrf": client.csrf, "organisation": people.producer.organisation.id}, files=files
        )
        assert answer.status_code == status, size


async def test_look_ups_have_a_pace(platform: Platform, anyio_backend: str) -> None:
    assert anyio_backend
    slow = replace(platform, settings=replace(platform.settings, look_ups_per_minute=2))
    async with guest(slow) as visitor:
        paths = ["/t/0000000000000000", "/T/0000000000000000", "/t/0000000000000000"]
        statuses = [(await visitor.get(path)).status_code for path in paths]
        assert 429 not in statuses[:2]
        assert statuses[2] == 429
        assert (await visitor.get("/healthz")).status_code == 200
    await platform.close()


async def test_logins_have_a_pace_whatever_the_names(platform: Platform, people: People, anyio_backend: str) -> None:
    assert anyio_backend
    slow = replace(platform, settings=replace(platform.settings, logins_per_minute=3))
    async with guest(slow) as visitor:
        tried = [await visitor.post("/console/login", data={"username": f"n{n}", "password": "x"}) for n in range(4)]
        assert [answer.status_code == 429 for answer in tried] == [False, False, False, True]
        known = {"username": people.producer.username, "password": people.producer.password}
        assert (await visitor.post("/console/login", data=known)).status_code == 429
        assert (await visitor.get("/console/login")).status_code == 200
    await platform.close()


def test_an_allowance_comes_back_with_time() -> None:
    now = 0.0
    allowance = Allowance(60, clock=lambda: now)
    assert [allowance.take("a") for _ in range(61)] == [0] * 60 + [1]
    assert allowance.take("b") == 0
    now = 2.0
    assert [allowance.take("a") for _ in range(3)] == [0, 0, 1]
    now = 1e6
    assert [allowance.take("a") for _ in range(61)] == [0] * 60 + [1]


async def test_the_log_holds_no_personal_data(client: Guest, people: People, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await client.get("/t/ABCD1234EFGH5678?phone=13800000000")
    await client.log_in(people.producer)
    ours = [record for record in caplog.records if record.name != "httpx"]
    lines = "\n".join(JsonLines().format(record) for record in ours)
    for private in ("ABCD1234EFGH5678", "13800000000", "127.0.0.1", people.producer.username, people.producer.name):
        assert private not in lines
    access = [json.loads(JsonLines().format(each)) for each in ours if each.name == "shangeng.access"]
    assert {"time", "request", "method", "route", "status", "ms"} <= access[-1].keys()
    assert access[-1]["route"] == "/console/password"


async def test_https_is_insisted_on_where_the_address_has_it(platform: Platform, anyio_backend: str) -> None:
    assert anyio_backend
    object.__setattr__(platform.settings, "origin", "https://trace.example.cn")
    async with guest(platform) as visitor:
        answer = await visitor.get("/healthz")
    assert "max-age" in answer.headers["strict-transport-security"]
    await platform.close()
