"""`shangeng verify`: a proof bundle, a proof file or a monitor's evidence, with nothing but the file and a policy.

No database, no network; what only one kind of file needs is loaded for that kind.
"""

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from shangeng_trace.errors import MalformedError, RejectedError, ShangengError
from shangeng_trace.monitor.evidence import is_evidence
from shangeng_trace.policy import Policy, parse_policy
from shangeng_trace.tlogproof import is_proof
from shangeng_trace.verifying import Report, verify_bundle
from shangeng_web.cli import Voice
from shangeng_web.commands.standing import moments, standing, tell_standing


class FileUnreadable(MalformedError):
    """A file that was named cannot be read."""

    code = "web.file_unreadable"
    zh = "读不了文件 {what}。"
    en = "Cannot read the file {what}."


class PolicyUnusable(MalformedError):
    """The trust policy is not one."""

    code = "web.policy_unusable"
    zh = "信任名单 {file} 不能用来核验：{problem}"
    en = "The trust policy {file} cannot be used: {problem}"


class OptionUnfitting(RejectedError):
    """An option speaks of another kind of file."""

    code = "web.option_unfitting"
    zh = "{option} 不适用于这种文件。"
    en = "{option} does not fit this kind of file."


def run(arguments: Namespace, voice: Voice) -> int:
    """Report on a file: 0 where everything holds, 1 where something does not, 2 where there is nothing to check.

    Evidence of a monitor turns it around: 1 where it holds, since then something is wrong.
    """
    try:
        policy = _policy(arguments.policy) if arguments.policy else None
        return _check(_read(arguments.file), policy, arguments, voice)
    except ShangengError as error:
        voice.complain(error)
        return 2


def _check(data: bytes, policy: Policy | None, arguments: Namespace, voice: Voice) -> int:
    """Tell by its first bytes what a file is, and check it as that."""
    if is_proof(data):
        from shangeng_web.commands.proofs import check_file  # noqa: PLC0415  # see the module's docstring

        _must_fit(arguments, "proofs")
        entry, statement = (_read(path) if path else None for path in (arguments.entry, arguments.statement))
        return check_file(data, policy, voice, entry=entry, statement=statement, as_json=arguments.json)
    _must_fit(arguments, "entry", "statement")
    if is_evidence(data):
        from shangeng_web.commands.evidence import check_evidence  # noqa: PLC0415  # as above

        _must_fit(arguments, "proofs")
        return check_evidence(data, policy, voice, as_json=arguments.json)
    return _check_bundle(data, policy, arguments, voice)


def _check_bundle(data: bytes, policy: Policy | None, arguments: Namespace, voice: Voice) -> int:
    report = verify_bundle(data, policy)
    if arguments.json:
        voice.answer_json(_as_json(report, policy, voice))
    else:
        _tell(report, voice)
    if report.is_good and arguments.proofs:
        from shangeng_web.commands.proofs import write_proofs  # noqa: PLC0415  # as above

        count = write_proofs(data, Path(arguments.proofs))
        voice.say(f"已写出 {count} 份入账证明：{arguments.proofs}", f"{count} proof files in {arguments.proofs}")
    return 0 if report.is_good else 1


def _policy(path: str) -> Policy:
    data = _read(path)
    try:
        return parse_policy(data)
    except ShangengError as exc:
        raise PolicyUnusable(file=path, problem=exc) from exc


def _must_fit(arguments: Namespace, *unfitting: str) -> None:
    for name in unfitting:
        if getattr(arguments, name):
            raise OptionUnfitting(option=f"--{name}")


def _read(path: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as exc:
        raise FileUnreadable(what=f"{path} ({exc.strerror})") from exc


def _as_json(report: Report, policy: Policy | None, voice: Voice) -> dict[str, Any]:
    return {
        "good": report.is_good,
        "subject": report.subject,
        "origin": report.origin,
        "policy": policy is not None,
        "trusted": report.trusted,
        "standing": standing(trusted=report.trusted, witnessed=report.witnessed) if report.is_good else None,
        "witnesses": moments(report.witnessed),
        "size": report.size,
        "entries": report.entries,
        "statements": report.statements,
        "withheld": report.withheld,
        "problems": [
            {
                "step": each.step,
                "where": each.where,
                "code": each.error.code,
                "detail": each.error.sentence(voice.language),
            }
            for each in report.problems
        ],
    }


def _tell(report: Report, voice: Voice) -> None:
    say = voice.words
    voice.answer(f"{report.subject} @ {report.origin}")
    for each in report.problems:
        place = each.step if each.where == each.step else f"{each.step}: {each.where}"
        voice.answer(f"✗ {place}: {each.error.sentence(voice.language)}")
    if not report.is_good:
        voice.answer(say("不通过。", "Bad."))
        return
    voice.answer(
        say(
            f"✓ 签名：{report.entries} 条记录、{report.statements} 份声明（{report.withheld} 份未公开）、全部签名和日志证明都相符。",
            f"✓ Signed: {report.entries} entries, {report.statements} statements ({report.withheld} withheld), every signature and log proof holds.",
        )
    )
    tell_standing(voice, size=report.size, trusted=report.trusted, witnessed=report.witnessed)
    voice.answer(
        say(
            "这证明谁在何时写下并入账，不证明内容属实；证明有，不证明没有。",
            "This proves who wrote it and when it was logged, not that it is true; presence, not absence.",
        )
    )
