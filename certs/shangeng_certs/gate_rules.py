"""The gate (放行): which rules decide whether a batch may carry labels, each with its evidence. Pure."""

from dataclasses import dataclass
from datetime import date

from shangeng_certs.validity import MarkStanding, Standing, Validity
from shangeng_trace.clock import day_text


@dataclass(frozen=True, slots=True)
class Restricted:
    """An open hold or recall on the batch or on one it was made from."""

    event_id: str
    lot: str
    recall: bool


@dataclass(frozen=True, slots=True)
class SampleResult:
    """The latest test of the batch or of one it was made from."""

    digest: str
    lot: str
    passed: bool
    on: date


@dataclass(frozen=True, slots=True)
class LabelCase:
    """Everything the gate looks at, as of one moment. `packed` counts all units ever made of the batch."""

    mark: MarkStanding
    plots: frozenset[str]
    restrictions: tuple[Restricted, ...]
    tests: tuple[SampleResult, ...]
    packed: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says. `evidence` names numbers, event ids or digests that can be looked up."""

    rule: str
    ok: bool
    evidence: tuple[str, ...]
    zh: str
    en: str

    def sentence(self, language: str) -> str:
        """Return the sentence for a reader of `language` ("zh" or "en")."""
        return self.en if language.startswith("en") else self.zh


def evaluate(case: LabelCase) -> list[Finding]:
    """Return one finding per rule, always all of them and in this order; labels may be issued if every one is ok."""
    return [
        _permission("licence", case.mark.licence),
        _certificate(case),
        _restrictions(case.restrictions),
        _tests(case.tests),
        _packed(case.packed),
    ]


def _permission(rule: str, standing: Standing) -> Finding:
    evidence = () if standing.number is None else (standing.number,)
    return Finding(rule, standing.holds, evidence, standing.sentence("zh"), standing.sentence("en"))


def _certificate(case: LabelCase) -> Finding:
    if not case.plots and case.mark.certificate.validity is Validity.OUTSIDE:
        return Finding(
            "certificate",
            ok=False,
            evidence=(),
            zh="这一批没有记录来自哪个地块，无法核对认证范围。",
            en="No plot is on record for this batch, so the certificate's scope cannot be checked.",
        )
    return _permission("certificate", case.mark.certificate)


def _restrictions(restrictions: tuple[Restricted, ...]) -> Finding:
    evidence = tuple(dict.fromkeys(restriction.event_id for restriction in restrictions))
    if not restrictions:
        zh, en = "本批及其来源没有暂停或召回。", "Neither this batch nor its sources are on hold or recalled."
    else:
        worst = min(restrictions, key=lambda restriction: not restriction.recall)
        zh = f"批次 {worst.lot} 已被{'召回' if worst.recall else '暂停'}。"
        en = f"Batch {worst.lot} is {'recalled' if worst.recall else 'on hold'}."
    return Finding("restriction", not restrictions, evidence, zh, en)


def _tests(tests: tuple[SampleResult, ...]) -> Finding:
    failed = [test for test in tests if not test.passed]
    newest = max(failed or tests, key=lambda test: (test.on, test.digest), default=None)
    if newest is None:
        zh, en = "还没有检测记录。", "No test is on record yet."
    elif failed:
        zh = f"批次 {newest.lot} {day_text(newest.on, 'zh')}检测不合格。"
        en = f"Batch {newest.lot} failed its test on {day_text(newest.on, 'en')}."
    else:
        zh = f"最近一次检测（{day_text(newest.on, 'zh')}）合格。"
        en = f"The latest test, on {day_text(newest.on, 'en')}, was passed."
    return Finding("test", not failed, tuple(test.digest for test in failed or tests), zh, en)


def _packed(packed: int) -> Finding:
    zh = f"已包装 {packed} 件。" if packed else "还没有包装，不能领标签。"
    en = f"Units packed: {packed}." if packed else "Nothing is packed yet, so there is nothing to label."
    return Finding("packed", packed > 0, (), zh, en)
