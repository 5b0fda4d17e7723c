import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shangeng_trace.catalogue import Catalogue, Field, FieldType, Record, Step, check_record, display_value
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.errors import InvalidError
from shangeng_trace.ids import new_event_id, new_id

CATALOGUE = Catalogue.load()
NOW = datetime(2026, 4, 13, 8, 0, tzinfo=SHANGHAI)
SPRAY = CATALOGUE.step("spray", "tea")
SPRAYED: dict[str, object] = {
    "input_name": "联苯菊酯",
    "active_ingredient": "联苯菊酯 10%",
    "registration_no": "PD20101234",
    "input_source": "景宁农资店 0318 号单",
    "target": "小绿叶蝉",
    "method": "spray",
    "dose": "３０",
    "dose.unit": "mL/亩",
    "use_start": "2026年3月18日",
    "use_stop": "2026-03-18",
    "phi_days": "7",
}
TESTED: dict[str, object] = {
    "test_kind": "commissioned",
    "lab": "瓯江源检测中心",
    "report_no": "OJ26-04-1187",
    "sampled_on": "2026-04-10",
    "reported_on": "2026-04-12",
    "verdict": "pass",
}


def record(step: Step, values: dict[str, object], **changes: object) -> Record:
    return check_record(step, {**values, **changes}, now=NOW)


def refused(step: Step, values: dict[str, object], **changes: object) -> dict[str | None, str]:
    with pytest.raises(InvalidError) as error:
        record(step, values, **changes)
    assert all(problem.sentence("zh").endswith("。") for problem in error.value.problems)
    assert all(problem.sentence("en").endswith(".") for problem in error.value.problems)
    return {problem.field: problem.sentence("zh") for problem in error.value.problems}


def step_with(kind: str, **members: Any) -> Step:
    field = Field.model_validate({"key": "x", "zh": "某项", "en": "Something", "type": kind, **members})
    return CATALOGUE.step("grow").model_copy(update={"fields": (field,)})


def test_a_form_becomes_a_record_in_a_public_and_a_private_part() -> None:
    checked = record(SPRAY, SPRAYED, note="  雷师傅打的 ")
    assert checked.public == {
        "input_name": "联苯菊酯",
        "active_ingredient": "联苯菊酯 10%",
        "target": "小绿叶蝉",
        "method": "spray",
        "dose": {"amount": 30, "unit": "mL_per_mu"},
        "use_start": "2026-03-18",
        "use_stop": "2026-03-18",
        "phi_days": 7,
    }
    assert checked.private == {
        "registration_no": "PD20101234",
        "input_source": "景宁农资店 0318 号单",
        "note": "雷师傅打的",
    }


def test_json_and_form_make_the_same_record_and_a_record_checks_again() -> None:
    values = {key: value for key, value in SPRAYED.items() if key != "dose.unit"}
    body = {**values, "dose": {"amount": 30, "unit": "mL_per_mu"}, "phi_days": 7, "use_start": date(2026, 3, 18)}
    checked = record(SPRAY, body)
    assert checked == record(SPRAY, SPRAYED)
    again = json.loads(json.dumps(checked.public | checked.private))
    assert check_record(SPRAY, again, now=NOW) == checked


def test_an_unknown_interval_is_null_and_never_zero() -> None:
    assert record(SPRAY, SPRAYED, phi_days="").public["phi_days"] is None
    assert record(SPRAY, SPRAYED, phi_days=0).public["phi_days"] == 0
    interval = SPRAY.field("phi_days")
    assert interval is not None
    assert display_value(interval, None, "zh") == "无登记，间隔期不明"
    assert display_value(interval, 0, "zh") == "0 天"
    assert display_value(interval, 7, "en") == "7 days"


def test_every_problem_is_named_at_its_field_at_once() -> None:
    problems = refused(
        SPRAY,
        SPRAYED,
        dose="一瓶盖",
        target=" ",
        method="pray",
        phi_days="366",
        use_stop="2026-03-17",
        dosis="3",
    )
    assert problems == {
        "dosis": "这个环节没有“dosis”这一项。",
        "dose": "用量请写数字，例如 30。",
        "target": "请填写防治对象。",
        "method": "用法请从列表里选。",
        "phi_days": "安全间隔期应在 0 到 365 之间。",
        "use_stop": "停用日期不能早于使用日期。",
    }


