"""Pages that are kept: only for as long as they are true."""

import asyncio
import gzip
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import text
from sqlmodel import Session

from shangeng_certs.certificates import suspend_certificate
from shangeng_certs.licences import suspend_licence
from shangeng_trace.batches import record_step
from shangeng_trace.catalogue import Catalogue
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.errors import UnavailableError
from shangeng_web.i18n import Language
from shangeng_web.platform import Platform
from shangeng_web.public.dossier import Dossier, read_dossier
from shangeng_web.public.shelf import Kept, Key, Shelf
from shangeng_web.settings import Settings
from tests.visiting import Guest, guest
from tests.web.public.reading import bar
from tests.web.public.scene import Hands, Scene

NOW = datetime(2026, 4, 12, 6, 40, tzinfo=UTC)


def key(path: str, language: Language = "en") -> Key:
    return path, "", language, False


def kept(body: bytes) -> Kept:
    return Kept((7, NOW), body, {})


def test_a_page_is_kept_for_its_reader() -> None:
    shelf = Shelf()
    shelf.keep(key("/b/X"), kept(b"page"))
    shelf.keep(key("/b/X"), kept(b"newer"))
    found = shelf.find(key("/b/X"))
    assert found is not None
    assert found.body == b"newer"
    assert shelf.find(key("/b/X", "zh-CN")) is None


def test_what_nobody_asks_for_falls_off_when_the_shelf_is_full() -> None:
    shelf = Shelf(most=10)
    for path in ("/a", "/b"):
        shelf.keep(key(path), kept(b"12345"))
    shelf.find(key("/a"))
    shelf.keep(key("/c"), kept(b"1"))
    assert [path for path in ("/a", "/b", "/c") if shelf.find(key(path))] == ["/a", "/c"]
    shelf.keep(key("/d"), kept(b"longer than the shelf"))
    assert not any(shelf.find(key(path)) for path in ("/a", "/c", "/d"))
    shelf.keep(key("/e"), kept(b"1234567890"))
    assert shelf.find(key("/e")), "what fell off weighs no more"


@pytest.fixture
def composed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The batches whose page was composed, in order."""
    batches: list[str] = []

    def noting(session: Session, catalogue: Catalogue, batch_id: str, *, at: datetime) -> Dossier | None:
        batches.append(batch_id)
        return read_dossier(session, catalogue, batch_id, at=at)

    monkeypatch.setattr("shangeng_web.public.batch.read_dossier", noting)
    return batches


@pytest.mark.anyio
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
async def test_a_page_is_composed_once_for_all_who_read_it_alike(
    scene: Scene, shopper: Guest, composed: list[str]
) -> None:
    batch = scene.tea()
    scene.platform.writer.stop()  # after which every head is signed
    first = await shopper.get(f"/b/{batch}")
    again = await asyncio.gather(*(shopper.get(f"/b/{batch}") for _ in range(20)))
    assert {answer.content for answer in again} == {first.content}
    assert {answer.headers["etag"] for answer in again} == {first.headers["etag"]}
    assert composed == [batch]
    english = await shopper.get(f"/b/{batch}", headers={"accept-language": "en"})
    asked = await shopper.get(f"/b/{batch}?lang=en")
    large = await shopper.get(f"/b/{batch}?text=large")
    assert len({first.text, english.text, asked.text, large.text}) == 4
    assert len(composed) == 4


@pytest.mark.anyio
async def test_a_kept_page_is_sent_as_the_browser_takes_it(
    scene: Scene, platform: Platform, composed: list[str]
) -> None:
    batch = scene.tea()
    platform.writer.stop()
    async with guest(platform) as browser:
        browser.headers["accept-encoding"] = "identity"
        plain = await browser.get(f"/b/{batch}")
        async with browser.stream("GET", f"/b/{batch}", headers={"accept-encoding": "gzip, br"}) as answer:
            zipped = b"".join([part async for part in answer.aiter_raw()])
        assert "content-encoding" not in plain.headers
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(zipped) == plain.content
        assert answer.headers["etag"] != plain.headers["etag"]
        for tag, encoding in ((plain.headers["etag"], "identity"), (answer.headers["etag"], "gzip")):
            known = await browser.get(f"/b/{batch}", headers={"if-none-match": tag, "accept-encoding": encoding})
            assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)
        head = await browser.head(f"/b/{batch}")
        assert (head.content, head.headers["content-length"]) == (b"", plain.headers["content-length"])
    assert composed == [batch]
    await platform.close()


@pytest.mark.anyio
async def test_a_page_is_not_kept_past_its_minute(
    scene: Scene, shopper: Guest, platform: Platform, clock: Hands
) -> None:
    """A certificate's last day ends at midnight in Lishui, with nobody writing anything."""
    batch = scene.tea()
    clock.moment = datetime(2027, 3, 31, 23, 59, 30, tzinfo=SHANGHAI)
    scene.run(lambda session: session.connection().execute(text("UPDATE licence SET valid_until = '2028-12-31'")))
    platform.writer.stop()
    before = await shopper.get(f"/b/{batch}")
    assert (await shopper.get(f"/b/{batch}")).content == before.content
    scene.pass_time(seconds=30)
    after = await shopper.get(f"/b/{batch}")
    assert bar(before.text).startswith("ok")
    assert not bar(after.text).startswith("ok")


