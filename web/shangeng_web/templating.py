"""One Jinja environment, and what a page may say in it.

Templates see the page they are part of through a context variable, so that macros need no argument for
the language, the address to keep, or the icons used so far.
"""

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict
from unicodedata import east_asian_width
from urllib.parse import parse_qsl, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import HTTPConnection

from shangeng_web import formats
from shangeng_web.drawings.counties import COUNTIES, RIVER
from shangeng_web.drawings.icons import ICONS
from shangeng_web.i18n import DEFAULT, LANGUAGES, Language, as_language, negotiate, phrases
from shangeng_web.static import static


class Reading(TypedDict):
    """How one person reads one page; `render` takes it as keywords."""

    language: Language
    path: str
    query: Mapping[str, str]
    kept: Mapping[str, str]
    large: bool


def reading(connection: HTTPConnection, *, chosen: str | None = None, large: bool = False) -> Reading:
    """Read language and text size off a request to a public page.

    What the URL says (`?lang=`, `?text=large`) is kept in every link of the page; what a signed-in
    person chose (`chosen`, `large`) or the browser prefers is not. `?text=normal` overrules `large`.
    """
    parameters = connection.query_params
    kept: dict[str, str] = {}
    if asked := as_language(parameters.get("lang")):
        kept["lang"] = asked
    if parameters.get("text") == "large":
        kept["text"] = "large"
    return Reading(
        language=negotiate(asked=asked, chosen=chosen, accept=connection.headers.get("accept-language")),
        path=connection.url.path,
        query={name: value for name, value in parameters.items() if name not in {"lang", "text"}},
        kept=kept,
        large=parameters.get("text") == "large" or (large and parameters.get("text") != "normal"),
    )


_ONE_LINE = 18
"""How many half-widths are kept on one line: with large text on the narrowest phone more would not fit beside a label."""

_DASHED = re.compile(r"\w+(?:-\w+)+", re.ASCII)


@dataclass
class _Page:
    language: Language
    path: str
    query: Mapping[str, str]
    kept: Mapping[str, str]
    large: bool
    symbols: dict[str, None] = field(default_factory=dict[str, None])
    """Icons used so far, in order: the layout writes each of them once."""


_page: ContextVar[_Page] = ContextVar("page")


@contextmanager
def _reading_page(page: _Page) -> Generator[None]:
    token = _page.set(page)
    try:
        yield
    finally:
        _page.reset(token)


