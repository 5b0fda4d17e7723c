"""Whatever an honest log does, nothing is found; whatever single octet of its answers is changed, something is."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shangeng_trace.entry import Kind
from shangeng_trace.monitor.evidence import read_evidence
from shangeng_trace.monitor.examining import examine
from tests.trace.monitor.logs import WITNESSED, FakeLog, Watching, kinds

CHAINS = st.lists(st.sampled_from([f"batch:{n}" for n in range(5)]), min_size=1, max_size=3, unique=True)


class Following(RuleBasedStateMachine):
    """A witnessed log that grows, is looked at, cut off in between, and tampered with on the way."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.log = FakeLog.of(1)
        self.log.labs = (0, 1)
        self.watching = Watching(Path(self.folder.name), WITNESSED)
        self.verified = 0

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(count=st.sampled_from([1, 2, 7, 100, 255, 256]))
    def grow(self, count: int) -> None:
        self.log.grow(count)

    @rule(chains=CHAINS, kind=st.sampled_from(Kind))
    def append(self, chains: list[str], kind: Kind) -> None:
        self.log.append(kind, *chains)

    @rule(behind=st.integers(0, 300), number=st.integers(0, 2))
    def publish(self, behind: int, number: int) -> None:
        """A witness cosigns the tree as it is, or shows an older word of its own."""
        seen = self.log.copy()
        seen.shown = max(len(seen.bodies) - behind, 1)
        before = seen.time.replace(year=2025) if behind else seen.time
        self.watching.published[f"lab{number}"] = seen.note(labs=(number,), at=before).encode()

    @rule()
    def look(self) -> None:
        report = self.watching.look(self.log)
        assert (kinds(report), report.unreachable) == ([], None)
        assert report.size == report.checked == len(self.log.bodies)
        self.verified = report.size

    @rule(after=st.integers(0, 6))
    def cut_off(self, after: int) -> None:
        self.log.asked.clear()
        self.log.fails_after = after
        assert kinds(self.watching.look(self.log)) == []
        self.log.fails_after = None

    @precondition(lambda self: self.verified < len(self.log.bodies))
    @rule(data=st.data())
    def tamper(self, data: Any) -> None:
        """Change one octet of one answer that is new: it is found, and the evidence holds."""
        self.log.asked.clear()
        honest = Watching(Path(self.folder.name) / "trial", WITNESSED)
        honest.look(self.log)
        path = data.draw(st.sampled_from([path for path in self.log.asked if path != "checkpoint.unwitnessed"]))
        true = self.log.true(path)
        assert true is not None
        at: int = data.draw(st.integers(0, len(true) - 1))
        to: int = data.draw(st.integers(1, 255))
        self.log.served[path] = true[:at] + (true[at] ^ to).to_bytes() + true[at + 1 :]
        with tempfile.TemporaryDirectory() as folder:
            report = Watching(Path(folder), WITNESSED).look(self.log)
            assert kinds(report), (path, at)
            for told in report.told:
                evidence = read_evidence(Path(told.file).read_bytes())
                assert examine(evidence).by_signatures == told.finding.shown.by_signatures
        self.log.served.clear()

    @invariant()
    def memory_never_runs_ahead(self) -> None:
        assert self.verified <= len(self.log.bodies)


TestFollowing = Following.TestCase
TestFollowing.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
