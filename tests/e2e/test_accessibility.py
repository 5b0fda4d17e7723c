"""Every page through axe: nothing serious or critical, by day and by night, in two languages, in large type."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # ships no types

from tests.e2e.browsing import PHONE, Visit
from tests.e2e.conftest import OpenWindow
from tests.e2e.sights import CONSOLE, PUBLIC, Sights, dressed

GRAVE = {"serious", "critical"}
GUISES = {"zh-light": ("zh-CN", "light", False), "en-dark": ("en", "dark", False), "zh-elder": ("zh-CN", "light", True)}
"""Language, colours, large type: together every value of each."""


def grave_findings(opened: Visit) -> list[str]:
    """Return what axe holds against the page, a line for each element."""
    axe: Any = Axe()
    found: dict[str, Any] = axe.run(opened.page, options={"resultTypes": ["violations"]}).response
    return [
        f"{each['impact']} {each['id']}: {node['target']} {node['html'][:160]} {node['failureSummary'][:300]}"
        for each in found["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("guise", GUISES)
@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_page_has_no_grave_finding(sights: Sights, window: OpenWindow, name: str, guise: str) -> None:
    language, colours, elder = GUISES[guise]
    reader = window(size=PHONE, color_scheme=colours)
    reader.go(dressed(sights.public(name).path, language=language, elder=elder))
    assert reader.page.locator("html").get_attribute("lang") == language
    assert not grave_findings(reader)


@pytest.mark.parametrize("name", CONSOLE)
def test_a_page_of_the_console_has_no_grave_finding(sights: Sights, window: OpenWindow, name: str) -> None:
    sight, person = sights.console(name), window(size=PHONE)
    person.log_in(*sights.server.login(sight.username))
    found: list[str] = []
    for guise, (language, colours, elder) in GUISES.items():
        person.page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
        person.go(f"{sight.path}?lang={language}&text={'large' if elder else 'normal'}")
        assert person.page.locator("html").get_attribute("lang") == language
        assert person.page.locator("body.desk").count(), person.text
        found += [f"{guise} {line}" for line in grave_findings(person)]
    assert not found, "\n".join(found)


def test_a_picture_without_words_is_a_grave_finding(phone: Visit) -> None:
    phone.page.set_content("<!doctype html><html lang=en><title>Tea</title><main><h1>Tea</h1><img src=tea.png></main>")
    assert any("image-alt" in line for line in grave_findings(phone))
