"""The console in people's hands: three taps to a step, and pages that fit a phone."""

import pytest

from tests.e2e.browsing import NARROW, PHONE, Visit
from tests.e2e.conftest import OpenWindow
from tests.e2e.looking import cut_off
from tests.e2e.server import Server
from tests.e2e.sights import CONSOLE, Sights

MOST_TAPS = 3


class Taps:
    """Counts what a thumb does."""

    def __init__(self, person: Visit) -> None:
        self.person = person
        self.count = 0

    def tap(self, selector: str) -> None:
        """Tap once, and wait for what follows."""
        with self.person.page.expect_navigation():
            self.person.page.locator(selector).first.click()
        self.count += 1


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
def test_a_step_is_logged_in_three_taps(server: Server, window: OpenWindow, *, script: bool) -> None:
    person = window(size=PHONE, script=script)
    person.log_in(*server.login("huiming-manager"))
    taps = Taps(person)
    taps.tap("main .tiles a[href$='/steps/pest_obs']")
    if person.path == "/console/steps/pest_obs":
        taps.tap("main a[href$='/steps/pest_obs']")
    person.fill({"target": "茶小绿叶蝉", "severity": "light"})
    taps.tap("main form .save button")
    assert "saved=" in person.page.url, person.text
    assert taps.count <= MOST_TAPS


@pytest.mark.parametrize("elder", [False, True], ids=["narrow", "narrow-elder"])
@pytest.mark.parametrize("username", sorted({username for username, _ in CONSOLE.values()}))
def test_the_console_fits_a_narrow_phone(sights: Sights, window: OpenWindow, username: str, *, elder: bool) -> None:
    person = window(size=NARROW)
    person.log_in(*sights.server.login(username))
    found: dict[str, list[str]] = {}
    for name, (who, _) in CONSOLE.items():
        if who == username:
            person.go(f"{sights.console(name).path}?text={'large' if elder else 'normal'}")
            found[name] = cut_off(person)
    assert not any(found.values()), "\n".join(f"{name}: {line}" for name, lines in found.items() for line in lines)
