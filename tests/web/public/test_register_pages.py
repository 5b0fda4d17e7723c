"""The public register: found, paged, honest about what no longer holds."""

from datetime import UTC, datetime

import pytest

from shangeng_certs.certificates import suspend_certificate
from tests.visiting import Guest
from tests.web.public.reading import bar, words
from tests.web.public.scene import Scene

pytestmark = pytest.mark.anyio


async def test_everything_in_the_register_can_be_found(scene: Scene, shopper: Guest) -> None:
    for asked in ("", scene.certificate[-4:], "惠明茶", "Huiming", "合作社"):
        page = await shopper.get("/c", params={"q": asked})
        assert scene.certificate in words(page.text), asked
    assert "没有找到。" in words((await shopper.get("/c", params={"q": "没有的单位"})).text)
    assert (await shopper.get("/c", params={"cursor": "x"})).status_code == 422


async def test_a_certificate_says_how_it_stands_now_and_what_happened(scene: Scene, shopper: Guest) -> None:
    page = (await shopper.get(f"/c/{scene.certificate.lower()}")).text
    assert bar(page).startswith(f"ok: 现在有效 认证证书 {scene.certificate} 有效，至 2027-03-31。")
    assert "3 号地块" in words(page)
    scene.pass_time(days=1)
    scene.do(suspend_certificate, scene.people.decider, number=scene.certificate, reason="duties_unmet")
    page = (await shopper.get(f"/c/{scene.certificate}?lang=en")).text
    assert bar(page).startswith("held: Suspended")
    assert words(page).index("Suspended", words(page).index("History")) < words(page).index(
        "Issued", words(page).index("History")
    )
    scene.clock.moment = datetime(2027, 1, 1, tzinfo=UTC)
    assert bar((await shopper.get(f"/c/{scene.licence}")).text).startswith("mind: 已到期")


async def test_a_number_that_was_never_given_has_no_page(scene: Scene, shopper: Guest) -> None:
    del scene
    for number in ("SG-1999-00001", "x", "SG-2026-00001'"):
        assert (await shopper.get(f"/c/{number}")).status_code == 404


async def test_the_landing_page_offers_what_is_good_and_nothing_else(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    assert f'href="/b/{batch}"' in (await shopper.get("/")).text
    scene.step(scene.people.supervisor, batch, "hold", {"reason": "调查中"})
    assert f'href="/b/{batch}"' not in (await shopper.get("/")).text


@pytest.mark.parametrize("path", ["/", "/privacy", "/accessibility", "/c"])
async def test_language_and_text_size_stick_to_every_link(scene: Scene, shopper: Guest, path: str) -> None:
    del scene
    page = (await shopper.get(path, params={"lang": "en", "text": "large"})).text
    assert '<html lang="en" class="elder">' in page
    assert 'href="/c?lang=en&amp;text=large"' in page


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("asked", ["%00", "%EF%BF%BF", "%25%5F%27%22", "x" * 5000, "%F0%9F%8D%B5"])
async def test_no_text_in_a_box_breaks_the_page(scene: Scene, shopper: Guest, asked: str) -> None:
    del scene
    assert (await shopper.get(f"/c?q={asked}")).status_code == 200
    assert (await shopper.get(f"/find?code={asked}")).status_code in {303, 404}
    for path in (f"/t/{asked}", f"/b/{asked}", f"/c/{asked}", f"/media/{asked}.jpg"):
        assert (await shopper.get(path)).status_code == 404