def test_the_sentence_names_field_and_bound() -> None:
    dry = CATALOGUE.step("dry", "tea")
    assert refused(dry, {"moisture": "101"}) == {"moisture": "含水量应在 0 到 100 之间。"}
    assert refused(dry, {"moisture": "5.123"}) == {"moisture": "含水量最多写 2 位小数。"}
    assert record(dry, {"moisture": "5.10 %", "temp_c": "９０℃"}).public == {"moisture": 5.1, "temp_c": 90}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("2026-04-13", "2026-04-13"),
        ("2026/4/9", "2026-04-09"),
        ("20260409", "2026-04-09"),
        ("2026年4月9日", "2026-04-09"),
        ("2024-02-29", "2024-02-29"),
    ],
)
def test_dates_are_read_as_people_write_them(typed: str, kept: str) -> None:
    assert record(step_with("date"), {"x": typed}).public == {"x": kept}


@pytest.mark.parametrize(
    "typed",
    [
        "2026-02-30",
        "2026-13-01",
        "2025-02-29",
        "昨天",
        "12.4.2026",
        "2026-04",
        "2026112",
        20260412,
        True,
        ["2026-04-12"],
    ],
)
def test_impossible_dates_are_refused(typed: object) -> None:
    assert refused(step_with("date"), {"x": typed}) == {"x": "某项不是日期，请写成 2026-04-12 这样。"}


def test_what_has_not_happened_cannot_be_recorded() -> None:
    assert refused(step_with("date"), {"x": "2026-04-14"}) == {"x": "某项还没有到，请填已经发生的日期。"}
    assert refused(step_with("date"), {"x": "1999-12-31"}) == {"x": "某项太早了，请核对年份。"}
    assert record(step_with("date", future=True), {"x": "2028-04-14"}).public == {"x": "2028-04-14"}
    late = datetime(2026, 4, 12, 16, 30, tzinfo=UTC)  # the 13th in Shanghai
    assert check_record(step_with("date"), {"x": "2026-04-13"}, now=late).public == {"x": "2026-04-13"}


def test_a_clock_may_run_ahead_ten_minutes() -> None:
    step = step_with("datetime")
    assert record(step, {"x": "2026-04-13T08:09"}).public == {"x": "2026-04-13T08:09:00+08:00"}
    assert record(step, {"x": "2026-04-13T00:00:00.5Z"}).public == {"x": "2026-04-13T08:00:00+08:00"}
    assert record(step, {"x": NOW + timedelta(minutes=10)}).public == {"x": "2026-04-13T08:10:00+08:00"}
    for typed in (NOW + timedelta(minutes=11), "2026-04-13T08:11+08:00"):
        assert refused(step, {"x": typed}) == {"x": "某项还没有到，请填已经发生的日期。"}
    for wrong in ("2026-04-31T08:00", "8 o'clock", 5, "9999-12-31T23:59:59-23:59", "0001-01-01T00:00+14:00"):
        assert "x" in refused(step, {"x": wrong})


def test_packs_keep_longer_than_they_were_made() -> None:
    pack = CATALOGUE.step("pack", "tea")
    values: dict[str, object] = {"pack_size": "50 克", "prod_date": "2026-04-12", "std_code": "GB/T 14456.2"}
    checked = record(pack, values, best_before="2027-10-11").public
    assert checked["pack_size"] == {"amount": 50, "unit": "g"}
    assert refused(pack, values, best_before="2026-04-11") == {"best_before": "保质期至不能早于生产日期。"}


def test_markup_is_text_and_hidden_characters_are_refused() -> None:
    step = step_with("text", max_length=30)
    assert record(step, {"x": "<b>茶</b> & 'x'"}).public == {"x": "<b>茶</b> & 'x'"}
    assert record(step, {"x": "e\u0301"}).public == {"x": "é"}
    for hidden in ("\x00", "\x1b", "\u202e", "\u200b", "\ufeff", "\ud800", "\ue000", "\n", "\t"):
        assert refused(step, {"x": f"茶{hidden}叶"}) == {"x": "某项里有看不见的字符，请重新输入。"}
    assert refused(step, {"x": "茶" * 31}) == {"x": "某项最多 30 个字，现在有 31 个。"}
    assert refused(step, {"x": 5}) == {"x": "某项应是文字。"}
    assert record(step_with("text", lines=True), {"x": "一\r\n二"}).public == {"x": "一\n二"}


