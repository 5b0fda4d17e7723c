"""Bad input is answered with a sentence at the member it stands at, and changes nothing."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select

from shangeng_trace.errors import InvalidError, RejectedError
from shangeng_trace.log_tables import LedgerEntry
from shangeng_trace.numbers import LotInvalid
from shangeng_trace.quantities import QuantityInvalid
from shangeng_web.api import wire
from shangeng_web.api.places import member, place, place_in_event
from tests.pictures import photo
from tests.story import Story
from tests.visiting import Guest
from tests.web.api.operations import Operation
from tests.web.api.programs import API, program

pytestmark = pytest.mark.anyio
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

CASES: list[tuple[str, dict[str, Any], str]] = [
    ("add_product", {"gtin": "09521234543214"}, "gtin"),
    ("add_product", {"category": "cars"}, "category"),
    ("add_product", {"name": "茶\u202e"}, "name"),
    ("add_product", {"net_amount": "NaN"}, "net_amount"),
    ("add_product", {"net_amount": "-1"}, "net_amount"),
    ("add_base", {"county": "110000"}, "county"),
    ("add_base", {"name": " "}, "name"),
    ("add_plot", {"altitude_m": "2400"}, "altitude_m"),
    ("add_plot", {"latitude": "10"}, "latitude"),
    ("add_mark", {"valid_until": "2025-01-01"}, "valid_until"),
    ("add_mark", {"valid_from": "2026-02-30"}, "valid_from"),
    ("add_mark", {"valid_from": "0001-01-01"}, "valid_from"),
    ("add_mark", {"valid_until": "9999-12-31"}, "valid_until"),
    ("add_mark", {"kind": "best"}, "kind"),
    ("patch_product", {"category": "herb"}, "category"),
    ("patch_product", {"gtin": ""}, "gtin"),
    ("patch_product", {"net_amount": "100"}, "net_amount"),
    ("patch_product", {"name": " "}, "name"),
    ("patch_product", {"owner": "me"}, "owner"),
    ("patch_plot", {"altitude_m": "900"}, "altitude_m"),
    ("patch_base", {"county": "331125"}, "county"),
    ("patch_mark", {"valid_until": "2025-01-01"}, "valid_until"),
    ("add_person", {"phone": "12"}, "phone"),
    ("add_person", {"roles": ["operator"]}, "roles"),
    ("add_person", {"roles": ["king"]}, "roles.0"),
    ("open_batch", {"lot": "批次"}, "lot"),
    ("open_batch", {"step": "fly"}, "step"),
    ("open_batch", {"quantity": {"amount": "3", "unit": "光年"}}, "quantity"),
    ("open_batch", {"quantity": {"amount": "3", "unit": "个"}}, "quantity"),
    ("open_batch", {"quantity": {"amount": "1e400"}}, "quantity.amount"),
    ("open_batch", {"quantity": None}, "quantity"),
    ("open_batch", {"values": {"harvest_date": "2026-13-40"}}, "values.harvest_date"),
    ("open_batch", {"values": {"harvest_date": "2026-04-12", "wings": 2}}, "values.wings"),
    ("open_batch", {"values": [1]}, "values"),
    ("open_batch", {"at": "2026-04-12T06:40:00"}, "at"),
    ("open_batch", {"at": "0001-01-01T00:00:00+14:00"}, "at"),
    ("open_batch", {"at": "2099-04-12T06:40:00Z"}, "at"),
    ("open_batch", {"event_id": "urn:uuid:0"}, "event_id"),
    ("open_batch", {"colour": "green"}, "colour"),
    ("open_batch", {"claimed_by": "0000000000000000"}, "claimed_by"),
    ("pack", {"packs": 10**9 + 1}, "packs"),
    ("pack", {"packs": 1.5}, "packs"),
    ("pack", {"packs": True}, "packs"),
    ("split", {"parts": []}, "parts"),
    ("split", {"parts": [{"lot": "!", "quantity": {"amount": "1"}}]}, "parts.0.lot"),
    ("split", {"parts": [{"lot": "A", "quantity": {"amount": "999"}}]}, "parts"),
    ("process", {"inputs": [{"batch_id": "x", "quantity": {"amount": "1"}}]}, "inputs.0.batch_id"),
    ("record_step", {"values": {"temp_c": 9000}, "pictures": []}, "values.temp_c"),
    ("record_step", {"pictures": ["0" * 64]}, "pictures.0"),
    ("ship", {"recipient_id": "0000000000000000", "quantity": {"amount": "1", "packs": True}}, "recipient_id"),
    ("ship", {"recipient_id": wire.MEMBER, "quantity": {"amount": "1", "packs": True}}, "recipient_id"),
    ("ship", {}, "quantity"),
    ("issue_run", {"count": 20_001}, "count"),
    ("issue_run", {"count": 1000}, "count"),
    ("issue_run", {"count": True}, "count"),
    ("issue_run", {"template": "napkin"}, "template"),
    ("void_codes", {"reason": "bored"}, "reason"),
    ("void_codes", {"numbers": [165]}, "numbers"),
    ("void_codes", {"numbers": [True]}, "numbers.0"),
    ("void_codes", {"numbers": [], "codes": ["ZZZZ-ZZZZ-ZZZZ-ZZZZ"]}, "codes"),
]


@on_sqlite
async def test_each_is_answered_at_its_member(
    story: Story, app: FastAPI, api: dict[str, Operation], names: dict[str, str]
) -> None:
    before = entries(story)
    wrong: list[str] = []
    async with program(story.platform, story.people.producer, app=app) as producer:
        for operation, change, field in CASES:
            usual: dict[str, Any] = {"event_id": None, "at": None} if "at" in (api[operation].example or {}) else {}
            usual |= {"lot": "HM20260501"} if operation == "open_batch" else {}
            answer = await api[operation].call(producer, names, **usual | change)
            said = answer.json()
            fields = [each["field"] for each in said.get("errors", [])]
            if answer.status_code not in {400, 404, 409, 422} or fields != [field] or not said["errors"][0]["detail"]:
                wrong.append(f"{operation} {change}: {answer.status_code} {said}")
    assert wrong == []
    assert entries(story) == before


@on_sqlite
@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 422), (b"", 422), (b"[]", 422), (b'"x"', 422), (b"\xff", 400), (b'{"name": "\\ud800"}', 422)],
)
async def test_a_body_that_is_no_object(story: Story, app: FastAPI, body: bytes, status: int) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        answer = await producer.post(f"{API}/bases", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


@on_sqlite
async def test_a_body_that_is_too_large(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        for path in ("bases", "events/bulk"):
            answer = await producer.post(f"{API}/{path}", content=b" " * 30_000_000)
            assert answer.status_code == 413
        large = await upload(producer, b"\xff\xd8" + bytes(30_000_000))
        assert large == 413


@on_sqlite
async def test_a_file_that_is_no_picture(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        assert await upload(producer, b"<svg onload=alert(1)>") == 422
        assert await upload(producer, b"") == 422
        assert (await producer.post(f"{API}/pictures", data={"photo": "text"})).status_code == 422
        assert await upload(producer, photo()) == 201


@on_sqlite
async def test_sentences_come_in_the_language_asked_for(story: Story, app: FastAPI, api: dict[str, Operation]) -> None:
    told: dict[str, str] = {}
    for language in ("zh", "en"):
        async with program(story.platform, story.people.producer, app=app, language=language) as producer:
            answer = await api["add_base"].call(producer, {}, county="110000")
            told[language] = answer.json()["errors"][0]["detail"]
    assert told["zh"] != told["en"]
    assert told["en"].isascii()


async def test_where_a_rule_speaks_of_a_thing_the_member_is_named() -> None:
    told = {"product_id", "values", "parts", "pictures", "at"}
    assert member("temp_c", told) == "values.temp_c"
    assert member("results.0.value", told) == "values.results.0.value"
    assert member("parts.1.lot", told) == "parts.1.lot"
    assert member("quantity", told) == "parts"
    assert member("product", told) == "product_id"
    assert member("batch", {"county"}) == "batch"
    assert member("Idempotency-Key", told) == "Idempotency-Key"
    error = InvalidError([LotInvalid(), QuantityInvalid(), RejectedError()])
    place(error, {"lot", "quantity"})
    assert [each.field for each in error.problems] == ["lot", "quantity", None]


async def test_in_a_signed_event_its_own_members_are_named() -> None:
    event: dict[str, object] = {"inputQuantityList": [], "shangeng:record": {}}
    fields = ["at", "quantity", "temp_c", "lot", "proof.verificationMethod"]
    error = InvalidError([RejectedError(field=field) for field in fields])
    place_in_event(error, event)
    assert [each.field for each in error.problems] == [
        "eventTime",
        "inputQuantityList",
        "shangeng:record.temp_c",
        "ilmd",
        "proof.verificationMethod",
    ]


async def upload(client: Guest, data: bytes) -> int:
    return (await client.post(f"{API}/pictures", files={"photo": ("a.jpg", data, "image/jpeg")})).status_code


def entries(story: Story) -> int:
    with story.platform.database.session() as session:
        return len(session.exec(select(LedgerEntry.index)).all())
