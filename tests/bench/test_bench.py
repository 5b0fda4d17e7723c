"""The measurements run and give every figure; how fast is nobody's business in a test."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.bench.__main__ import grown, measure
from tests.bench.figures import BARS, Bar, as_json, missed
from tests.bench.growth import growth_of
from tests.bench.plot import draw_growth


def test_bench_gives_every_figure_that_has_a_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    points = grown("sqlite", 400)
    found = measure("sqlite", 0.2, 0, witnesses=1) | growth_of(points)
    assert found.keys() >= BARS.keys()
    assert all(value > 0 for value in found.values() if not isinstance(value, str))
    assert ET.fromstring(draw_growth({"sqlite": points})).tag.endswith("svg")


def test_bench_runs_on_postgresql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    found = measure("postgresql", 0.2, 0, witnesses=0)  # every process takes its time to start
    assert found.keys() >= {
        "page_of_static",
        "single_of_idle",
        "single_of_verify",
        "bulk_of_verify",
        "audit_of_cores_verify",
    }
    assert all(value > 0 for value in found.values() if not isinstance(value, str))


def test_a_bar_is_held_from_the_right_side() -> None:
    figures: dict[str, float | str] = {"page_of_static": 0.5, "single_of_idle": 0.2, "witnessed_seconds_median": 1.0}
    assert list(missed("sqlite", figures)) == ["page_of_static", "single_of_idle"]
    assert list(missed("postgresql", figures)) == ["page_of_static"]
    assert as_json("sqlite", figures)["witnessed_seconds_median"] == {"value": 1.0, "bar": "≤ 2", "holds": True}
    assert not Bar(2.0, at_most=True).holds(2.1)
