"""Public pages as strangers read them: no script, no cookie, no other host, little weight, narrow and enlarged."""

import re
from urllib.parse import urlsplit

import pytest

from tests.e2e.browsing import DESK, NARROW, PHONE, Visit
from tests.e2e.conftest import OpenWindow
from tests.e2e.looking import cut_off
from tests.e2e.sights import PUBLIC, Sights, dressed

HEAVIEST = 50_000
"""Bytes of a page with its style sheets, unpacked."""
SIZES = {
    "narrow": (NARROW, "", False),
    "narrow-elder": (NARROW, "", True),
    "phone-200": (PHONE, "200%", False),
    "desk-200": (DESK, "200%", False),
}
"""Window, size of the text, elder mode."""
NOT_FOUND = "Failed to load resource: the server responded with a status of 404"
"""What Chromium says about a page that is meant to be none."""


@pytest.mark.parametrize("name", PUBLIC)
def test_a_page_needs_nothing_and_leaves_nothing(sights: Sights, window: OpenWindow, name: str) -> None:
    reader = window(size=PHONE, script=False)
    answer = reader.page.goto(reader.server.url + sights.public(name).path)
    assert answer is not None
    assert answer.status in {200, 404}
    assert reader.page.locator("main").inner_text().strip()
    assert not reader.context.cookies()
    assert {urlsplit(address).netloc for address in reader.asked} == {urlsplit(reader.server.url).netloc}
    _assert_strict(answer.headers["content-security-policy"])
    assert not [message for message in reader.messages if not message.startswith(NOT_FOUND)]


def _assert_strict(policy: str) -> None:
    rules = {name: allowed for name, _, allowed in (rule.strip().partition(" ") for rule in policy.split(";"))}
    assert rules["default-src"] == "'none'"
    for rule in ("script-src", "style-src", "form-action"):
        assert rules[rule] == "'self'", policy
    assert "unsafe" not in policy
    assert rules["base-uri"] == rules["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("name", PUBLIC)
def test_a_page_is_light(sights: Sights, window: OpenWindow, name: str, language: str) -> None:
    reader = window(script=False)
    answer = reader.page.goto(reader.server.url + dressed(sights.public(name).path, language=language))
    assert answer is not None
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', answer.text())
    assert sheets
    weight = len(answer.body()) + sum(len(reader.server.get(sheet)) for sheet in sheets)
    assert weight < HEAVIEST, f"{weight} bytes"


@pytest.mark.parametrize("name", ["good", "recalled", "label", "certificate", "register", "landing"])
def test_a_page_says_the_same_with_and_without_script(sights: Sights, window: OpenWindow, name: str) -> None:
    told = [_without_moment(window(script=script), sights.public(name).path) for script in (True, False)]
    assert told[0] == told[1]


def _without_moment(reader: Visit, path: str) -> str:
    reader.go(path)
    return re.sub(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}", "", reader.text)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_cut_off_or_scrolls_sideways(sights: Sights, window: OpenWindow, size: str, language: str) -> None:
    viewport, text, elder = SIZES[size]
    reader = window(size=viewport)
    found: dict[str, list[str]] = {}
    for name in PUBLIC:
        reader.go(dressed(sights.public(name).path, language=language, elder=elder))
        found[name] = cut_off(reader, text)
    assert not any(found.values()), "\n".join(f"{name}: {line}" for name, lines in found.items() for line in lines)


@pytest.mark.parametrize("name", ["good", "held", "recalled", "certificate"])
def test_paper_shows_the_verdict_and_no_buttons(sights: Sights, phone: Visit, name: str) -> None:
    phone.go(sights.public(name).path)
    phone.page.emulate_media(media="print")
    verdict = phone.page.locator(".verdict").first
    assert verdict.is_visible()
    assert verdict.inner_text().strip()
    assert not phone.page.locator("main .btn:visible").count()
    colours = verdict.evaluate("it => [getComputedStyle(it).backgroundColor, getComputedStyle(it).color]")
    assert colours[1] == "rgb(0, 0, 0)", colours
    assert colours[0] in {"rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"}, colours


def test_the_first_screen_says_what_matters(sights: Sights, phone: Visit) -> None:
    phone.go(sights.public("good").path)
    for words in ("认证有效", "景宁惠明茶", "景宁云岭惠明茶专业合作社", "现在有效", "合格", "查看全过程"):
        box = phone.page.get_by_text(words).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= PHONE[1], words
