"""Signed heads as others show them: the log's own, and what its witnesses publish. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime

from shangeng_trace.checkpoint import VerifiedCheckpoint, open_checkpoint
from shangeng_trace.errors import VerificationError
from shangeng_trace.note import SignatureLine, Vkey, split_note
from shangeng_trace.policy import Policy, is_quorum

AHEAD_SECONDS = 3600
"""A cosignature from further ahead than clocks differ is not believed."""


class WitnessSilent(VerificationError):
    """A witness publishes a checkpoint that it has not cosigned."""

    code = "monitor.witness_silent"
    zh = "上面没有它自己的有效签名。"
    en = "It lacks the witness's own signature."


def strangers(note: bytes | str, policy: Policy) -> list[str]:
    """Return the signatures in the log's own name by keys that the policy does not know, as `name+id`."""
    text, lines = split_note(note)
    origin = text.split("\n", 1)[0]
    known = {(log.vkey.name, log.vkey.id) for log in policy.logs}
    return sorted({named(line) for line in lines if line.name == origin and (line.name, line.key_id) not in known})


def signers(note: bytes | str) -> list[str]:
    """Return everybody who claims to have signed, as `name+id`."""
    return sorted({named(line) for line in split_note(note)[1]})


def named(line: SignatureLine) -> str:
    """Return a signature line's name and key id."""
    return f"{line.name}+{line.key_id.hex()}"


def is_fresh(policy: Policy, witnessed: Mapping[str, int], *, since: int, now: int) -> bool:
    """Whether cosignatures since then alone meet the quorum (POSIX seconds); those from ahead do not count.

    Where no quorum is asked for, any of the policy's witnesses is word enough: it may be the log's own clock.
    """
    fresh = {name: time for name, time in witnessed.items() if since <= time <= now + AHEAD_SECONDS}
    return bool(fresh) and is_quorum(policy, fresh)


def open_witnessed(note: bytes | str, *, origin: str, policy: Policy, witness: Vkey) -> VerifiedCheckpoint:
    """Open what a witness publishes: signed by the log and by that witness.

    Raises:
        WitnessSilent: its own signature is not there, or states no time.
        VerificationError: as `open_checkpoint`.
    """
    logs = [log.vkey for log in policy.logs if log.vkey.name == origin]
    opened = open_checkpoint(note, origin=origin, verifiers=[*logs, witness])
    if not opened.cosigned:
        raise WitnessSilent
    return opened


def cosigned_at(head: VerifiedCheckpoint, witness: Vkey) -> int:
    """Return when a witness says it saw a head (POSIX seconds); 0 where it does not."""
    return next((each.time for each in head.cosigned if each.by == witness and each.time), 0)


def moment(seconds: int) -> str:
    """Write what a witness says of the time, however far off."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, ValueError, OSError):
        return str(seconds)
