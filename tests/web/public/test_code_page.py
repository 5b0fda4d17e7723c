"""The page of a unit label, and looking up what somebody typed."""

import pytest

from shangeng_labels.codes import spell_code
from shangeng_labels.runs import void_codes
from tests.visiting import Guest
from tests.web.public.reading import bar, words
from tests.web.public.scene import RECALL, Scene

pytestmark = pytest.mark.anyio


async def test_a_label_shows_its_batch_and_its_own_code(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    _, (code, *_others) = scene.labels(batch)
    for path in (f"/t/{code}", f"/T/{code}", f"/t/{code.lower()}", f"/t/{spell_code(code)}"):
        page = await shopper.get(path)
        assert bar(page.text).startswith("ok")
        assert " ".join(code[at : at + 4] for at in range(0, 16, 4)) in words(page.text)
    assert f'rel="canonical" href="http://127.0.0.1:8000/b/{batch}"' in page.text
    scene.step(scene.people.supervisor, batch, "recall", RECALL | {"known_on": "2026-04-22T06:00:00+08:00"})
    assert bar((await shopper.get(f"/t/{code}")).text).startswith("stop")


async def test_a_label_that_was_never_applied_stands_for_nothing(scene: Scene, shopper: Guest) -> None:
    _, (code, *_others) = scene.labels(scene.tea(), activate=False)
    page = await shopper.get(f"/t/{code}")
    assert (page.status_code, bar(page.text)[:21]) == (200, "held: 此码未启用，请勿购买 这枚标签没有登记"[:21])
    assert "景宁惠明茶合作社领用" in words(page.text)
    assert "HM20260412" not in page.text


async def test_a_void_label_says_why(scene: Scene, shopper: Guest) -> None:
    run, codes = scene.labels(scene.tea())
    scene.do(void_codes, scene.people.producer, run_id=run.id, codes=[codes[1]], reason="damaged")
    page = await shopper.get(f"/t/{codes[1]}")
    assert bar(page.text).startswith("held: 此码已作废，请勿购买")
    assert bar((await shopper.get(f"/t/{codes[0]}")).text).startswith("ok")


async def test_an_unknown_code_is_neither_good_nor_accused(scene: Scene, shopper: Guest) -> None:
    del scene
    page = await shopper.get("/t/0000000000000000")
    assert page.status_code == 404
    assert bar(page.text).startswith("none: 查无此码")
    assert "127.0.0.1:8000" in words(page.text)
    assert "noindex" in page.text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("7K3M9QXT2HVB4R", "最后一组还差 2 位。"),
        ("7K3M9QXT2HVB4R8U", "第 16 位是“U”，码里没有这个字。"),
        ("7K3M9QXT2HVB4R8NN", "多了 1 位。"),
    ],
)
async def test_a_text_that_is_no_code_is_corrected_in_place(
    scene: Scene, shopper: Guest, typed: str, said: str
) -> None:
    del scene
    for path in (f"/t/{typed}", f"/find?code={typed}"):
        page = await shopper.get(path)
        assert page.status_code == 404
        assert said in words(page.text)
        assert f'value="{typed}"' in page.text


async def test_the_box_finds_codes_batches_lots_certificates_and_addresses(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    _, (code, *_others) = scene.labels(batch)
    for typed, address in (
        (spell_code(code).lower(), f"/t/{code}"),
        (f"HTTPS://LSSG.CN/T/{code}", f"/t/{code}"),
        (f"https://lssg.cn/b/{batch}?lang=en", f"/b/{batch}"),
        (batch, f"/b/{batch}"),
        ("hm20260412", f"/b/{batch}"),
        (scene.certificate.lower(), f"/c/{scene.certificate}"),
        ("", "/"),
    ):
        answer = await shopper.get("/find", params={"code": typed})
        assert (answer.status_code, answer.headers["location"]) == (303, address), typed
    answer = await shopper.get("/find", params={"code": batch, "lang": "en", "text": "large"})
    assert answer.headers["location"] == f"/b/{batch}?lang=en&text=large"


@pytest.mark.parametrize(
    "typed", ["//evil.example/t/", "https://evil.example/", "\r\nX: y", "/b/../console", "javascript:1"]
)
async def test_the_box_leads_nowhere_else(scene: Scene, shopper: Guest, typed: str) -> None:
    del scene
    assert (await shopper.get("/find", params={"code": typed})).status_code == 404
