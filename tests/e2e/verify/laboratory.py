"""The modules of the check, one by one, in a blank page of the real browser: no server, no other host."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from playwright.sync_api import Browser, Page, Route

MODULES = files("shangeng_web") / "static" / "js" / "verify"

WITHOUT_ED25519 = """
const whole = SubtleCrypto.prototype.importKey;
SubtleCrypto.prototype.importKey = function (format, key, algorithm, ...rest) {
  if ((algorithm.name ?? algorithm) === "Ed25519") throw new DOMException("Unrecognized name.", "NotSupportedError");
  return whole.call(this, format, key, algorithm, ...rest);
};
"""
"""What a browser older than 2025 does when it is asked for the algorithm."""

KINDS = {
    "webcrypto": ("http://localhost", ""),
    "without-ed25519": ("http://localhost", WITHOUT_ED25519),
    "without-webcrypto": ("http://modules.example", ""),
}
"""Kinds of browsers: what they are at (WebCrypto is there only for https and this machine), and what they lack."""


@dataclass(frozen=True)
class Laboratory:
    """A blank page at an address under which the modules stand."""

    kind: str
    page: Page

    def run(self, body: str, given: Any = None) -> Any:
        """Run the body of a function of `given`; `load(name)` imports a module, `unhex` and `hex` are at hand."""
        return self.page.evaluate(
            f"""async (given) => {{
              const load = (name) => import(`/${{name}}.js`);
              const {{ unhex, hex, utf8, unbase64 }} = await load("bytes");
              const failed = async (work) => {{
                try {{ await work(); return null; }} catch (failure) {{
                  if (failure.code?.includes?.(".") || ["malformed", "verification_failed"].includes(failure.code)) return failure.code;
                  throw failure;
                }}
              }};
              {body}
            }}""",
            given,
        )


@contextmanager
def laboratory(browser: Browser, kind: str) -> Generator[Laboratory]:
    """Open one of `KINDS`."""
    origin, before = KINDS[kind]
    context = browser.new_context()
    context.add_init_script(before)

    def serve(route: Route) -> None:
        name = route.request.url.removeprefix(origin).lstrip("/")
        if name.endswith(".js"):
            route.fulfill(body=(MODULES / name).read_text(encoding="utf-8"), content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html><title>laboratory</title>", content_type="text/html")

    context.route("**/*", serve)
    page = context.new_page()
    page.goto(f"{origin}/")
    yield Laboratory(kind, page)
    context.close()
