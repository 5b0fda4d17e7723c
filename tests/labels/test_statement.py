from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_labels.statement import (
    LabelsChanged,
    LabelState,
    RunIssued,
    RunMalformed,
    Stretch,
    read_change,
    read_run,
    stretches,
)
from shangeng_labels.void_reasons import VOID_REASONS, void_reason_text

AT = datetime(2026, 4, 13, 3, 4, 5, 678000, tzinfo=UTC)
RUN = RunIssued("R" * 16, "B" * 16, "P" * 16, 164, "ab" * 32, "a4-63x38", AT)
CHANGE = LabelsChanged("S" * 16, "R" * 16, LabelState.VOID, (Stretch(1, 3), Stretch(7, 7)), "damaged", AT)


@given(st.sets(st.integers(1, 200)))
def test_stretches_hold_every_number_once_and_are_as_few_as_can_be(numbers: set[int]) -> None:
    found = stretches(numbers)
    assert [number for stretch in found for number in stretch] == sorted(numbers)
    assert sum(map(len, found)) == len(numbers)
    assert all(left.last + 1 < right.first for left, right in pairwise(found))


def test_a_number_named_twice_counts_once() -> None:
    assert stretches([3, 1, 2, 3, 9]) == (Stretch(1, 3), Stretch(9, 9))


def test_a_run_is_read_as_it_was_written() -> None:
    document = RUN.document()
    assert document["id"] == f"urn:shangeng:run:{'R' * 16}"
    assert document["type"] == "shangeng:LabelRun"
    assert document["shangeng:issued"] == "2026-04-13T03:04:05.678Z"
    assert read_run(document | {"proof": {}}) == RUN


@given(st.sets(st.integers(1, 20_000), min_size=1, max_size=40), st.sampled_from(["", *VOID_REASONS]))
def test_a_change_is_read_as_it_was_written(numbers: set[int], reason: str) -> None:
    state = LabelState.VOID if reason else LabelState.ACTIVE
    change = LabelsChanged("S" * 16, "R" * 16, state, stretches(numbers), reason, AT)
    assert ("shangeng:reason" in change.document()) is bool(reason)
    assert read_change(change.document() | {"proof": {}}) == change


@pytest.mark.parametrize(
    "altered",
    [
        {"shangeng:count": 0},
        {"shangeng:count": True},
        {"shangeng:count": "164"},
        {"shangeng:count": 164.5},
        {"shangeng:issued": "2026-04-13"},
        {"shangeng:issued": "2026-04-13T03:04:05.678+00:00"},
        {"type": "shangeng:LabelStatus"},
        {"@context": []},
        {"id": "R" * 16},
        {"shangeng:codes": ["7K3M9QXT2HVB4R8N"]},
    ],
)
def test_a_run_in_another_form_is_refused(altered: dict[str, Any]) -> None:
    with pytest.raises(RunMalformed):
        read_run(RUN.document() | altered)


@pytest.mark.parametrize(
    "altered",
    [
        {"shangeng:state": "issued"},
        {"shangeng:numbers": []},
        {"shangeng:numbers": [[0, 3]]},
        {"shangeng:numbers": [[3, 1]]},
        {"shangeng:numbers": [[True, 3]]},
        {"shangeng:numbers": [[1, 3, 5]]},
        {"shangeng:numbers": [[1, 3], [4, 5]]},
        {"shangeng:numbers": [[1, 3], [2, 5]]},
        {"shangeng:numbers": [[7, 7], [1, 3]]},
        {"shangeng:numbers": ["7K3M9QXT2HVB4R8N"]},
        {"shangeng:reason": ""},
        {"shangeng:reason": 7},
        {"shangeng:effective": "yesterday"},
        {"type": "shangeng:StatusChange"},
        {"shangeng:note": "蓝阿婆说丢了"},
    ],
)
def test_a_change_in_another_form_is_refused(altered: dict[str, Any]) -> None:
    with pytest.raises(RunMalformed):
        read_change(CHANGE.document() | altered)


def test_statements_are_not_taken_for_each_other() -> None:
    with pytest.raises(RunMalformed):
        read_run(CHANGE.document())
    with pytest.raises(RunMalformed):
        read_change(RUN.document())


def test_reasons_read_in_both_languages_and_an_unknown_one_as_its_code() -> None:
    assert void_reason_text("damaged", "zh") == "破损"
    assert void_reason_text("damaged", "en") == "damaged"
    assert void_reason_text("burnt", "zh") == "burnt"
    assert all(reason.zh and reason.en for reason in VOID_REASONS.values())