def _with_query(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def url(path: str, **query: object) -> str:
    """Return an internal address that keeps the reader's language and text size.

    `path` may have a query and a fragment of its own; addresses that leave the site are not for here.
    """
    parts = urlsplit(path)
    own = dict(parse_qsl(parts.query)) | {name: str(value) for name, value in query.items() if value is not None}
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return _with_query(parts.path, {**own, **_page.get().kept}) + fragment


def here(**changes: str | None) -> str:
    """Return this page's own address with its query changed; None removes a parameter."""
    page = _page.get()
    query = {**page.query, **page.kept, **changes}
    return _with_query(page.path, {name: value for name, value in query.items() if value is not None})


def icon(name: str) -> Markup:
    """Return a line icon that says nothing to a screen reader: words stand beside it, always."""
    return Markup('<svg class="i" aria-hidden="true"><use href="#{0}"/></svg>').format(_symbol(name))


def _symbol(name: str) -> str:
    if name not in ICONS:
        message = f"no icon called {name}"
        raise KeyError(message)
    _page.get().symbols[name] = None
    return f"i-{name}"


def _symbols() -> Markup:
    """Return the symbols of the icons used on this page; called once, last."""
    drawn = (f'<symbol id="i-{name}" viewBox="0 0 24 24">{ICONS[name]}</symbol>' for name in _page.get().symbols)
    return Markup("".join(drawn))  # noqa: S704 - our own drawings


def keep_together(text: object) -> Markup:
    """Wrap text that should not break across lines, unless it is too long for a phone's."""
    return Markup('<span class="nb">{}</span>').format(text) if _fits_a_line(str(text)) else escape(text)


def _fits_a_line(text: str) -> bool:
    # A single word stays whole anyway, and may break where even it is too long.
    return (
        not (text.isascii() and text.isalnum())
        and sum(2 if east_asian_width(char) in "WF" else 1 for char in text) <= _ONE_LINE
    )


def keep_codes(text: str) -> Markup:
    """Keep each date and number of a sentence in one piece: browsers break them at their dashes."""
    escaped = str(escape(text))
    return Markup(_DASHED.sub(lambda found: keep_together(found[0]), escaped))  # noqa: S704 - escaped above


def _dated(write: Callable[[date, Language], str]) -> Callable[[date], Markup]:
    def written(when: date) -> Markup:
        on = formats.local(when).date() if isinstance(when, datetime) else when
        return _time(on.isoformat(), write(on, _page.get().language))

    return written


def _timed(write: Callable[[datetime, Language], str]) -> Callable[[datetime], Markup]:
    def written(when: datetime) -> Markup:
        return _time(formats.local(when).isoformat(timespec="minutes"), write(when, _page.get().language))

    return written


def _time(machine: str, words: str) -> Markup:
    if _fits_a_line(words):
        return Markup('<time class="nb" datetime="{}">{}</time>').format(machine, words)
    return Markup('<time datetime="{}">{}</time>').format(machine, words)


def _weekday(when: date) -> str:
    return formats.weekday(when, _page.get().language)


def _number(value: Decimal | int) -> str:
    return formats.number(value, _page.get().language)


def _quantity(value: Decimal | int, unit: str) -> Markup:
    return keep_together(formats.quantity(value, unit, _page.get().language))


def _code(text: str) -> Markup:
    """Write a 16 character code in groups of four, which no browser breaks."""
    groups = " ".join(text[at : at + 4] for at in range(0, len(text), 4))
    return Markup('<span class="mono">{}</span>').format(groups)


def _middle_dot() -> Markup:
    """Return the dot between two facts: it ends a line and never begins one."""
    return Markup("\u2060·<wbr>") if _page.get().language == "zh-CN" else Markup("\u00a0· ")


def _lines(text: str) -> Markup:
    """Keep the line breaks a person typed."""
    return Markup("<br>").join(escape(line) for line in text.splitlines())


def _say(message: str, **parts: object) -> Markup:
    """Translate a sentence of ours, which may hold markup; its parts are escaped."""
    said = phrases(_page.get().language).gettext(message, parts.get("n"))
    return Markup(said) % parts  # noqa: S704 - ours


def _say_in(context: str, message: str, **parts: object) -> Markup:
    return Markup(phrases(_page.get().language).pgettext(context, message)) % parts  # noqa: S704 - ours


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("shangeng_web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Jinja types its tables by their first contents.
    words: Any = made
    words.globals.update(
        _=_say,
        pgettext=_say_in,
        static=static,
        icon=icon,
        url=url,
        here=here,
        symbols=_symbols,
        middle_dot=_middle_dot,
        reader=_page.get,
        counties=COUNTIES,
        river=RIVER,
        languages=LANGUAGES,
    )
    words.filters.update(
        nb=keep_together,
        codes=keep_codes,
        day=_dated(formats.day),
        short_day=_dated(formats.short_day),
        weekday=_weekday,
        at=_timed(formats.at),
        stamp=_timed(formats.stamp),
        number=_number,
        quantity=_quantity,
        file_size=formats.file_size,
        code=_code,
        lines=_lines,
    )
    return made


environment = _environment()


def render(
    name: str,
    *,
    language: Language = DEFAULT,
    path: str = "/",
    query: Mapping[str, str] | None = None,
    kept: Mapping[str, str] | None = None,
    large: bool = False,
    demo: bool = False,
    origin: str = "",
    **context: object,
) -> str:
    """Render a template to a whole page.

    `path`, `query`, `kept` and `large` usually come from `reading(request)`. `demo` puts the line on
    the page that says the data are a demonstration. `origin` (`https://…`) makes the links between
    language versions absolute, as search engines want them. Everything else is the page's own content;
    a name the template uses and does not get raises `jinja2.UndefinedError`.
    """
    page = _Page(language, path, query or {}, kept or {}, large)
    with _reading_page(page):
        return environment.get_template(name).render(
            language=language, large=large, demo=demo, origin=origin, **context
        )
