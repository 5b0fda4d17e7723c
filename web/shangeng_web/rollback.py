"""Before anything is signed: does anybody outside hold more of this log than the database does?

A restored backup is the likeliest way in which an honest operator forks a log. Witnesses and the exported files
remember; what they hold counts only where this log's own key has signed it, so nobody else can stop a start.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from hashlib import sha256
from itertools import repeat
from pathlib import Path

from shangeng_trace.checkpoint import VerifiedCheckpoint
from shangeng_trace.db import Database
from shangeng_trace.errors import RejectedError, ShangengError
from shangeng_trace.log_export import NAME
from shangeng_trace.note import Vkey
from shangeng_trace.policy import NONE, Log, Policy, Witness, parse_policy
from shangeng_trace.witnessing import clock_apart, read_held, refuse_rollback
from shangeng_web.outside import ask
from shangeng_web.settings import Settings

_log = logging.getLogger(__name__)
_FOUND, _NOT_FOUND = 200, 404
_HOUR = 3600.0


class WitnessesUnusable(RejectedError):
    """The file of SHANGENG_WITNESSES cannot be used."""

    code = "web.witnesses_unusable"
    zh = "见证方名单 {path} 不能用：{problem_zh}"
    en = "The witnesses in {path} cannot be used: {problem_en}"


def read_policy(settings: Settings, *log_keys: Vkey) -> Policy:
    """Return the trust policy of this log: its keys, and the witnesses and quorum of the settings, if any.

    Raises `WitnessesUnusable`.
    """
    logs = tuple(Log(each, f"{settings.origin}/log") for each in log_keys)
    path = settings.witnesses
    if path is None:
        return Policy(logs)
    try:
        told = parse_policy(path.read_bytes())
    except (OSError, ShangengError) as error:
        raise WitnessesUnusable(path=path, problem_zh=error, problem_en=error) from error
    if told.quorum == NONE:
        raise WitnessesUnusable(path=path, problem_zh="要写明 quorum", problem_en="it must name a quorum")
    return Policy(logs, told.witnesses, told.groups, told.quorum)


def must_not_be_rolled_back(
    database: Database, settings: Settings, witnesses: Sequence[Witness], log_keys: Sequence[Vkey]
) -> Mapping[str, VerifiedCheckpoint]:
    """Raise `RolledBack` where a witness or the export holds a head that this database does not lead to.

    Return what each holds. Who does not answer is left out, with a warning: a witness that is down must not keep the
    log down.
    """
    known = dict(_held_by_witnesses(witnesses, log_keys))
    if settings.export_dir is not None and (exported := _exported(settings.export_dir, log_keys)) is not None:
        known[str(settings.export_dir)] = exported
    if known:
        with database.session() as session:  # opened only now: nobody's turn to write waits for an answer from outside
            refuse_rollback(session, known)
    return known


def must_share_time(policy: Policy, held: Mapping[str, VerifiedCheckpoint], moment: datetime) -> None:
    """Raise `ClockDiffers` where most witnesses show another time with what they hold, which is an hour old at most."""
    times = {name: max(each.time or 0 for each in head.cosigned) for name, head in held.items() if head.cosigned}
    ahead = {name: moment.timestamp() - time for name, time in times.items()}
    if (cause := clock_apart(policy, ahead, age=_HOUR)) is not None:
        raise cause


def _held_by_witnesses(
    witnesses: Sequence[Witness], log_keys: Sequence[Vkey]
) -> Iterator[tuple[str, VerifiedCheckpoint]]:
    with_url = [witness for witness in witnesses if witness.url is not None]
    if not with_url:
        return
    with ThreadPoolExecutor(len(with_url), thread_name_prefix="shangeng-asking") as pool:
        for witness, held in zip(with_url, pool.map(held_by, with_url, repeat(log_keys)), strict=True):
            if held is not None:
                yield witness.name, held


def held_by(witness: Witness, log_keys: Sequence[Vkey]) -> VerifiedCheckpoint | None:
    """Ask a witness what it holds of this log; None where it holds nothing, or nothing that this log has signed."""
    assert witness.url is not None
    digest = sha256(log_keys[0].name.encode()).hexdigest()
    try:
        answer = ask(f"{witness.url.rstrip('/')}/{digest}/checkpoint")
        if answer.status == _FOUND:
            return read_held(answer.body, log_keys, witness)
    except ShangengError as error:
        _log.warning("witness %s was not asked what it holds: %s", witness.name, error)
        return None
    if answer.status != _NOT_FOUND:
        _log.warning("witness %s does not say what it holds: %d", witness.name, answer.status)
    return None


def _exported(folder: Path, log_keys: Sequence[Vkey]) -> VerifiedCheckpoint | None:
    try:
        return read_held((folder / NAME).read_bytes(), log_keys)
    except FileNotFoundError:
        return None
    except (OSError, ShangengError) as error:
        _log.warning("the checkpoint in %s proves nothing: %s", folder, error)
        return None
