"""What every finding of a test must be: one, of the right kind, with an evidence file that convinces, and only whole."""

from pathlib import Path

import pytest

from shangeng_trace.monitor.evidence import EvidenceUnusable, read_evidence
from shangeng_trace.monitor.examining import examine
from shangeng_trace.monitor.monitor import Report
from shangeng_trace.policy import Policy
from tests.trace.monitor.logs import ALONE, FakeLog, Watching, kinds

MOST_BYTES = 300
"""Positions tried of a long file."""


def confirmed(report: Report, kind: str, *, by_signatures: bool) -> dict[str, object]:
    """Assert that one thing was found, that its evidence file shows it, and that no altered file does."""
    assert kinds(report) == [kind]
    (told,) = report.told
    data = Path(told.file).read_bytes()
    evidence = read_evidence(data)
    assert evidence == told.finding.evidence
    shown = examine(evidence)
    assert shown.by_signatures is by_signatures
    for language in ("zh", "en"):
        assert shown.error.sentence(language) == told.finding.shown.error.sentence(language)
    for at in range(0, len(data), len(data) // MOST_BYTES + 1):
        for other in (data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], data[:at] + data[at + 1 :]):
            with pytest.raises(EvidenceUnusable):
                read_evidence(other)
    return evidence.parts


def honest(tmp_path: Path, size: int = 300, policy: Policy = ALONE) -> tuple[FakeLog, Watching]:
    """Return a log that was followed up to here."""
    log, watching = FakeLog.of(size), Watching(tmp_path, policy)
    if policy.witnesses:
        log.labs = (0, 1, 2)
    assert watching.look(log).code == 0
    return log, watching
