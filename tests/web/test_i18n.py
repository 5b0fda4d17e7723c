import pytest
from babel.messages.catalog import Catalog
from hypothesis import given
from hypothesis import strategies as st

from shangeng_web.i18n import LANGUAGES, Phrases, as_language, negotiate, phrases, translator


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh-CN"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("fr;q=1, en;q=0.5, zh;q=0.4", "en"),
        ("zh;q=0.4, en;q=0.5", "en"),
        ("de, fr", "zh-CN"),
        ("en;q=0, *", "zh-CN"),
        ("en;q=0", "zh-CN"),
        ("en;q=nonsense, zh-Hant", "zh-CN"),
        ("en;q=0.8, zh;q=0.8", "en"),
    ],
)
def test_the_browser_says_what_it_prefers(header: str, language: str) -> None:
    assert negotiate(accept=header) == language


def test_the_address_wins_over_the_choice_and_the_choice_over_the_browser() -> None:
    assert negotiate(asked="en", chosen="zh-CN", accept="zh") == "en"
    assert negotiate(chosen="zh-CN", accept="en") == "zh-CN"
    assert negotiate(asked="tlh", chosen=None, accept="en") == "en"


@given(st.text(), st.text(), st.text())
def test_nothing_a_stranger_sends_breaks_it(asked: str, chosen: str, accept: str) -> None:
    assert negotiate(asked=asked, chosen=chosen, accept=accept) in LANGUAGES


def test_tags_are_read_by_their_first_part() -> None:
    assert as_language("zh_Hant_HK") == "zh-CN"
    assert as_language(" EN-us") == "en"
    assert as_language("english") is None
    assert as_language(None) is None


def _book() -> Phrases:
    catalogue = Catalog(locale="en")
    catalogue.add("批次", "Batch")
    catalogue.add("检测", "Laboratory", context="organisation")
    catalogue.add("检测", "Test")
    catalogue.add(("%(n)s 罐", "%(n)s 罐"), ("%(n)s tin", "%(n)s tins"))
    catalogue.add("没写", "")
    return Phrases((catalogue,))


def test_a_word_may_mean_different_things_in_different_places() -> None:
    assert _book().gettext("检测") == "Test"
    assert _book().pgettext("organisation", "检测") == "Laboratory"


def test_english_counts() -> None:
    assert [_book().gettext("%(n)s 罐", n) for n in (1, "1")] == ["%(n)s tin"] * 2
    assert [_book().gettext("%(n)s 罐", n) for n in (0, 2, "1,001")] == ["%(n)s tins"] * 3


def test_what_has_no_translation_stays_chinese() -> None:
    assert _book().gettext("没写") == "没写"
    assert _book().gettext("不在里面") == "不在里面"


def test_chinese_needs_no_catalogue() -> None:
    assert phrases("zh-CN").gettext("登录") == "登录"


def test_python_code_translates_by_the_same_rules() -> None:
    assert translator("en")("须满 %(n)s 天", n=7) == "7 days needed"
    assert translator("zh-CN")("须满 %(n)s 天", n=7) == "须满 7 天"
