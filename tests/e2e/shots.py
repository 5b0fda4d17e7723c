"""Pictures of every page, for people who look at the look: `python -m tests.e2e.shots FOLDER [NAME …]`.

Each page in Chinese at 360×640 (the first screen, and all of it) and at 1280×800; the public ones also in English, in
dark colours, in large type and as printed. Names are those in `sights`.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from tests.e2e.browsing import DESK, PHONE, Visit, chromium, visit
from tests.e2e.server import Server, serving
from tests.e2e.sights import Sight, Sights, dressed


@dataclass(frozen=True)
class Guise:
    """How a page is looked at; `suffix` ends the picture's name."""

    suffix: str
    size: tuple[int, int] = PHONE
    whole: bool = True
    language: str = "zh-CN"
    dark: bool = False
    elder: bool = False
    paper: bool = False


EVERY = (Guise("360-first", whole=False), Guise("360"), Guise("1280", size=DESK))
PUBLIC_TOO = (
    Guise("360-en", language="en"),
    Guise("1280-en", size=DESK, language="en"),
    Guise("360-dark", dark=True),
    Guise("360-elder", elder=True),
    Guise("print", size=DESK, paper=True),
)


ALL_PICTURES = """async () => {
  for (const it of document.images) it.loading = "eager";
  await Promise.all([...document.images].map((it) => it.decode().catch(() => null)));
}"""
"""Waits for the pictures that a reader would only scroll to later."""


def shoot(browser: Browser, server: Server, sight: Sight, folder: Path, window: Visit | None) -> None:
    """Take the pictures of one page, in a window where its reader is signed in if it needs one."""
    looker = window or visit(browser, server)
    for guise in EVERY if sight.username else EVERY + PUBLIC_TOO:
        looker.page.set_viewport_size({"width": guise.size[0], "height": guise.size[1]})
        looker.page.emulate_media(
            media="print" if guise.paper else "screen", color_scheme="dark" if guise.dark else "light"
        )
        looker.go(dressed(sight.path, language=guise.language, elder=guise.elder))
        looker.page.evaluate(ALL_PICTURES)
        looker.page.screenshot(path=folder / f"{sight.name}-{guise.suffix}.png", full_page=guise.whole)
    if window is None:
        looker.context.close()


def main(folder: Path, names: list[str]) -> None:
    """Serve a demonstration of its own and take the pictures, all or those named."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, chromium() as browser, serving(Path(data)) as server:
        windows: dict[str, Visit] = {}
        for sight in Sights(server).all():
            if names and sight.name not in names:
                continue
            if sight.username and sight.username not in windows:
                windows[sight.username] = visit(browser, server)
                windows[sight.username].log_in(*server.login(sight.username))
            shoot(browser, server, sight, folder, windows.get(sight.username))
            sys.stdout.write(f"{sight.name}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
