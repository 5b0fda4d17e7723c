"""Every layout, every macro and every page of the shell, in both languages and both sizes."""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from shangeng_web.i18n import LANGUAGES, Language
from shangeng_web.static import assets
from shangeng_web.templating import render
from tests.web.gallery import CONTEXT, FOLDER, PAGES, PUBLIC, draw
from tests.web.msgids import PACKAGE

VOID = {"meta", "link", "br", "wbr", "input", "img", "hr"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


class Page(HTMLParser):
    """The parts of a page that matter for whoever cannot see it; fails on tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._open: list[tuple[str, str]] = []
        self.words: list[tuple[str, str]] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag not in VOID:
            self._open.append((tag, given.get("lang") or (self._open[-1][1] if self._open else "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append((self._open[-1][1] if self._open else "", data.strip()))

    def having(self, name: str) -> list[str]:
        return [given[name] for _, given in self.tags if name in given]


def shell(name: str, language: Language, *, large: bool = False) -> str:
    goods = [("/t/7K3M", "茶", "Huiming tea" if language == "en" else "惠明茶", "Jingning", "3")]
    return render(
        f"pages/{name}.html",
        language=language,
        large=large,
        demo=True,
        origin="https://trace.example",
        goods=goods,
        status=404,
        sentence=None,
        request_id="0192",
    )


ALL = [(name, language, large) for name in PAGES for language in LANGUAGES for large in (False, True)]
SHELL = [(n, language) for n in ("landing", "error", "privacy", "accessibility") for language in LANGUAGES]


@pytest.fixture(params=[*ALL, *SHELL], ids=str)
def html(request: pytest.FixtureRequest) -> str:
    name, language, *large = request.param
    return draw(name, language, large=large[0]) if large else shell(name, language)


def test_every_page_is_well_formed_and_bears_its_language(html: str) -> None:
    page = Page(html)
    tag, given = page.tags[0]
    assert html.startswith("<!doctype html>")
    assert (tag, given["lang"] in LANGUAGES) == ("html", True)
    assert [tag for tag, _ in page.tags].count("title") == 1
    assert [tag for tag, _ in page.tags].count("main") == 1


def test_a_strict_content_policy_holds(html: str) -> None:
    page = Page(html)
    assert page.having("style") == []
    assert [given for tag, given in page.tags if tag == "style"] == []
    assert all("src" in given for tag, given in page.tags if tag == "script")
    assert not [name for _, given in page.tags for name in given if name.startswith("on")]
    assert all(value.startswith(("/static/", "/")) for value in page.having("src"))


def test_every_reference_inside_the_page_leads_somewhere(html: str) -> None:
    page = Page(html)
    ids = page.having("id")
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    wanted = {target for value in page.having("aria-describedby") for target in value.split()}
    wanted |= set(page.having("for"))
    wanted |= {given["href"][1:] for tag, given in page.tags if tag == "use"}
    wanted |= set(re.findall(r"url\(#([\w-]+)\)", html))
    assert wanted <= set(ids)


def test_only_icons_that_are_used_are_carried(html: str) -> None:
    page = Page(html)
    used = {given["href"][1:] for tag, given in page.tags if tag == "use"}
    assert {given["id"] for tag, given in page.tags if tag == "symbol"} == used


def test_everything_to_fill_in_has_a_name(html: str) -> None:
    page = Page(html)
    labelled = set(page.having("for"))
    for tag, given in page.tags:
        if tag in {"input", "select", "textarea"} and given.get("type") not in {"hidden", "radio", "checkbox"}:
            assert given.get("id") in labelled or given.get("aria-label"), given


def test_every_picture_has_words_or_is_silent(html: str) -> None:
    for tag, given in Page(html).tags:
        if tag == "svg":
            assert given.get("aria-hidden") == "true" or (given["role"] == "img" and given["aria-label"])
        if tag == "img":
            assert "alt" in given


def test_a_demonstration_says_so(html: str) -> None:
    assert 'class="demo"' in html


@pytest.mark.parametrize("name", PUBLIC)
def test_public_pages_have_no_script_and_are_light(name: str) -> None:
    html = draw(name)
    assert "<script" not in html
    assert len(html.encode()) + len(assets()["public.css"].body) < 45_000


def test_the_shell_leaves_room_for_the_story() -> None:
    assert len(shell("privacy", "zh-CN").encode()) < 7_000


@pytest.mark.parametrize("name", ["landing", "error", "privacy", "accessibility"])
def test_the_shell_speaks_english_throughout(name: str) -> None:
    page = Page(shell(name, "en"))
    assert [words for language, words in page.words if language == "en" and CHINESE.search(words)] == []
    labels = [given["aria-label"] for _, given in page.tags if "aria-label" in given]
    assert [label for label in labels if CHINESE.search(label)] == []


def test_the_other_language_and_size_are_one_link_away() -> None:
    links = [given for tag, given in Page(draw("provenance.html")).tags if tag == "a"]
    assert {"href": "/gallery?lang=en", "lang": "en", "hreflang": "en"} in links
    assert {"href": "/gallery?lang=zh-CN&text=large"} in links
    back = [given for tag, given in Page(draw("provenance.html", "en", large=True)).tags if tag == "a"]
    assert {"href": "/gallery?lang=en"} in back
    assert '<html lang="en" class="elder">' in draw("provenance.html", "en", large=True)


def test_search_engines_find_both_languages() -> None:
    links = [given for _, given in Page(shell("landing", "en")).tags if given.get("rel") == "alternate"]
    assert {link["hreflang"]: link["href"] for link in links} == {
        "zh-CN": "https://trace.example/?lang=zh-CN",
        "en": "https://trace.example/?lang=en",
        "x-default": "https://trace.example/",
    }


STATUSES = [400, 401, 403, 404, 409, 413, 429, 500, 503]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_has_its_own_words(language: Language) -> None:
    titles: set[str] = set()
    for status in STATUSES:
        page = render("pages/error.html", language=language, status=status, sentence=None, code="", request_id="r-1")
        assert "r-1" in page
        assert str(status) in page
        titles.update(re.findall(r"<title>(.*?)</title>", page))
    assert len(titles) == len(STATUSES)


def test_only_a_demonstration_says_that_it_is_one() -> None:
    assert 'class="demo"' not in render("pages/privacy.html")


def test_an_error_shows_its_own_sentence_safely() -> None:
    page = render("pages/error.html", status=404, sentence="<b>没有</b>", code="x", request_id="")
    assert "&lt;b&gt;没有&lt;/b&gt;" in page


SERVED = sorted(path for path in (PACKAGE / "templates").rglob("*.html") if path.name != "verify_saved.html")
"""Every template but the page that is saved and opened from disk, which brings a policy of its own."""


@pytest.mark.parametrize("path", SERVED, ids=lambda path: path.name)
def test_no_template_writes_what_the_content_policy_forbids(path: Path) -> None:
    source = path.read_text()
    assert re.findall(r"\sstyle=|<style|\son[a-z]+=\"|javascript:", source) == []
    assert re.findall(r"<script(?![^>]*\ssrc=)(?![^>]*ld\+json)[^>]*>", source) == []


def test_every_macro_is_shown_in_the_gallery() -> None:
    shown = "".join((FOLDER / name).read_text() for name in PAGES)
    shown += "".join(path.read_text() for path in (PACKAGE / "templates").rglob("*.html"))
    unseen = [
        f"{path.name}: {macro}"
        for path in sorted((PACKAGE / "templates" / "macros").glob("*.html"))
        for macro in re.findall(r"{% macro ([a-z]\w*)\(", path.read_text())
        if not re.search(rf"(?:{path.stem}\.|call |{{{{-? ?){macro}\(", shown)
    ]
    assert unseen == []


def test_the_gallery_is_given_what_it_needs() -> None:
    assert set(CONTEXT) == {"moment", "amount", "made", "actor", "menu", "dock_menu", "open", "flash", "csrf"}