@pytest.mark.parametrize(
    "value",
    ["5,5", "五", "NaN", "1e999", float("nan"), float("inf"), Decimal("NaN"), True, [5], {"a": 1}, "5 kg"],
)
def test_what_is_no_number_is_refused(value: object) -> None:
    assert refused(step_with("number"), {"x": value}) == {"x": "某项请写数字，例如 30。"}


def test_numbers_are_exact_and_bounded() -> None:
    assert refused(step_with("number"), {"x": 10**5000}) == {"x": "某项请写数字，例如 30。"}
    assert record(step_with("number"), {"x": 0.1}).public == {"x": 0.1}
    assert record(step_with("number"), {"x": "1,200.50"}).public == {"x": 1200.5}
    assert refused(step_with("number", min=1), {"x": 0}) == {"x": "某项至少是 1。"}
    assert refused(step_with("number", max=1000), {"x": 1001}) == {"x": "某项最多是 1,000。"}
    assert refused(step_with("number", decimals=0), {"x": "1.5"}) == {"x": "某项要写整数。"}
    assert refused(step_with("number", decimals=15), {"x": "123456789.123456789"}) == {
        "x": "数字太长，最多 15 位有效数字。"
    }


def test_a_quantity_takes_only_the_units_it_offers() -> None:
    step = step_with("quantity", units=["kg", "jin"])
    assert record(step, {"x": "76 斤"}).public == {"x": {"amount": 76, "unit": "jin"}}
    assert record(step, {"x": "76", "x.unit": "公斤"}).public == {"x": {"amount": 76, "unit": "kg"}}
    assert record(step_with("quantity", units=["kg"]), {"x": "76"}).public == {"x": {"amount": 76, "unit": "kg"}}
    assert record(step, {"x": "", "x.unit": "kg"}).public == {}
    assert refused(step, {"x": "76 g"}) == {"x": "单位请用：kg、斤。"}
    assert refused(step, {"x": "0 kg"}) == {"x": "数量要大于 0，最多 10 亿。"}
    for value in (5, {"amount": 5}, {"amount": 5, "unit": 5}, {"amount": 5, "unit": "kg", "more": 1}, [5]):
        assert "x" in refused(step, {"x": value})


def test_a_table_can_be_posted_cell_by_cell_or_as_rows() -> None:
    test = CATALOGUE.step("test")
    rows = [
        {"parameter": "联苯菊酯", "value": 0.02, "unit": "mg_per_kg", "limit": 5, "verdict": "pass"},
        {"parameter": "铅", "value": None, "limit": None, "verdict": "pass"},
    ]
    cells: dict[str, object] = {
        "results.0.parameter": "联苯菊酯",
        "results.0.value": "0.02",
        "results.0.unit": "mg_per_kg",
        "results.0.limit": "5",
        "results.0.verdict": "pass",
        "results.1.parameter": " ",
        "results.1.verdict": "",
        "results.7.parameter": "铅",
        "results.7.value": "",
        "results.7.verdict": "pass",
    }
    checked = record(test, {**TESTED, **cells})
    assert checked.public["results"] == rows
    assert record(test, TESTED, results=rows) == checked


def test_a_wrong_cell_is_named_by_its_place() -> None:
    test = CATALOGUE.step("test")
    rows = [{"parameter": "铅", "value": "-1", "verdict": "maybe", "colour": "red"}, "铅"]
    assert refused(test, TESTED, results=rows) == {
        "results.0.colour": "这个环节没有“colour”这一项。",
        "results.0.value": "结果应在 0 到 1,000,000,000 之间。",
        "results.0.verdict": "判定请从列表里选。",
        "results.1": "检测项目与结果的这一行格式不对。",
    }
    assert refused(test, TESTED, results=[]) == {"results": "请填写检测项目与结果。"}
    assert refused(test, TESTED, results=[{}, {"parameter": ""}]) == {"results": "请填写检测项目与结果。"}
    good = {"parameter": "铅", "verdict": "pass"}
    assert refused(test, TESTED, results=[good] * 601) == {"results": "检测项目与结果最多 600 行。"}
    assert refused(test, TESTED, results=[good], reported_on="2026-04-09") == {
        "reported_on": "报告日期不能早于抽样日期。"
    }


def test_a_tick_box_that_is_not_sent_is_a_no() -> None:
    certify = CATALOGUE.step("certify")
    values: dict[str, object] = {
        "issued_cert": "A1",
        "issued_on": "2026-04-12",
        "basis_control": "on",
        "basis_own_test": False,
    }
    checked = record(certify, values).public
    assert [checked[key] for key in ("basis_control", "basis_own_test", "basis_commissioned_test")] == [
        True,
        False,
        False,
    ]
    assert refused(certify, values, basis_control="maybe") == {"basis_control": "质量安全控制符合要求请从列表里选。"}