@pytest.mark.anyio
async def test_what_is_no_page_is_not_kept(scene: Scene, shopper: Guest) -> None:
    for _ in range(2):
        assert (await shopper.get("/b/0000000000000000")).status_code == 404
        assert (await shopper.get("/t/0000000000000000")).status_code == 404
    batch = scene.tea()
    assert (await shopper.get(f"/b/{batch}")).status_code == 200
    assert (await shopper.post(f"/b/{batch}")).status_code == 405


def hold(session: Session, platform: Platform, scene: Scene, batch: str) -> object:
    supervisor = scene.people.supervisor.actor
    return record_step(session, platform.office, supervisor, batch_id=batch, step="hold", values={"reason": "调查中"})


def suspend_the_certificate(session: Session, platform: Platform, scene: Scene, batch: str) -> object:
    del batch
    decider = scene.people.decider.actor
    return suspend_certificate(session, platform.office, decider, number=scene.certificate, reason="duties_unmet")


def suspend_the_licence(session: Session, platform: Platform, scene: Scene, batch: str) -> object:
    del batch
    officer = scene.people.officer.actor
    return suspend_licence(session, platform.office, officer, number=scene.licence, reason="duties_unmet")


@pytest.mark.anyio
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
async def test_what_another_process_wrote_shows_with_the_next_request(
    scene: Scene, shopper: Guest, settings: Settings, clock: Hands
) -> None:
    """Two platforms over one database, each with pages of its own; nobody tells the other anything."""
    batch = scene.tea()
    other = await asyncio.to_thread(Platform.open, settings, clock=clock)
    async with guest(other) as elsewhere:
        for happens in (suspend_the_licence, suspend_the_certificate, hold):
            before = [await visitor.get(f"/b/{batch}") for visitor in (shopper, elsewhere, shopper, elsewhere)]
            await other.write(partial(happens, platform=other, scene=scene, batch=batch))
            after = await asyncio.gather(*(visitor.get(f"/b/{batch}") for visitor in (shopper, elsewhere) * 4))
            assert {answer.content for answer in before}.isdisjoint(answer.content for answer in after), happens
            assert len({bar(answer.text) for answer in after}) == 1
        assert bar(after[0].text).startswith("held")
    await other.close()


@pytest.mark.anyio
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
async def test_a_crowd_never_gets_what_was_true_before_it_came(scene: Scene, platform: Platform) -> None:
    """Readers come all the while that the batch grows: each sees all that was acknowledged when they came."""
    batch = scene.tea()
    owner = scene.people.producer.actor
    acknowledged, reading = 0, True

    async def read(visitor: Guest) -> int:
        seen = 0
        while reading:
            known = acknowledged
            answer = await visitor.get(f"/b/{batch}?steps=all")
            shown = answer.text.count("合作社冷库第")
            assert known <= shown, "an older page than the reader knew of"
            seen = max(seen, shown)
        return seen

    async def write() -> None:
        nonlocal acknowledged, reading
        try:
            for number in range(12):
                values = {"store_place": f"合作社冷库第{number}间"}
                store = partial(record_step, office=platform.office, actor=owner, batch_id=batch, step="store")
                await platform.write(partial(store, values=values))
                acknowledged += 1
                await asyncio.sleep(0.02)
        finally:
            reading = False

    async with guest(platform) as visitor:
        seen = await asyncio.gather(write(), *(read(visitor) for _ in range(4)))
        assert (await visitor.get(f"/b/{batch}?steps=all")).text.count("合作社冷库第") == 12
    assert any(seen[1:])
    await platform.close()


@pytest.mark.anyio
async def test_a_kept_page_is_not_trusted_where_the_database_cannot_be_asked(
    scene: Scene, shopper: Guest, platform: Platform, composed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = scene.tea()

    async def fail(_question: str) -> int:
        raise UnavailableError

    platform.writer.stop()
    await shopper.get(f"/b/{batch}")
    monkeypatch.setattr(platform.database, "glance", fail)
    assert (await shopper.get(f"/b/{batch}")).status_code == 200
    assert composed == [batch, batch]
