"""Trust policies: which logs are known, which witnesses, and how many of them must agree (C2SP tlog-policy).

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> <k|any|all> <name>…
    quorum <name|none>

A policy is what a verifier brings along; nothing in the evidence can widen it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shangeng_trace.checkpoint import VerifiedCheckpoint, WrongOrigin, open_checkpoint, parse_checkpoint
from shangeng_trace.errors import VerificationError
from shangeng_trace.logtext import LogTextMalformed, malformed, read_decimal, read_text
from shangeng_trace.note import SignatureType, Vkey, parse_vkey, split_note

NONE = "none"
"""The quorum that asks for no witness; no witness or group can have this name."""

_REFUSED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BLANK = re.compile(r"[ \t]+")
_WORD = re.compile(r"[^\x00-\x20\x7f]+")
_LOG_TYPES = {SignatureType.ED25519, SignatureType.ML_DSA_44}
_WITNESS_TYPES = {SignatureType.COSIGNATURE, SignatureType.ML_DSA_44}


class LogNotKnown(VerificationError):
    """The policy names no log of the checkpoint's origin."""

    code = "trace.log_not_known"
    zh = "这本账本不在信任名单里。"
    en = "The trust policy does not know this log."


class PolicyLineWrong(LogTextMalformed):
    """A line of a policy file is not in its format, or refers to what no line before it has defined."""

    code = "trace.policy_line_wrong"
    zh = "信任名单第 {number} 行看不懂。"
    en = "Line {number} of the trust policy cannot be read."


class QuorumNotMet(VerificationError):
    """Fewer witnesses have cosigned than the policy asks for."""

    code = "trace.quorum_not_met"
    zh = "见证方的签名还不够：现有 {count} 个。"
    en = "Too few witnesses have signed so far: {count}."