def test_a_reference_is_an_identifier() -> None:
    correct = CATALOGUE.step("correct")
    event = new_event_id()
    checked = record(correct, {"event": event, "error": "incorrect_data", "reason": "误将茶袋一并称重"})
    assert checked.public["event"] == event
    assert "event" in refused(correct, {"event": "3", "error": "incorrect_data", "reason": "x"})
    batch = new_id()
    assert record(step_with("reference", refers="batch"), {"x": batch.lower()}).public == {"x": batch}


def test_a_field_of_another_category_is_unknown() -> None:
    values: dict[str, object] = {"harvest_date": "2026-04-12", "pick_standard": "bud_leaf_1"}
    tea = CATALOGUE.step("harvest", "tea")
    assert record(tea, values).public == values
    assert "pick_standard" in refused(CATALOGUE.step("harvest", "fruit"), values)


def test_unknown_names_are_repeated_short_and_printable() -> None:
    assert refused(step_with("text"), {"\x1b[2J" + "y" * 99: 1}) == {
        "[2J" + "y" * 36: "这个环节没有“[2J" + "y" * 36 + "”这一项。"
    }


@pytest.mark.parametrize(
    ("kind", "members", "value", "zh", "en"),
    [
        ("number", {"unit": "%"}, 5.1, "5.1%", "5.1%"),
        ("number", {"unit": {"zh": "分钟", "en": "min"}}, 1200, "1,200 分钟", "1,200 min"),
        ("number", {}, 0.02, "0.02", "0.02"),
        ("date", {}, "2026-04-12", "2026-04-12", "12 April 2026"),
        ("datetime", {}, "2026-04-12T06:40:00+08:00", "2026-04-12 06:40", "12 April 2026, 06:40"),
        ("quantity", {"units": ["tin"]}, {"amount": 164, "unit": "tin"}, "164 罐", "164 tins"),
        ("choice", {"choices": [{"key": "a", "zh": "甲", "en": "A"}]}, "a", "甲", "A"),
        ("choice", {"choices": [{"key": "a", "zh": "甲", "en": "A"}]}, "gone", "gone", "gone"),
        ("bool", {}, True, "是", "yes"),
        ("bool", {}, False, "否", "no"),
        ("text", {}, "<b>茶</b>", "<b>茶</b>", "<b>茶</b>"),
        ("text", {}, None, "—", "—"),
        ("table", {"columns": [{"key": "y", "zh": "列", "en": "Y", "type": "text"}]}, [1, 2], "2 项", "2 rows"),
    ],
)
def test_values_read_well_in_both_languages(
    kind: str, members: dict[str, Any], value: object, zh: str, en: str
) -> None:
    (shown,) = step_with(kind, **members).fields
    assert display_value(shown, value, "zh") == zh
    assert display_value(shown, value, "en") == en


def test_the_picking_standard_reads_as_farmers_say_it() -> None:
    standard = CATALOGUE.step("harvest", "tea").field("pick_standard")
    assert standard is not None
    assert display_value(standard, "bud_leaf_1", "zh") == "一芽一叶"
    assert display_value(standard, "bud_leaf_1", "en") == "one bud, one leaf"


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["2026-04-12", "pass", "3 kg"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["amount", "unit", "value", "parameter"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(sorted(CATALOGUE.steps)), st.data())
def test_nothing_anybody_sends_breaks_the_check(key: str, data: st.DataObject) -> None:
    step = CATALOGUE.step(key)
    names = [field.key for field in step.fields] + ["results.0.value", "dose.unit", "results.x.y"]
    values = data.draw(st.dictionaries(st.sampled_from(names) | st.text(max_size=8), ANYTHING, max_size=6))
    try:
        checked = check_record(step, values, now=NOW)
    except InvalidError as error:
        refusals = [problem.sentence("zh") + problem.sentence("en") for problem in error.problems]
        refusals_have_words = bool(refusals) and all(refusals)
    else:
        refusals_have_words = bool(json.dumps([checked.public, checked.private], allow_nan=False))
        for field in step.fields:
            value = (checked.public if field.public else checked.private).get(field.key)
            assert display_value(field, value, "zh")
            assert field.type is not FieldType.BOOL or isinstance(value, bool)
    assert refusals_have_words
