"""`shangeng monitor`: somebody else's log, followed from outside. It needs an address, a policy, and a folder."""

import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from shangeng_trace.errors import MalformedError, RejectedError, ShangengError
from shangeng_trace.monitor.monitor import Monitor, Report, Told
from shangeng_trace.monitor.source import Folder, Source
from shangeng_trace.policy import Policy, parse_policy
from shangeng_web.cli import Voice
from shangeng_web.commands.evidence import check_evidence, proof_word, what_proves
from shangeng_web.log_address import Address, ask_witness

_UNUSABLE = 2


class LogNotNamed(RejectedError):
    """Nothing says which log is meant, or where it is."""

    code = "web.log_not_named"
    zh = "说不清看哪本账：用 --log 写明网址或目录，名单里有几本账时再用 --origin 写明名称。"
    en = "Which log is meant? Give its address or folder with --log, and its name with --origin where the policy has several."


class FileNotRead(MalformedError):
    """A file that was named cannot be read."""

    code = "web.file_not_read"
    zh = "读不了文件 {what}。"
    en = "Cannot read the file {what}."


def run(arguments: Namespace, voice: Voice) -> int:
    """Look once or again and again: 0 fine, 1 something was found, 2 it could not be looked at."""
    try:
        policy = parse_policy(_read(arguments.policy)) if arguments.policy else None
        if arguments.action == "check":
            return check_evidence(_read(arguments.evidence), policy, voice, as_json=arguments.json)
        if policy is None:
            raise LogNotNamed
        return _follow(arguments, policy, voice)
    except ShangengError as error:
        voice.complain(error)
        return _UNUSABLE


def _follow(arguments: Namespace, policy: Policy, voice: Voice) -> int:
    origin = _origin(policy, arguments.origin)
    with ExitStack() as stack:
        source = _source(stack, policy, origin, arguments.log)
        monitor = Monitor(
            Path(arguments.state),
            origin,
            policy,
            source,
            ask=partial(ask_witness, origin=origin),
            watch=frozenset(arguments.watch),
            late=arguments.late,
        )
        stack.enter_context(closing(monitor))
        report = _look(monitor, None, arguments, voice)
        while arguments.every:
            threading.Event().wait(arguments.every)
            report = _look(monitor, report, arguments, voice)
        return report.code


def _look(monitor: Monitor, last: Report | None, arguments: Namespace, voice: Voice) -> Report:
    """Look once and tell what is news since the last look of this run."""
    with _progress(voice) as progress:
        report = monitor.look(progress)
    if arguments.json:
        if last is None or any(told.is_new for told in report.told):
            voice.answer_json(_as_json(report, voice), indent=None)
    else:
        _tell(report, last, voice)
    sys.stdout.flush()
    return report


@contextmanager
def _progress(voice: Voice) -> Generator[Callable[[str, int, int], object]]:
    """Show how far a long look has come, to a person at a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _what, _done, _all: None
        return
    words = {"tiles": voice.words("核对树", "tree"), "entries": voice.words("核对记录", "entries")}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def advance(what: str, done: int, whole: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(words[what], total=whole)
            bar.update(tasks[what], completed=done, total=whole)

        yield advance


def _as_json(report: Report, voice: Voice) -> dict[str, Any]:
    def words(error: ShangengError | None) -> str | None:
        return None if error is None else error.sentence(voice.language)

    return {
        "origin": report.origin,
        "source": report.source,
        "before": report.before,
        "size": report.size,
        "checked": report.checked,
        "findings": [
            {
                "finding": told.finding.evidence.finding,
                "detail": words(told.finding.shown.error),
                "proof": proof_word(told.finding.shown),
                "evidence": told.file,
                "new": told.is_new,
            }
            for told in report.told
        ],
        "untold": report.untold,
        "unreachable": words(report.unreachable),
        "silent": {name: words(error) for name, error in report.silent.items()},
    }


def _tell(report: Report, last: Report | None, voice: Voice) -> None:
    """Say everything after the first look, and after later ones only what has changed."""
    for told in report.told:
        if told.is_new or last is None:
            _tell_finding(told, voice)
    if report.untold:
        voice.say(f"另有 {report.untold} 处未逐条列出。", f"{report.untold} more are not listed.")
    if report.unreachable is not None and (last is None or last.unreachable is None):
        voice.complain(report.unreachable)
    for name in sorted(report.silent.keys() - (last.silent.keys() if last else set())):
        error = report.silent[name].sentence(voice.language)
        voice.say(f"见证方 {name} 没有回答：{error}", f"The witness {name} does not answer: {error}")
    if report.told or report.unreachable:
        return
    if last is None:
        grown = report.size - report.before
        voice.answer(
            voice.words(
                f"✓ {report.origin}：{report.size} 条，新增 {grown} 条，全部相符。",
                f"✓ {report.origin}: {report.size} entries, {grown} of them new, all in order.",
            )
        )
    elif last.told or last.unreachable:
        voice.answer(voice.words(f"✓ {report.origin}：恢复正常。", f"✓ {report.origin}: in order again."))


def _tell_finding(told: Told, voice: Voice) -> None:
    voice.answer(f"✗ {told.finding.shown.error.sentence(voice.language)}")
    voice.answer(f"  {what_proves(told.finding.shown, voice)}")
    voice.answer(voice.words(f"  证据：{told.file}", f"  Evidence: {told.file}"))


def _origin(policy: Policy, named: str | None) -> str:
    names = {log.vkey.name for log in policy.logs}
    if named is None and len(names) == 1:
        return names.pop()
    if named not in names:
        raise LogNotNamed
    return named


def _source(stack: ExitStack, policy: Policy, origin: str, named: str | None) -> Source:
    """Return the log's address, by default the policy's, or its export."""
    where = named or next((log.url for log in policy.logs if log.vkey.name == origin and log.url), None)
    if where is None:
        raise LogNotNamed
    if "://" not in where:
        return Folder(Path(where))
    return stack.enter_context(closing(Address(where)))


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise FileNotRead(what=f"{path} ({error.strerror})") from error
