"""Nobody who follows the links of a page meets an error: every kind of page, for every role."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from html import unescape
from urllib.parse import urldefrag, urljoin

import pytest

from tests.e2e.conftest import OpenWindow
from tests.e2e.server import Server

OF_EACH_KIND = 2
FEWEST_KINDS = 4
WALKERS = (
    "",
    "operator",
    "association-officer",
    "body-decider",
    "body-inspector",
    "lab-analyst",
    "city-supervisor",
    "huiming-manager",
    "huiming-farmer",
    "shop-manager",
)
"""Usernames; nobody first."""


@pytest.mark.parametrize("username", WALKERS, ids=lambda name: name or "nobody")
def test_no_link_leads_to_an_error(server: Server, window: OpenWindow, username: str) -> None:
    walker = window(script=False)
    if username:
        walker.log_in(*server.login(username))
    start = "/console/" if username else "/"
    waiting, met, seen, broken = deque([start]), Counter[str](), {start}, list[str]()
    while waiting:
        path = waiting.popleft()
        answer = walker.context.request.get(server.url + path)
        if not answer.ok:
            broken.append(f"{answer.status} {path}")
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        fresh = {link for link in _links(answer.text(), path) if link.startswith(start)} - seen
        seen |= fresh
        for link in sorted(fresh):
            kind = _kind(link)
            met[kind] += 1
            if met[kind] <= OF_EACH_KIND:
                waiting.append(link)
    assert not broken
    assert len(met) >= FEWEST_KINDS


def _links(html: str, base: str) -> Iterator[str]:
    """Yield where a page leads, but not to itself in another language or size."""
    for found in re.findall(r'<a [^>]*?href="([^"]+)"', html):
        link = urldefrag(urljoin(base, unescape(found))).url
        if not re.search(r"[?&](lang|text)=", link):
            yield link


def _kind(path: str) -> str:
    """Return an address without what names one thing among many."""
    return re.sub(r"[0-9A-Z]{16}|[0-9a-f-]{32,}|(SG|XK)-\d{4}-\d+|(?<=page=)\d+|(?<=cursor=)[^&]+", "*", path)
