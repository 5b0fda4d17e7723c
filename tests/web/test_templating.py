from datetime import UTC, datetime
from decimal import Decimal

import pytest
from jinja2 import UndefinedError
from starlette.requests import Request

from shangeng_web.templating import Reading, environment, reading, render
from tests.web.gallery import speak


def request(target: str, **headers: str) -> Request:
    path, _, query = target.partition("?")
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": raw}
    return Request({**scope, "scheme": "https", "server": ("trace.example", 443)})


def test_the_address_says_how_a_page_is_read() -> None:
    assert reading(request("/c?lang=en&text=large&q=tea", accept_language="zh")) == Reading(
        language="en", path="/c", query={"q": "tea"}, kept={"lang": "en", "text": "large"}, large=True
    )


def test_what_only_the_browser_says_is_not_kept() -> None:
    page = reading(request("/c?text=huge", accept_language="en-GB"))
    assert (page["language"], page["kept"], page["large"]) == ("en", {}, False)


def test_a_choice_made_before_counts_when_the_address_is_silent() -> None:
    assert reading(request("/console/"), chosen="en")["language"] == "en"
    assert reading(request("/console/?lang=zh"), chosen="en")["language"] == "zh-CN"


def test_large_text_chosen_before_can_be_switched_off() -> None:
    assert reading(request("/console/"), large=True)["large"]
    assert not reading(request("/console/?text=normal"), large=True)["large"]
    assert reading(request("/console/"), large=True)["kept"] == {}


def test_links_keep_language_and_size() -> None:
    kept = {"lang": "en", "text": "large"}
    assert speak("{{ url('/c') }}", kept=kept) == "/c?lang=en&amp;text=large"
    assert (
        speak("{{ url('/c?q=a b#top', page=2, none=none) }}", kept=kept)
        == "/c?q=a+b&amp;page=2&amp;lang=en&amp;text=large#top"
    )
    assert speak("{{ url('/c') }}") == "/c"


def test_a_page_links_to_itself_changed() -> None:
    query = {"q": "茶&<"}
    assert speak("{{ here(lang='en') }}", query=query) == "/gallery?q=%E8%8C%B6%26%3C&amp;lang=en"
    assert speak("{{ here(text=none, q=none) }}", query=query, kept={"text": "large"}) == "/gallery"


def test_an_icon_is_drawn_once_however_often_it_is_used() -> None:
    page = speak("{{ icon('tick') }}{{ icon('tick') }}{{ icon('pen') }}|{{ symbols() }}")
    used, drawn = page.split("|")
    assert used.count('href="#i-tick"') == 2
    assert drawn.count('id="i-tick"') == 1
    assert drawn.count("<symbol") == 2


def test_an_icon_that_does_not_exist_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="sparkle"):
        speak("{{ icon('sparkle') }}")


def test_times_and_quantities_stay_together() -> None:
    moment = datetime(2026, 4, 11, 22, 40, tzinfo=UTC)
    assert speak("{{ x|at }}", x=moment) == '<time class="nb" datetime="2026-04-12T06:40+08:00">4 月 12 日 06:40</time>'
    assert speak("{{ x|day }}", x=moment) == '<time class="nb" datetime="2026-04-12">2026-04-12</time>'
    assert speak("{{ x|quantity('<kg>') }}", x=Decimal("8.20")) == '<span class="nb">8.2 &lt;kg&gt;</span>'
    assert speak("{{ 'ABCDEFGHJKMNPQRS'|code }}") == '<span class="mono">ABCD EFGH JKMN PQRS</span>'
    assert speak("{{ x|nb }}", x="报告 SY-2026-001") == '<span class="nb">报告 SY-2026-001</span>'
    assert speak("{{ x|nb }}", x="HM20260412") == "HM20260412", "one word never breaks where it fits"
    assert speak("{{ x|nb }}", x="<b>" * 9) == "&lt;b&gt;" * 9, "too long for a phone's line"


def test_dates_and_numbers_in_a_sentence_stay_whole() -> None:
    sentence = "证书 SG-2026-00001 有效，至 2026-06-30<b>。"
    assert speak("{{ x|codes }}", x=sentence) == (
        '证书 <span class="nb">SG-2026-00001</span> 有效，至 <span class="nb">2026-06-30</span>&lt;b&gt;。'
    )


def test_what_people_type_is_never_markup() -> None:
    assert speak("{{ x|lines }}", x="<b>\n茶") == "&lt;b&gt;<br>茶"
    assert speak("{{ x|nb }}", x="<i>") == '<span class="nb">&lt;i&gt;</span>'
    assert speak("{{ _('须满 %(n)s 天', n=x) }}", x="<i>", language="en") == "&lt;i&gt; days needed"


def test_a_name_that_is_missing_is_a_mistake() -> None:
    with pytest.raises(UndefinedError):
        render("pages/error.html", status=404)


def test_pages_being_drawn_at_the_same_time_do_not_mix() -> None:
    inner = environment.from_string("{{ _('登录') }}")
    assert (
        speak("{{ _('登录') }}{{ f() }}{{ _('登录') }}", f=lambda: speak("{{ _('登录') }}", language="en"))
        == "登录Log in登录"
    )
    with pytest.raises(LookupError):
        inner.render()
