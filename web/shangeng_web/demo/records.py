"""Short ways to write down what stories record."""

from collections.abc import Mapping
from decimal import Decimal

from shangeng_web.demo.calendar import Days

Values = dict[str, object]

LAB = "瓯江源检测中心（示例）"
LAB_NUMBER = "CMA 示例 0001"


def dose(amount: str, unit: str) -> Values:
    """Return a quantity with a unit, as a program posts it."""
    return {"amount": amount, "unit": unit}


def used(days: Days, first: int, last: int | None = None) -> Values:
    """Return the first and the last day on which an input was used."""
    return {"use_start": days.on(first), "use_stop": days.on(first if last is None else last)}


def lab_report(
    days: Days,
    sampled: int,
    reported: int,
    number: str,
    rows: Mapping[str, tuple[str, str, str]],
    *,
    kind: str = "commissioned",
    sample: str = "",
    lab: str = LAB,
) -> Values:
    """Return a test record; `rows` give parameter → value (empty: not detected), unit and limit (empty: none set)."""
    results = [
        {"parameter": name, "value": value, "unit": unit, "limit": limit, "verdict": _verdict(value, limit)}
        for name, (value, unit, limit) in rows.items()
    ]
    failed = any(row["verdict"] == "fail" for row in results)
    return {
        "test_kind": kind,
        "lab": lab,
        "lab_no": LAB_NUMBER if lab == LAB else "",
        "report_no": number,
        "sample": sample,
        "sampled_on": days.on(sampled),
        "reported_on": days.on(reported),
        "results": results,
        "verdict": "fail" if failed else "pass",
    }


def packing(days: Days, day: int, best_before: int, size: str, standard: str, *, licence: str = "") -> Values:
    """Return a packing record; `best_before` is the last day, counted like `day`."""
    return {
        "pack_size": size,
        "prod_date": days.on(day),
        "best_before": days.on(best_before),
        "std_code": standard,
        "licence_no": licence,
    }


def _verdict(value: str, limit: str) -> str:
    return "fail" if value and limit and Decimal(value) > Decimal(limit) else "pass"
