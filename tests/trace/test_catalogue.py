import json
from pathlib import Path
from typing import Any

import pytest

from shangeng_trace.catalogue import (
    BatchBegunAlready,
    BatchState,
    Catalogue,
    CatalogueBroken,
    CategoryUnknown,
    Effect,
    FieldType,
    Group,
    StepNotNow,
    StepOutOfOrder,
    StepUnknown,
)
from shangeng_trace.cbv import BIZ_STEPS, DISPOSITIONS
from shangeng_trace.examples import ExampleProduct, example_products
from shangeng_trace.places import COUNTIES
from shangeng_trace.quantities import UNITS

CATALOGUE = Catalogue.load()
NINE = ("mushroom", "tea", "fruit", "vegetable", "herb", "livestock", "camellia_oil", "bamboo", "aquatic")
SCENTING = {
    "key": "scent",
    "tile": "窨",
    "zh": "窨花",
    "en": "Scenting",
    "group": "process",
    "effect": "transform",
    "epcis": "TransformationEvent",
    "biz_step": "creating_class_instance",
    "disposition": "in_progress",
    "weigh": "may",
    "after": ["dry"],
    "fields": [{"key": "flower", "zh": "花", "en": "Flower", "type": "text", "required": True}, {"key": "hours"}],
}


def overlay(folder: Path, **members: Any) -> Path:
    path = folder / "overlay.json"
    path.write_text(json.dumps(members), encoding="utf-8")
    return path


def keys(*args: Any) -> list[str]:
    return [step.key for step in CATALOGUE.next_steps(*args)]


def test_nine_categories_come_first_and_three_extensions_after() -> None:
    assert tuple(category.id for category in CATALOGUE.categories if not category.extension) == NINE
    assert [category.id for category in CATALOGUE.categories if category.extension] == ["grain", "bee", "processed"]
    assert len({category.tile for category in CATALOGUE.categories}) == 12


@pytest.mark.parametrize("category", [category.id for category in CATALOGUE.categories])
def test_a_farmer_can_tell_the_tiles_of_a_category_apart(category: str) -> None:
    steps = CATALOGUE.steps_for(category)
    assert len({step.tile for step in steps}) == len(steps)
    assert len({step.zh for step in steps}) == len(steps)
    assert all(len(step.zh) <= 8 for step in steps)
    assert any(step.start for step in steps)


@pytest.mark.parametrize("step", CATALOGUE.steps.values(), ids=lambda step: step.key)
def test_every_step_speaks_epcis_and_both_languages(step: Any) -> None:
    assert step.biz_step in BIZ_STEPS
    assert step.disposition is None or step.disposition in DISPOSITIONS
    moves_stock = {Effect.TRANSFORM, Effect.SPLIT, Effect.MERGE, Effect.PACK, Effect.RECEIVE}
    assert (step.epcis == "TransformationEvent") is (step.effect in moves_stock)
    for field in step.fields:
        assert field.zh != field.en
        if field.type is FieldType.NUMBER:
            assert field.min is not None


def test_the_farmers_words_differ_by_category() -> None:
    assert CATALOGUE.step("harvest").zh == "采收"
    assert CATALOGUE.step("harvest", "tea").zh == "采摘"
    assert CATALOGUE.step("harvest", "bamboo").tile == "挖"
    assert CATALOGUE.step("dry", "tea").name("zh") == "干燥提香"
    assert CATALOGUE.step("dry", "grain").tile == "晒"
    assert [
        CATALOGUE.step(key, "tea").tile
        for key in ("harvest", "spread", "fix", "shape", "dry", "spray", "fertilise", "pack")
    ] == list("采摊杀揉烘药肥装")


def test_only_tea_has_a_picking_standard() -> None:
    assert CATALOGUE.step("harvest", "tea").field("pick_standard") is not None
    assert CATALOGUE.step("harvest", "fruit").field("pick_standard") is None


@pytest.mark.parametrize("key", ["spray", "fertilise", "input_use", "rear", "vacc"])
def test_every_input_carries_what_the_production_record_must_hold(key: str) -> None:
    step = CATALOGUE.step(key)
    assert step.group is Group.INPUT
    for name in ("input_name", "input_source", "method", "dose", "use_start", "use_stop"):
        field = step.field(name)
        assert field is not None
        assert field.required, name
    stop = step.field("use_stop")
    assert stop is not None
    assert stop.not_before == "use_start"


@pytest.mark.parametrize("key", ["spray", "rear", "vacc"])
def test_an_unknown_interval_is_an_answer_of_its_own(key: str) -> None:
    interval = CATALOGUE.step(key).field("phi_days")
    assert interval is not None
    assert interval.blank is not None
    assert not interval.required


