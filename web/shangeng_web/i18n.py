"""Two languages: Chinese sentences are the msgids, English comes from `locale/en/*.po`.

Where a sentence counts something, the number is its part `n`, and a catalogue may give it two forms
(`msgid_plural`, with the same Chinese): which of them is said follows from the number.

Several catalogues are merged, so that every part of the application owns its own file. They are read
once, as text: nothing is compiled, nothing generated is committed.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, TypeAlias

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

Language: TypeAlias = Literal["zh-CN", "en"]

LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")
DEFAULT: Language = "zh-CN"
_BY_PRIMARY_TAG: Mapping[str, Language] = {"zh": "zh-CN", "en": "en"}


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "translate where it is shown"
    """Mark a msgid that stands in data."""
    return message


def as_language(tag: str | None) -> Language | None:
    """Return the language we offer for a tag such as `zh-Hant-HK` or `en_GB`, or None."""
    primary = (tag or "").strip().lower().replace("_", "-").partition("-")[0]
    return _BY_PRIMARY_TAG.get(primary)


def negotiate(*, asked: str | None = None, chosen: str | None = None, accept: str | None = None) -> Language:
    """Decide the language of an answer.

    `asked` is `?lang=`, `chosen` what a signed-in person chose before, `accept` the `Accept-Language`
    header (RFC 9110 12.5.4). The first that names a language we have wins; none of them is trusted to
    be well formed.
    """
    return as_language(asked) or as_language(chosen) or _first_acceptable(accept or "") or DEFAULT


def _first_acceptable(header: str) -> Language | None:
    ranked: list[tuple[float, Language]] = []
    for part in header.split(",")[:20]:
        tag, _, parameter = part.partition(";")
        language = DEFAULT if tag.strip() == "*" else as_language(tag)
        weight = _weight(parameter)
        if language and weight > 0:
            ranked.append((weight, language))
    # max() keeps the first of equals, which is the order the reader wrote.
    return max(ranked, key=lambda pair: pair[0])[1] if ranked else None


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


class Phrases:
    """The sentences of one language; an unknown msgid is returned as it is, in Chinese."""

    def __init__(self, catalogues: tuple[Catalog, ...]) -> None:
        self._one: dict[tuple[str | None, str], str] = {}
        self._many: dict[tuple[str | None, str], tuple[str, str]] = {}
        for message in (message for catalogue in catalogues for message in catalogue if message.id):
            match message.id, message.string:
                case str(one), str(words) if words:
                    self._one[message.context, one] = words
                case (str(one), _), (str(first), str(other)) if first and other:
                    self._many[message.context, one] = (first, other)
                case _:
                    """Not translated yet: the reader sees Chinese."""

    def gettext(self, message: str, n: object = None) -> str:
        """Translate a sentence; `%(name)s` parts are left for the caller. `n` is what it counts, perhaps as written."""
        one, other = self._many.get((None, message), (None, None))
        if one and other:
            return one if str(n) == "1" else other
        return self._one.get((None, message), message)

    def pgettext(self, context: str, message: str) -> str:
        """Translate a word that means different things in different places."""
        return self._one.get((context, message), message)


@cache
def catalogues(language: Language) -> dict[str, Catalog]:
    """Return the parsed catalogues of a language by file name; Chinese needs none."""
    folder = files("shangeng_web") / "locale" / language
    if not folder.is_dir():
        return {}
    found: dict[str, Catalog] = {}
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".po"):
            with entry.open("rb") as stream:
                found[entry.name] = read_po(stream, locale=language, abort_invalid=True)
    return found


@cache
def phrases(language: Language) -> Phrases:
    """Return the merged sentences of a language."""
    return Phrases(tuple(catalogues(language).values()))


Translate: TypeAlias = Callable[..., str]


def translator(language: Language) -> Translate:
    """Return `_` for Python code: `_("共 %(n)s 条", n=3)`.

    The rules are those of the templates: named parts only, and a literal percent sign is written `%%`.
    """
    book = phrases(language)

    def translate(message: str, **parts: object) -> str:
        return book.gettext(message, parts.get("n")) % parts

    return translate
