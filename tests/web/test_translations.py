"""Nobody is shown a sentence in the wrong language, and no translation rots."""

import re
from collections import defaultdict

from babel.messages.catalog import Catalog

from shangeng_web.i18n import catalogues
from tests.web.msgids import answered, asked, missing

PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def test_every_sentence_is_in_english() -> None:
    assert [f"{ask.place}: {ask.message}" for ask in missing()] == []


def test_no_translation_is_unused() -> None:
    wanted = {(ask.context, ask.message) for ask in asked()}
    unused = [f"{name}: {key[1]}" for key, found in answered().items() for name, _ in found if key not in wanted]
    assert unused == []


def test_no_sentence_is_translated_twice() -> None:
    twice = {key[1]: [name for name, _ in found] for key, found in answered().items() if len(found) > 1}
    assert twice == {}


def test_both_languages_have_the_same_parts() -> None:
    differing = [
        f"{name}: {message}"
        for (_, message), found in answered().items()
        for name, words in found
        for sentence in words
        if sorted(set(PLACEHOLDER.findall(message))) != sorted(set(PLACEHOLDER.findall(sentence)))
    ]
    assert differing == []


def test_percent_signs_are_written_twice() -> None:
    parts: defaultdict[str, str] = defaultdict(str)
    wrong: list[str] = []
    sentences = [(ask.place, ask.message) for ask in asked()]
    sentences += [(name, text) for found in answered().values() for name, words in found for text in words]
    for place, sentence in sentences:
        try:
            _ = sentence % parts
        except (ValueError, TypeError, KeyError) as fault:
            wrong.append(f"{place}: {sentence}: {fault}")
    assert wrong == []


def test_markup_is_the_same_in_both_languages() -> None:
    differing = [
        f"{name}: {message}"
        for (_, message), found in answered().items()
        for name, words in found
        for sentence in words
        if not set(re.findall(r"</?\w+", sentence)) <= set(re.findall(r"</?\w+", message))
    ]
    assert differing == []


def test_no_translation_is_marked_as_doubtful() -> None:
    books: dict[str, Catalog] = catalogues("en")
    assert [f"{name}: {m.id}" for name, book in books.items() for m in book if m.id and m.fuzzy] == []


def test_english_is_english() -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    left = [
        f"{name}: {text}"
        for found in answered().values()
        for name, words in found
        for text in words
        if chinese.search(text)
    ]
    assert left == []
