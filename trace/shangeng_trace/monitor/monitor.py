"""The monitor of one log: its folder, whom it asks, and the report of each look."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from shangeng_trace.clock import Clock, now
from shangeng_trace.durable import write_whole
from shangeng_trace.errors import UnavailableError
from shangeng_trace.monitor import findings
from shangeng_trace.monitor.comparing import compare
from shangeng_trace.monitor.evidence import write_evidence
from shangeng_trace.monitor.following import follow
from shangeng_trace.monitor.look import Finding, Halted, Look, Progress, unheard
from shangeng_trace.monitor.memory import Memory, MemoryUnusable
from shangeng_trace.monitor.source import Source
from shangeng_trace.policy import Policy, Witness

DAY_SECONDS = 86_400
MOST_TOLD = 100
"""Findings told in one look; the others of a log that is wrong everywhere are only counted."""

EVIDENCE = "evidence"

AskWitness: TypeAlias = Callable[[Witness], bytes | None]
"""Returns what a witness publishes of the log, None for nothing; raises `UnavailableError` where it does not answer."""

_PASSING = frozenset(
    each.code
    for each in (
        findings.Shrunk,
        findings.KeyUnknown,
        findings.CheckpointWrong,
        findings.Unwitnessed,
        findings.Late,
        findings.ObjectWrong,
        findings.ObjectMissing,
        findings.WitnessWrong,
    )
)
"""What can be over again, and is then told anew when it comes back."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding and its evidence file; `is_new` where it was not found by the look before."""

    finding: Finding
    file: str
    is_new: bool


@dataclass(slots=True)
class Report:
    """What one look found: how far the log is verified now and was before, and what is wrong."""

    origin: str
    source: str
    before: int = 0
    size: int = 0
    checked: int = 0
    told: list[Told] = field(default_factory=list[Told])
    untold: int = 0
    unreachable: UnavailableError | None = None
    silent: dict[str, UnavailableError] = field(default_factory=dict[str, UnavailableError])
    """The witnesses that did not answer."""

    @property
    def code(self) -> int:
        """The exit code: 0 fine, 1 something was found, 2 the log could not be looked at."""
        return 1 if self.told else 2 if self.unreachable else 0


class Monitor:
    """Follows the log `origin` of a policy; one thread. `folder` is its own, and keeps memory and evidence."""

    def __init__(
        self,
        folder: Path,
        origin: str,
        policy: Policy,
        source: Source,
        *,
        ask: AskWitness = lambda _witness: None,
        watch: frozenset[str] = frozenset(),
        late: int = DAY_SECONDS,
        clock: Clock = now,
    ) -> None:
        self.memory = Memory(folder, origin)
        self._folder, self._origin, self._policy, self._source = folder, origin, policy, source
        self._ask, self._watch, self._late, self._clock = ask, watch, late, clock
        self._evidence = folder / EVIDENCE

    def close(self) -> None:
        """Close the memory."""
        self.memory.close()

    def look(self, progress: Progress = unheard) -> Report:
        """Look once; the evidence of everything found is on disk when this returns.

        `progress` hears how many entries' hashes, and then how many entries, were verified (see `look.Progress`).

        Raises:
            PolicyForgetsKey, MemoryUnusable: this monitor cannot go on as it is set up.
        """
        report = Report(self._origin, self._source.name, before=self.memory.known().size)
        before = self.memory.reported()
        kept = dict(before)

        def tell(finding: Finding) -> None:
            if finding.key not in kept and len(report.told) >= MOST_TOLD:
                report.untold += 1
                return
            if finding.key not in kept:
                kept[finding.key] = self._keep(finding)
            file = self._evidence / kept[finding.key]
            report.told.append(Told(finding, str(file), finding.key not in before))

        look = Look(
            self._origin,
            self._policy,
            self._source,
            self.memory,
            self._clock(),
            tell,
            watch=self._watch,
            late=self._late,
            progress=progress,
        )
        try:
            self._follow(look, report)
            self._hear_witnesses(look, report)
            if report.unreachable is None:
                self._forget_what_is_over(before, report)
            verified = self.memory.known()
        except (sqlite3.Error, OSError) as error:
            raise MemoryUnusable(path=self._folder, what=error) from error
        report.size, report.checked = verified.size, verified.checked
        return report

    def _follow(self, look: Look, report: Report) -> None:
        try:
            follow(look, self.memory.known())
        except Halted as halted:
            look.tell(halted.finding)
        except UnavailableError as error:
            report.unreachable = error

    def _hear_witnesses(self, look: Look, report: Report) -> None:
        for witness in self._policy.witnesses:
            if witness.url is not None:
                try:
                    published = self._ask(witness)
                except UnavailableError as error:
                    report.silent[witness.name] = error
                    continue
                if published is not None:
                    compare(look, self.memory.known(), witness, published)

    def _keep(self, finding: Finding) -> str:
        data = write_evidence(finding.evidence)
        kind = finding.evidence.finding.rpartition(".")[2].replace("_", "-")
        name = f"{finding.evidence.seen:%Y%m%dT%H%M%SZ}-{kind}-{sha256(data).hexdigest()[:8]}.json"
        write_whole(self._evidence / name, data)
        self.memory.report(finding.key, name)
        return name

    def _forget_what_is_over(self, known: Mapping[str, str], report: Report) -> None:
        told = {each.finding.key for each in report.told}
        self.memory.is_over(key for key in known.keys() - told if key.split(" ", 1)[0] in _PASSING)
