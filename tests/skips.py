"""Every skip is counted under its reason; where skips are forbidden, each one fails.

A machine may lack Chromium, a Chinese font or a PostgreSQL server: the tests that need it skip with
`pytest.skip("needs …")` and the end of the run says how many did and why. Continuous integration has
everything and sets `SHANGENG_FORBID_SKIPS=1`, so that a test cannot fall silent there.
"""

import os
from collections import Counter
from collections.abc import Generator

import pytest

FORBIDDEN = os.environ.get("SHANGENG_FORBID_SKIPS") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that skipped, where skips are forbidden."""
    report = yield
    if FORBIDDEN and report.skipped and not hasattr(report, "wasxfail"):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a module that skipped as a whole, where skips are forbidden."""
    report = yield
    if FORBIDDEN and report.skipped:
        _fail(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the reasons for skipping, most frequent first."""
    skipped: list[pytest.TestReport | pytest.CollectReport] = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    terminalreporter.section("skipped here, by reason")
    for reason, count in Counter(_reason(report) for report in skipped).most_common():
        terminalreporter.write_line(f"{count:5d}  {reason}")


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    report.longrepr = f"skips are forbidden here, and this one skipped: {_reason(report)}"
    report.outcome = "failed"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    # pytest keeps a skip as (path, line, "Skipped: reason").
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")
