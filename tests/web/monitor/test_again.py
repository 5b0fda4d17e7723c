"""`shangeng monitor --every`: only what changes is told; and a monitor that is killed goes on where it was."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shangeng_trace.log_objects import objects
from shangeng_trace.policy import format_policy
from shangeng_web import cli
from shangeng_web.commands import monitor
from tests.trace.monitor.logs import ALONE, FakeLog, Watching, kinds

Heard = pytest.CaptureFixture[str]


def export(log: FakeLog, folder: Path) -> None:
    """Write a log as `shangeng log export` does."""
    for path in ["checkpoint", *map(str, objects(0, log.size))]:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(log.true(path) or b"")


class Pauses:
    """Stands in for the pause between two looks: something happens in each, and after the last the watcher goes."""

    def __init__(self, happenings: Iterator[Callable[[], object]]) -> None:
        self._happenings = happenings

    def Event(self) -> "Pauses":  # noqa: N802  # as the threading module names it
        return self

    def wait(self, seconds: float) -> None:
        assert seconds == 60
        happening = next(self._happenings, None)
        if happening is None:
            raise KeyboardInterrupt
        happening()


@pytest.mark.parametrize("as_json", [False, True])
def test_only_what_changes_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Heard, *, as_json: bool
) -> None:
    log, folder, policy = FakeLog.of(10), tmp_path / "export", tmp_path / "policy.txt"
    policy.write_text(format_policy(ALONE))
    export(log, folder)
    older = log.copy()
    larger = log.copy()
    larger.grow(5)
    missing = folder / "checkpoint"
    steps = [
        lambda: export(larger, folder),
        lambda: export(older, folder),  # shrunk
        lambda: None,  # still
        lambda: export(larger, folder),  # in order again
        lambda: missing.rename(tmp_path / "away"),  # unreachable
        lambda: None,  # still
        lambda: (tmp_path / "away").rename(missing),
        lambda: export(larger.rewritten(3), folder),  # forked, for good
        lambda: None,
    ]
    monkeypatch.setattr(monitor, "threading", Pauses(iter(steps)))
    words = ["--lang", "en", "monitor", "--policy", str(policy), "--state", str(tmp_path / "state")]
    words += ["--log", str(folder), "--every", "60", *(["--json"] if as_json else [])]
    assert cli.main(words) == 130
    heard = capsys.readouterr()
    if as_json:
        told = [json.loads(line) for line in heard.out.splitlines()]
        assert [[each["finding"] for each in line["findings"]] for line in told] == [
            [],
            ["monitor.shrunk"],
            ["monitor.fork"],
        ]
        return
    lines = [line for line in heard.out.splitlines() if not line.startswith("  ")]
    assert [line.split(":", 1)[0] for line in lines] == [
        "✓ trace.example.cn/log",
        "✗ The log has shrunk",
        "✓ trace.example.cn/log",
        "✓ trace.example.cn/log",
        "✗ The log has forked",
    ]
    assert heard.err.count("The log cannot be looked at") == 1
    assert len(list((tmp_path / "state" / "evidence").iterdir())) == 2


_KILLED = """
import os, signal, sys
from pathlib import Path
from shangeng_trace.monitor.monitor import Monitor
from shangeng_trace.monitor.source import Folder
from tests.trace.monitor.logs import ORIGIN
from shangeng_trace.policy import parse_policy

class Killed(Folder):
    asked = 0
    def fetch(self, path, largest):
        self.asked += 1
        if self.asked > int(sys.argv[4]):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fetch(path, largest)

policy = parse_policy(Path(sys.argv[3]).read_bytes())
Monitor(Path(sys.argv[1]), ORIGIN, policy, Killed(Path(sys.argv[2]))).look()
"""


def test_a_monitor_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    log, policy = FakeLog.of(256 * 20), tmp_path / "policy.txt"
    policy.write_text(format_policy(ALONE))
    export(log, tmp_path / "export")
    state = tmp_path / "state"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    # In the tiles, in the first entries, and after those were kept; each time a little further.
    for asked, checked in ((10, None), (30, 0), (19, 4096)):
        words = [sys.executable, "-c", _KILLED, str(state), str(tmp_path / "export"), str(policy), str(asked)]
        ran = subprocess.run(words, env=environment, check=False)
        assert ran.returncode == -signal.SIGKILL
        known = Watching(state).known()
        assert (known.checked if known.note else None) == checked
    log.asked.clear()
    report = Watching(state).look(replace(log))
    assert (kinds(report), report.checked) == ([], 256 * 20)
    assert log.asked == [
        "checkpoint",
        *[f"tile/entries/0{number}" for number in range(16, 20)],
        "checkpoint.unwitnessed",
    ]
