"""What is too much is refused in words: repeated, huge and countless events, and more than the writer can take."""

import asyncio
import json
import threading

import pytest
from sqlmodel import Session, col, select

from shangeng_trace.log_tables import LedgerStatement
from shangeng_trace.writer import QUEUE_LIMIT, WriterBusy
from shangeng_web.api.event_wire import MOST
from shangeng_web.platform import Platform
from tests.faults.servers import Scene, scene_on
from tests.faults.test_storage_refuses import send
from tests.people import People
from tests.visiting import Guest

SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
BULK = "/api/v1/events/bulk"
pytestmark = pytest.mark.anyio


@pytest.fixture
def scene(platform: Platform, people: People) -> Scene:
    return scene_on(platform, people)


async def bulk(client: Guest, scene: Scene, body: bytes, language: str = "zh-CN") -> tuple[int, dict[str, object]]:
    headers = {
        "Authorization": f"Bearer {scene.token}",
        "Content-Type": "application/json",
        "Accept-Language": language,
    }
    answer = await client.post(BULK, content=body, headers=headers)
    return answer.status_code, answer.json()


async def test_one_event_however_often_it_is_sent(platform: Platform, scene: Scene, client: Guest) -> None:
    """At once on many connections, many times in one request, and once more: one entry, one index."""
    event, other = scene.event(), scene.event()
    answers = await asyncio.gather(*(send(client, scene, event) for _ in range(12)))
    assert {answer.status_code for answer in answers} == {201}
    assert sum(not answer.json()["repeated"] for answer in answers) == 1
    status, told = await bulk(client, scene, b'{"events":[' + b",".join([event, other, other, event]) + b"]}")
    assert (status, told["accepted"]) == (200, 4)
    receipts = json.loads(json.dumps(told["answers"]))
    assert [each["receipt"]["repeated"] for each in receipts] == [True, False, True, True]
    digests = {answer.json()["digest"] for answer in answers} | {each["receipt"]["digest"] for each in receipts}
    assert len(digests) == 2
    with platform.database.session() as session:
        rows = session.exec(select(LedgerStatement).where(col(LedgerStatement.digest).in_(digests))).all()
    assert {row.index for row in rows} == {answers[0].json()["index"], receipts[1]["receipt"]["index"]}


@SQLITE
async def test_an_event_of_a_megabyte_is_refused_in_words(scene: Scene, client: Guest) -> None:
    large = scene.event(record={"store_place": "库" * 340_000})
    assert 1_000_000 < len(large) < 1 << 20
    for language in ("zh-CN", "en"):
        refused = await send(client, scene, large, language)
        assert refused.status_code == 422
        assert refused.json()["detail"].isascii() == (language == "en")
    status, told = await bulk(client, scene, b'{"events":[' + large + b"," + scene.event() + b"]}")
    assert (status, told["accepted"]) == (200, 1), "the one beside it is taken"


@SQLITE
async def test_more_than_the_body_may_hold_is_refused_in_words(scene: Scene, client: Guest) -> None:
    for language, words in (("zh-CN", "最多 2 MB"), ("en", "2 MB at most")):
        event = scene.event().replace("成品库".encode(), b"x" * 3_000_000)
        refused = await send(client, scene, event, language)
        assert (refused.status_code, refused.json()["code"]) == (413, "web.too_large")
        assert words in refused.json()["detail"]


@SQLITE
async def test_ten_thousand_events_in_a_request_are_refused_in_words(scene: Scene, client: Guest) -> None:
    small = b'{"events":[' + b",".join([b"{}"] * 10_000) + b"]}"
    for language in ("zh-CN", "en"):
        status, told = await bulk(client, scene, small, language)
        assert status == 422
        assert str(MOST) in json.dumps(told["errors"], ensure_ascii=False)
    events = [scene.event()] * 10_000
    status, told = await bulk(client, scene, b'{"events":[' + b",".join(events) + b"]}", "en")
    assert (status, told["code"]) == (413, "web.too_large")
    assert "in parts" in str(told["detail"])


async def test_a_full_queue_is_a_503_that_says_when_to_come_back(
    platform: Platform, scene: Scene, client: Guest
) -> None:
    """The writer is held up, its queue fills: who comes now is refused at once, who waits is served."""
    goes_on, began = threading.Event(), threading.Event()

    def hold_up(_session: Session) -> None:
        began.set()
        goes_on.wait(60)

    held = platform.writer.submit(hold_up)
    assert began.wait(60)
    waiting = [platform.writer.submit(lambda _session: None) for _ in range(QUEUE_LIMIT)]
    event = scene.event()
    try:
        for language, word in (("zh-CN", "没有保存"), ("en", "nothing was saved")):
            refused = await send(client, scene, event, language)
            assert (refused.status_code, refused.json()["code"]) == (503, WriterBusy.code)
            assert int(refused.headers["retry-after"]) > 0
            assert word in refused.json()["detail"]
        status, told = await bulk(client, scene, b'{"events":[' + event + b"]}")
        assert (status, told["code"]) == (503, WriterBusy.code)
        assert (await client.get(f"/b/{scene.batch}")).status_code == 200, "reading waits for nobody"
    finally:
        goes_on.set()
    for each in (held, *waiting):
        each.result(60)
    assert (await send(client, scene, event)).json()["repeated"] is False
