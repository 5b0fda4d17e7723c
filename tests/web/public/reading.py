"""Reading a page as its reader does: words, and what machines are told."""

import json
import re
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "br", "wbr", "input", "img", "hr"}
INLINE = {"a", "b", "span", "time", "del", "wbr"}
UNSEEN = {"script", "style", "title", "symbol", "head"}


class Words(HTMLParser):
    """The visible words of a page with the language they stand in; fails on tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._open: list[tuple[str, str]] = []
        self.said: list[tuple[str, str]] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._part(tag)
        if tag not in VOID:
            inherited = self._open[-1][1] if self._open else ""
            self._open.append((tag, dict(attrs).get("lang") or inherited))

    def handle_endtag(self, tag: str) -> None:
        self._part(tag)
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if not {tag for tag, _ in self._open} & UNSEEN:
            self.said.append((self._open[-1][1] if self._open else "", data))

    def _part(self, tag: str) -> None:
        if tag not in INLINE:
            self.said.append(("", " "))


def words(html: str) -> str:
    """Return everything there is to be read, in order, its spaces folded."""
    return re.sub(r"\s+", " ", "".join(text for _, text in Words(html).said)).replace("\u2060", "").strip()


def bar(html: str) -> str:
    """Return the words of the verdict."""
    found = re.search(r'<div class="verdict (\w+)" role="status">(.*?)</div></div></div>', html, re.DOTALL)
    assert found is not None
    return f"{found[1]}: {words(found[2] + '</div></div>')}"


def linked_data(html: str) -> dict[str, Any]:
    """Return the page's JSON-LD."""
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data
