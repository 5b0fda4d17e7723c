"""The browser of the machine, and pages in it that keep to this machine and keep a diary of what went wrong."""

import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, sync_playwright

from tests.e2e.server import Server

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NARROW = (320, 640)
PHONE = (360, 640)
DESK = (1280, 800)
WAIT_MS = 15_000


@contextmanager
def chromium() -> Generator[Browser]:
    """Run the machine's Chromium; none is ever downloaded. Skips where the machine has none."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip(f"needs Chromium: none of {', '.join(PROGRAMS)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class Visit:
    """One browser window, with its own cookies, on the server's pages."""

    server: Server
    context: BrowserContext
    page: Page
    messages: list[str] = field(default_factory=list[str])
    """What the browser complained about: scripts, content policy, missing files."""
    asked: list[str] = field(default_factory=list[str])
    """Every address that was asked for."""

    def go(self, path: str) -> Page:
        """Open an address of the server; a whole address is taken as it is. The server must not fail."""
        answer = self.page.goto(path if "://" in path else self.server.url + path)
        assert answer is not None
        assert answer.status < HTTPStatus.INTERNAL_SERVER_ERROR, self.text
        return self.page

    @property
    def text(self) -> str:
        """What is to be read in the page now."""
        return self.page.locator("body").inner_text()

    @property
    def path(self) -> str:
        """The path of the page's address."""
        return re.sub(r"^\w+://[^/]+|[?#].*$", "", self.page.url)

    def log_in(self, username: str, password: str) -> None:
        """Sign in through the form."""
        self.go("/console/login")
        self.fill({"username": username, "password": password})
        self.save()
        assert self.path == "/console/", self.text

    def field(self, name: str) -> Locator:
        """Return the controls with a form name."""
        return self.page.locator(f"main [name='{name}']")

    def fill(self, answers: dict[str, Any]) -> None:
        """Answer questions of a form by the names of their fields, unfolding what is folded away.

        Of radio buttons and boxes the one with the value is ticked, or a lone box by a bool; files are (name, media
        type, bytes).
        """
        for name, value in answers.items():
            found = self.field(name).first
            folded = self.page.locator(f"main details:not([open]):has([name='{name}'])")
            if folded.count():
                folded.locator("summary").first.click()
            kind = found.evaluate("it => it.type")
            if kind == "file":
                file_name, media_type, body = value
                found.set_input_files({"name": file_name, "mimeType": media_type, "buffer": body})
            elif kind in {"radio", "checkbox"} and not isinstance(value, bool):
                self.page.locator(f"main [name='{name}'][value='{value}']").check()
            elif kind in {"radio", "checkbox"}:
                found.set_checked(value)
            elif kind.startswith("select"):
                found.select_option(str(value))
            else:
                found.fill(str(value))

    def save(self) -> None:
        """Press the one main button of the page's form, and wait for the page that follows."""
        with self.page.expect_navigation():
            self.page.locator("main form .save button, main form button.main").last.click()

    def press(self, words: str) -> None:
        """Follow the link or press the button with these words, and wait for the page that follows."""
        target = self.page.get_by_role("link", name=words).or_(self.page.get_by_role("button", name=words)).first
        with self.page.expect_navigation():
            target.click()


def visit(
    browser: Browser, server: Server, *, size: tuple[int, int] = PHONE, script: bool = True, **options: Any
) -> Visit:
    """Open a window; `options` are those of Playwright's `new_context`."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        java_script_enabled=script,
        locale=options.pop("locale", "zh-CN"),
        reduced_motion="reduce",
        **options,
    )
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    opened = Visit(server, context, page)

    def complained(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            opened.messages.append(message.text)

    def asked(request: Request) -> None:
        opened.asked.append(request.url)

    page.on("console", complained)
    page.on("pageerror", lambda error: opened.messages.append(str(error)))
    page.on("request", asked)
    return opened
