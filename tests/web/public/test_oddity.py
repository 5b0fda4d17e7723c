"""What is odd about a text that is not a code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_labels.codes import read_code, spell_code
from shangeng_trace.ids import CROCKFORD
from shangeng_web.public.code import oddity

codes = st.text(CROCKFORD, min_size=16, max_size=16)


@given(codes)
def test_a_whole_code_has_nothing_odd_however_it_is_grouped(code: str) -> None:
    found = oddity(spell_code(code).lower())
    assert (found.strange, found.short_by) == ((), 0)


@given(st.text(max_size=40).filter(lambda text: "/" not in text))
def test_what_is_not_a_code_is_odd_in_some_way(text: str) -> None:
    found = oddity(text)
    assert (read_code(text) is None) == bool(found.strange or found.short_by)


@pytest.mark.parametrize(
    ("typed", "strange", "short_by", "last_group_lacks"),
    [
        ("7K3M 9QXT 2HVB 4R", (), 2, 2),
        ("7K3M-9QXT-2HVB", (), 4, 0),
        ("7k3m9qxt2hvb4r8n5", (), -1, 3),
        ("7K3M 9QXT 2HVB 4R8U", ((16, "U"),), 0, 0),
        ("７Ｋ３Ｍ！", ((5, "!"),), 11, 3),
        ("IL0O", (), 12, 0),
        ("", (), 16, 0),
    ],
)
def test_it_names_each_strange_character_with_its_place(
    typed: str, strange: tuple[tuple[int, str], ...], short_by: int, last_group_lacks: int
) -> None:
    found = oddity(typed)
    assert (found.strange, found.short_by, found.last_group_lacks) == (strange, short_by, last_group_lacks)
