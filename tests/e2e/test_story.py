"""The main job, end to end, played by hand: from a plot to a shopper's phone, and to a check with a command."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from shangeng_trace.canonical import digest
from tests.e2e.browsing import PHONE, Visit
from tests.e2e.conftest import OpenWindow
from tests.e2e.playing import Cooperative, Play
from tests.e2e.server import Server, shangeng
from tests.labels.printed import decoded, pages

LABELS = 24

WITH_SCRIPT = Cooperative(41, "景宁望东垟茶叶专业合作社", "wangdong", "WDY20260418")
WITHOUT_SCRIPT = Cooperative(42, "景宁东坑茶叶专业合作社", "dongkeng", "DK20260418")


@pytest.mark.parametrize(
    ("cooperative", "script"), [(WITH_SCRIPT, True), (WITHOUT_SCRIPT, False)], ids=["with-script", "without-script"]
)
def test_a_batch_goes_from_the_plot_to_the_shoppers_phone(
    server: Server, window: OpenWindow, tmp_path: Path, cooperative: Cooperative, *, script: bool
) -> None:
    play = Play(server, lambda: window(size=PHONE, script=script), cooperative)
    play.register()
    play.settle()
    play.permit()
    play.harvest()
    play.make()
    sheet = play.print_labels(LABELS)
    addresses = {address for page in pages(sheet, dpi=300) for address in decoded(page)}
    assert len(addresses) == LABELS
    shopper = window(size=PHONE, script=script)
    label = _on_this_server(server, min(addresses))
    shopper.go(label)
    assert "未启用" in shopper.text
    play.activate()
    shopper.go(label)
    _assert_story(shopper, play, chinese=True)
    shopper.press("English")
    _assert_story(shopper, play, chinese=False)
    _assert_verifies(server, play, tmp_path)


def _on_this_server(server: Server, address: str) -> str:
    """Return a printed address with this server's host, which a test machine's name service does not know."""
    parts = urlsplit(address.lower())
    assert parts.path.startswith("/t/"), address
    return server.url + parts.path


def _assert_story(shopper: Visit, play: Play, *, chinese: bool) -> None:
    words = (
        [
            "认证有效",
            "望东垟高山茶",
            "采摘",
            "杀青",
            "揉捻做形",
            "干燥提香",
            "检测",
            "包装",
            "联苯菊酯",
            "38 kg",
            "8.2 kg",
        ]
        if chinese
        else [
            "Wangdongyang mountain tea",
            "Plucking",
            "Fixing",
            "Rolling and shaping",
            "Drying",
            "Test",
            "Packing",
            "38 kg",
            "8.2 kg",
        ]
    )
    text = shopper.text.replace("\u00a0", " ")
    missing = [word for word in [*words, play.certificate, play.licence, play.cooperative.lot] if word not in text]
    assert not missing, text
    assert shopper.page.locator("html").get_attribute("lang") == ("zh-CN" if chinese else "en")
    picture = shopper.page.locator("#story img").first
    picture.scroll_into_view_if_needed()
    answer = shopper.context.request.get(shopper.server.url + str(picture.get_attribute("src")))
    assert answer.ok
    assert answer.headers["content-type"] == "image/jpeg"


def _assert_verifies(server: Server, play: Play, folder: Path) -> None:
    bundle, policy = folder / "bundle.json", folder / "policy"
    bundle.write_bytes(server.get(f"/b/{play.batch}/bundle.json"))
    policy.write_bytes(server.get("/log/policy"))
    good = shangeng("verify", str(bundle), "--policy", str(policy), environment=server.environment)
    assert good.returncode == 0, good.stdout + good.stderr
    document: dict[str, Any] = json.loads(bundle.read_bytes())
    drying = next(each for each in document["statements"] if each.get("shangeng:step") == "dry")
    entry = _entry_of(document, digest(drying))
    drying["shangeng:record"]["moisture"] = "4.1"
    bundle.write_text(json.dumps(document), encoding="utf-8")
    bad = shangeng("verify", str(bundle), "--policy", str(policy), "--json", environment=server.environment)
    assert bad.returncode == 1, bad.stdout + bad.stderr
    named = {each["where"] for each in json.loads(bad.stdout)["problems"]}
    assert {f"entry {entry}", f"statement {digest(drying)}"} <= named


def _entry_of(document: dict[str, Any], identity: str) -> int:
    """Return the index at which a bundle says that a statement was logged."""
    return next(
        int(each["index"])
        for each in document["entries"]
        if json.loads(base64.b64decode(each["bytes"]))["digest"] == identity
    )