def test_what_could_name_a_person_is_private() -> None:
    for step in CATALOGUE.steps.values():
        for field in step.fields:
            if field.key in {"note", "input_source", "registration_no", "vehicle", "supplier", "buyer", "permit"}:
                assert not field.public, f"{step.key}.{field.key}"


def test_a_batch_begins_with_a_step_that_can_begin_one() -> None:
    assert keys("tea", set()) == ["grow", "harvest", "intake"]
    assert keys("mushroom", set())[:2] == ["substrate", "fell"]
    with pytest.raises(StepOutOfOrder) as refused:
        CATALOGUE.check_possible("fix", "tea", set())
    assert refused.value.sentence("zh") == "记“杀青”之前，要先记“采摘”或“进货”或“收购归集”或“接收”。"
    assert refused.value.field == "step"


def test_green_tea_is_fixed_before_it_is_rolled_and_dried_before_it_is_packed() -> None:
    done = {"harvest"}
    assert "fix" in keys("tea", done)
    assert "spread" in keys("tea", done)
    for key in ("spread", "fix", "shape", "dry", "pack"):
        if key in {"shape", "dry", "pack"}:
            with pytest.raises(StepOutOfOrder):
                CATALOGUE.check_possible(key, "tea", {"harvest", "spread"})
        done.add(key)
    assert CATALOGUE.check_possible("shape", "tea", {"harvest", "spread", "fix"}).zh == "揉捻做形"
    assert CATALOGUE.check_possible("shape", "tea", {"harvest", "wither"}).key == "shape"
    assert CATALOGUE.check_possible("pack", "tea", done).key == "pack"


@pytest.mark.parametrize(("category", "done"), [("fruit", {"grow", "spray"}), ("mushroom", {"substrate", "inoc"})])
def test_nothing_is_packed_before_it_is_harvested(category: str, done: set[str]) -> None:
    with pytest.raises(StepOutOfOrder):
        CATALOGUE.check_possible("pack", category, done)
    assert CATALOGUE.check_possible("pack", category, done | {"harvest"}).key == "pack"


def test_nothing_arrives_that_was_not_sent() -> None:
    with pytest.raises(StepOutOfOrder):
        CATALOGUE.check_possible("receive", "fruit", {"harvest"})
    assert CATALOGUE.check_possible("receive", "fruit", {"harvest", "ship"}).key == "receive"


def test_a_batch_begins_once_but_a_growing_batch_is_harvested_from() -> None:
    with pytest.raises(BatchBegunAlready):
        CATALOGUE.check_possible("substrate", "mushroom", {"substrate"})
    assert CATALOGUE.check_possible("harvest", "tea", {"grow", "spray"}).effect is Effect.OPEN
    with pytest.raises(StepOutOfOrder):
        CATALOGUE.check_possible("eggs", "livestock", {"intake"})


def test_a_held_batch_can_be_tested_and_observed_but_not_moved() -> None:
    done = {"harvest", "fix", "dry", "hold"}
    for key in ("ship", "pack", "sale", "split"):
        with pytest.raises(StepNotNow) as refused:
            CATALOGUE.check_possible(key, "tea", done, BatchState.HELD)
        assert "已暂停" in refused.value.sentence("zh")
        assert "on hold" in refused.value.sentence("en")
    for key in ("test", "inspect", "store", "spray", "release", "recall", "loss"):
        assert CATALOGUE.check_possible(key, "tea", done, BatchState.HELD).key == key
    with pytest.raises(StepNotNow):
        CATALOGUE.check_possible("release", "tea", done, BatchState.ACTIVE)


def test_a_closed_batch_can_still_be_recalled_and_corrected() -> None:
    done = {"harvest", "close"}
    for key in ("recall", "correct", "confirm", "test", "hold"):
        assert CATALOGUE.check_possible(key, "fruit", done, BatchState.CLOSED).key == key
    assert {step.key for step in CATALOGUE.manage_steps()} == {
        "hold",
        "release",
        "recall",
        "close",
        "correct",
        "confirm",
    }


def test_a_step_its_category_does_not_list_is_unusual_not_forbidden() -> None:
    assert "fell" not in {step.key for step in CATALOGUE.steps_for("fruit")}
    assert CATALOGUE.check_possible("process", "aquatic", {"catch"}).key == "process"
    assert CATALOGUE.check_possible("spore", "herb", {"harvest"}).key == "spore"


def test_unknown_names_are_refused_at_their_field() -> None:
    with pytest.raises(StepUnknown) as step:
        CATALOGUE.check_possible("teleport", "tea", set())
    with pytest.raises(CategoryUnknown) as category:
        CATALOGUE.steps_for("software")
    assert (step.value.field, category.value.field) == ("step", "category")


