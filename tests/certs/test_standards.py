from copy import deepcopy
from typing import Any

import pytest

from shangeng_certs.data import read_data
from shangeng_certs.standards import STANDARDS, StandardsMalformed, StandardUnknown, load_standards, standard
from shangeng_trace.catalogue import Catalogue

GOOD: dict[str, Any] = {
    "standards": [
        {
            "key": "tea",
            "class": "group",
            "number": "T/LSSGB 示例-01",
            "placeholder": True,
            "zh": "茶叶",
            "en": "tea",
            "categories": ["tea"],
            "editions": [
                {"edition": "2023", "months": 12, "clauses": [{"key": "a", "zh": "甲", "en": "a"}]},
                {
                    "edition": "2025",
                    "months": 36,
                    "clauses": [{"key": "a", "zh": "甲", "en": "a", "min_altitude_m": 600}],
                },
            ],
        }
    ]
}


def test_every_category_has_a_standard_and_none_speaks_of_others() -> None:
    covered = {category for known in STANDARDS.values() for category in known.categories}
    assert covered == {category.id for category in Catalogue.load().categories}


def test_an_invented_number_says_that_it_is_one() -> None:
    assert all("示例" in known.number for known in STANDARDS.values() if known.placeholder)
    assert all(known.placeholder for known in STANDARDS.values())  # none has been published


def test_altitude_brands_ask_for_altitude() -> None:
    assert STANDARDS["jingning600"].newest.min_altitude_m == 600
    assert STANDARDS["qingyuan800"].newest.min_altitude_m == 800
    assert STANDARDS["tea"].newest.min_altitude_m is None


def test_a_standard_is_found_by_key_and_edition() -> None:
    found = load_standards(GOOD)["tea"]
    assert found.newest.edition == "2025"
    assert found.in_edition("2023").months == 12
    assert (found.title("zh"), found.title("en")) == ("茶叶", "tea")
    with pytest.raises(StandardUnknown):
        found.in_edition("2024")
    with pytest.raises(StandardUnknown):
        standard("none")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("standards",), []),
        (("standards",), "tea"),
        (("standards", 0), "tea"),
        (("standards", 0, "key"), ""),
        (("standards", 0, "class"), "private"),
        (("standards", 0, "placeholder"), "yes"),
        (("standards", 0, "en"), ""),
        (("standards", 0, "categories"), []),
        (("standards", 0, "categories"), [1]),
        (("standards", 0, "editions"), []),
        (("standards", 0, "editions", 0, "edition"), "2026"),
        (("standards", 0, "editions", 0, "edition"), "2025"),
        (("standards", 0, "editions", 0, "months"), 0),
        (("standards", 0, "editions", 0, "months"), True),
        (("standards", 0, "editions", 0, "clauses"), []),
        (("standards", 0, "editions", 0, "clauses", 0, "zh"), None),
        (("standards", 0, "editions", 1, "clauses", 0, "min_altitude_m"), "600"),
        (("standards", 0, "editions", 1, "clauses", 0, "min_altitude_m"), 0),
        (("standards", 0, "editions", 1, "clauses", 0, "max_altitude_m"), 900),
    ],
)
def test_a_register_that_is_not_in_its_form_is_refused(path: tuple[str | int, ...], value: object) -> None:
    data: Any = deepcopy(GOOD)
    at = data
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(StandardsMalformed):
        load_standards(data)


def test_a_key_stands_once() -> None:
    with pytest.raises(StandardsMalformed):
        load_standards({"standards": GOOD["standards"] * 2})


def test_the_packaged_register_is_the_one_in_use() -> None:
    assert load_standards(read_data("standards.json")) == STANDARDS