@dataclass(frozen=True, slots=True)
class Log:
    """A known log: its key, whose name is the log's origin, and perhaps where it is."""

    vkey: Vkey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A known witness under the name this policy gives it."""

    name: str
    vkey: Vkey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A group counts as a witness itself once `threshold` of its members do."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy; `quorum` names a witness or a group, or is "none".

    Raises:
        LogTextMalformed: a name, key, threshold or reference breaks the rules of tlog-policy.
    """

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str = NONE

    def __post_init__(self) -> None:
        defined = {NONE}
        members: set[str] = set()
        for name in [witness.name for witness in self.witnesses] + [group.name for group in self.groups]:
            if name in defined or not _WORD.fullmatch(name):
                malformed("name in the policy")
            defined.add(name)
        usable = {witness.name for witness in self.witnesses}
        for group in self.groups:
            if not usable.issuperset(group.members):
                malformed("group with an unknown member")
            if members.intersection(group.members) or len(set(group.members)) != len(group.members):
                malformed("group member counted twice")
            if not 1 <= group.threshold <= len(group.members):
                malformed("threshold of a group")
            usable.add(group.name)
            members.update(group.members)
        if self.quorum not in defined:
            malformed("quorum")
        _check_keys([log.vkey for log in self.logs], _LOG_TYPES)
        _check_keys([witness.vkey for witness in self.witnesses], _WITNESS_TYPES)
        if not all(url is None or _WORD.fullmatch(url) for url in self._urls()):
            malformed("URL in the policy")

    def _urls(self) -> list[str | None]:
        return [log.url for log in self.logs] + [witness.url for witness in self.witnesses]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy says of a checkpoint that one of its logs has signed.

    `witnessed` holds, by the policy's names, when each witness says it saw this tree (POSIX seconds).
    """

    checkpoint: VerifiedCheckpoint
    witnessed: Mapping[str, int]
    quorum_met: bool


def parse_policy(data: bytes | str) -> Policy:
    """Read a policy file. Names and comments must be UTF-8.

    Raises:
        PolicyLineWrong: a line is not in its format, or refers to what no line before it has defined.
        LogTextMalformed: not a policy in another way.
    """
    read = _Lines()
    for number, line in enumerate(read_text(data, "policy", refused=None).split("\n"), start=1):
        try:
            read.take(line)
        except LogTextMalformed as error:
            raise PolicyLineWrong(number=number) from error
    if not read.quorums:
        malformed("policy without quorum")
    return Policy(tuple(read.logs), tuple(read.witnesses), tuple(read.groups), read.quorums[0])


class _Lines:
    """What the lines of a policy file have defined so far."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: list[Witness] = []
        self.groups: list[Group] = []
        self.quorums: list[str] = []
        self._defined = {NONE}

    def take(self, line: str) -> None:
        """Read one more line; raises `LogTextMalformed`."""
        if _REFUSED.search(line):
            malformed("policy line")
        match _BLANK.split(line.strip(" \t")):
            case [first, *_] if not first or first.startswith("#"):
                return
            case ["log", vkey, *url] if len(url) <= 1:
                self.logs.append(Log(parse_vkey(vkey), *url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self.witnesses.append(Witness(name, parse_vkey(vkey), *url))
                self._defined.add(name)
            case ["group", name, threshold, *members] if members and self._defined.issuperset(members):
                self.groups.append(Group(name, _read_threshold(threshold, len(members)), tuple(members)))
                self._defined.add(name)
            case ["quorum", name] if name in self._defined and not self.quorums:
                self.quorums.append(name)
            case _:
                malformed("policy line")


def format_policy(policy: Policy) -> str:
    """Return the policy file."""
    lines = [["log", str(log.vkey), log.url] for log in policy.logs]
    lines += [["witness", witness.name, str(witness.vkey), witness.url] for witness in policy.witnesses]
    lines += [["group", group.name, str(group.threshold), *group.members] for group in policy.groups]
    lines += [["quorum", policy.quorum]]
    return "".join(" ".join(word for word in line if word is not None) + "\n" for line in lines)


def evaluate(policy: Policy, note: bytes | str, *, origin: str | None = None) -> Verdict:
    """Check a signed checkpoint against a policy, and against `origin` where one log is expected.

    A verdict means that the log's signature holds; whether enough witnesses agree is in it.

    Raises:
        LogNotKnown: the policy has no log of that origin.
        VerificationError: as `open_checkpoint`.
    """
    stated = parse_checkpoint(split_note(note)[0]).origin
    if origin not in (None, stated):
        raise WrongOrigin
    logs = [log.vkey for log in policy.logs if log.vkey.name == stated]
    if not logs:
        raise LogNotKnown
    names = {witness.vkey: witness.name for witness in policy.witnesses}
    checkpoint = open_checkpoint(note, origin=stated, verifiers=[*logs, *names])
    witnessed = {names[each.by]: each.time for each in checkpoint.cosigned if each.time}
    return Verdict(checkpoint, witnessed, is_quorum(policy, witnessed))


def verify(policy: Policy, note: bytes | str, *, origin: str | None = None) -> Verdict:
    """As `evaluate`, and the policy's quorum must be met.

    Raises:
        QuorumNotMet: it is not.
        VerificationError: as `evaluate`.
    """
    verdict = evaluate(policy, note, origin=origin)
    if not verdict.quorum_met:
        raise QuorumNotMet(count=len(verdict.witnessed))
    return verdict


def is_quorum(policy: Policy, witnessed: Mapping[str, int]) -> bool:
    """Whether the witnesses named suffice for the policy."""
    met = {NONE, *witnessed}
    for group in policy.groups:  # a group stands after its members, so one pass settles nested ones
        if sum(member in met for member in group.members) >= group.threshold:
            met.add(group.name)
    return policy.quorum in met


def _check_keys(vkeys: list[Vkey], types: set[SignatureType]) -> None:
    if any(vkey.type not in types for vkey in vkeys):
        malformed("type of a key in the policy")
    if len({vkey.key for vkey in vkeys}) != len(vkeys):
        malformed("key that stands twice in the policy")


def _read_threshold(word: str, members: int) -> int:
    match word:
        case "any":
            return 1
        case "all":
            return members
        case _:
            return read_decimal(word, "threshold of a group")
