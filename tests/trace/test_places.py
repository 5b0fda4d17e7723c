import pytest

from shangeng_trace.places import COUNTIES, CountyUnknown, county, townships


def test_lishui_has_nine_counties_with_full_names() -> None:
    assert len(COUNTIES) == 9
    assert county("331127").zh == "景宁畲族自治县"
    assert county("331127").name("en") == "Jingning She Autonomous County"
    assert county("331181").short_zh == "龙泉"
    assert all(code.startswith("3311") and len(code) == 6 for code in COUNTIES)


def test_every_county_offers_townships_named_in_both_languages() -> None:
    for code in COUNTIES:
        assert len(townships(code)) >= 4
        assert all(place.zh and place.en and place.county_code == code for place in townships(code))
    assert townships("330106") == ()


def test_a_county_elsewhere_is_refused_at_its_field() -> None:
    with pytest.raises(CountyUnknown) as refused:
        county("330106")
    assert refused.value.field == "county"