@pytest.mark.parametrize("product", example_products(), ids=lambda product: product.id)
def test_an_example_product_can_walk_through_its_steps(product: ExampleProduct) -> None:
    assert product.county_code in COUNTIES
    assert set(product.units) <= UNITS.keys()
    assert all(mark not in product.zh + product.en for mark in ("[", "unconfirmed", "示例"))
    done: set[str] = set()
    for key in product.steps:
        done.add(CATALOGUE.check_possible(key, product.category, done).key)
    assert "harvest" in done or done & {"catch", "eggs", "slaughter", "spore", "intake"}


def test_adding_a_step_is_adding_data(tmp_path: Path) -> None:
    path = overlay(tmp_path, steps=[SCENTING], categories=[{"id": "tea", "steps": [{"key": "scent"}]}])
    catalogue = Catalogue.load(path)
    assert catalogue.steps_for("tea")[-1].zh == "窨花"
    assert len(catalogue.steps_for("tea")) == len(CATALOGUE.steps_for("tea")) + 1
    assert [field.key for field in catalogue.step("scent", "tea").fields] == ["flower", "hours"]
    assert "scent" in [step.key for step in catalogue.next_steps("tea", {"harvest", "fix", "dry"})]
    with pytest.raises(StepOutOfOrder):
        catalogue.check_possible("scent", "tea", {"harvest"})


def test_a_new_kind_of_harvest_counts_as_one_everywhere(tmp_path: Path) -> None:
    tapping = {**CATALOGUE.step("harvest").model_dump(mode="json"), "key": "tap", "tile": "割", "zh": "割漆"}
    catalogue = Catalogue.load(overlay(tmp_path, steps=[{**tapping, "en": "Tapping"}]))
    assert catalogue.check_possible("pack", "herb", {"tap"}).key == "pack"


def test_an_overlay_can_rename_and_add_a_category(tmp_path: Path) -> None:
    flowers = {
        "id": "flower",
        "tile": "花",
        "zh": "花卉",
        "en": "Flowers",
        "extension": True,
        "steps": [{"key": "harvest"}],
    }
    path = overlay(tmp_path, categories=[flowers, {"id": "tea", "steps": [{"key": "fix", "zh": "炒青"}]}])
    catalogue = Catalogue.load(path)
    assert [step.key for step in catalogue.steps_for("flower")] == ["harvest"]
    assert catalogue.step("fix", "tea").zh == "炒青"
    assert catalogue.step("fix", "tea").en == "Fixing"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"biz_step": "plucking"}, "plucking"),
        ({"disposition": "tasty"}, "tasty"),
        ({"en": ""}, "en"),
        ({"after": ["nothing"]}, "nothing"),
        ({"after": ["@nobody"]}, "@nobody"),
        ({"action": "ADD"}, "action"),
        ({"effect": "open"}, "adds"),
        ({"colour": "red"}, "colour"),
        ({"fields": [{"key": "x", "zh": "某项", "en": "X", "type": "choice"}]}, "choices"),
        ({"fields": [{"key": "x", "zh": "某项", "en": "X", "type": "quantity", "units": ["acre"]}]}, "units"),
        ({"fields": [{"key": "hours"}, {"key": "hours"}]}, "share a key"),
        ({"fields": [{"key": "use_stop"}]}, "not_before"),
        ({"fields": [{"key": "undefined_anywhere"}]}, "undefined_anywhere"),
        ({"fields": [{"key": "x", "zh": "某项", "en": "X", "type": "text", "only": ["mars"]}]}, "mars"),
        ({"fields": "all"}, ""),
    ],
)
def test_broken_data_are_named_at_start(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    with pytest.raises(CatalogueBroken) as broken:
        Catalogue.load(overlay(tmp_path, steps=[{**SCENTING, **change}]))
    assert named in broken.value.sentence("en")


@pytest.mark.parametrize(
    "members",
    [
        {"categories": [{"id": "tea", "steps": [{"key": "nothing"}]}]},
        {"categories": [{"id": "tea", "steps": [{"key": "fix", "after": ["nothing"]}]}]},
        {"categories": [{"id": "tea", "steps": [{"key": "fix", "tile": "采"}]}]},
        {"categories": [{"zh": "无名"}]},
        {"steps": [{"zh": "无名"}]},
        {"steps": 3},
        {"stepps": []},
    ],
)
def test_an_overlay_that_does_not_fit_is_refused(tmp_path: Path, members: dict[str, Any]) -> None:
    with pytest.raises(CatalogueBroken):
        Catalogue.load(overlay(tmp_path, **members))


def test_an_overlay_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "overlay.json"
    for content in (b"{", b"[]", b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(CatalogueBroken):
            Catalogue.load(path)
    with pytest.raises(CatalogueBroken):
        Catalogue.load(tmp_path / "absent.json")
