"""The log's side of witnessing: what it asks, what it believes of the answers, what it publishes (design 4.3).

Pure but for the queries; who speaks to witnesses over a network does so elsewhere.
"""

from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from sqlalchemy.exc import NoResultFound
from sqlmodel import Session, col, select

from shangeng_trace.checkpoint import VerifiedCheckpoint, open_checkpoint
from shangeng_trace.errors import MalformedError, VerificationError
from shangeng_trace.ledger import tile_reader
from shangeng_trace.log_tables import LedgerCheckpoint, LedgerState
from shangeng_trace.logtext import malformed, read_decimal, read_text, write_base64
from shangeng_trace.merkle import consistency_proof
from shangeng_trace.note import NoSignatureKnown, Vkey, open_note, split_note
from shangeng_trace.policy import Policy, Witness, is_quorum
from shangeng_trace.publishing import latest_checkpoint
from shangeng_trace.standstill import WritingStopped
from shangeng_trace.tiles import TileTree, node_reader
from shangeng_trace.watch import TOLERANCE, ClockDiffers
from shangeng_trace.witness_tables import CheckpointCosignature, WitnessedCheckpoint

FUTURE_SECONDS = 3600
"""A cosignature from further ahead than clocks differ is not believed."""


class NotCosigned(VerificationError):
    """A witness's answer holds no good cosignature of the checkpoint it was sent."""

    code = "trace.not_cosigned"
    zh = "见证方的回答里没有它对这个检查点的有效签名。"
    en = "The answer holds no good cosignature of this checkpoint ({what})."


class FromFuture(NotCosigned):
    """A witness's good cosignature states a time that is still to come."""

    code = "trace.cosigned_in_future"
    zh = "见证方签名的时间比本机时钟晚太多（{seconds} 秒）。"
    en = "The cosignature's time is too far ahead of this machine's clock ({seconds} s)."

    def __init__(self, *, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(seconds=seconds)


class RolledBack(WritingStopped):
    """Somebody outside holds a checkpoint, signed by this log's own key, that this database does not lead to."""

    code = "trace.rolled_back"
    zh = "数据库比外面知道的旧，或者被改写过：{who} 留有本日志签名的 {theirs} 条，数据库里是 {ours} 条，对不上。多半是恢复了旧备份。为了不让账本分叉，已停止记录和签名，只能查看和核验。请找回最新的数据库，再重新启动；找不回，就用新的日志名称另立账本，把 {who} 留下的检查点写进第一条。不要删掉这项核对。"
    en = "The database is older than what is known outside, or was rewritten: {who} holds a checkpoint of {theirs} entries signed by this log, which the {ours} entries here do not lead to. Most likely an old backup was restored. So that the log does not fork, nothing is recorded or signed; reading and verifying go on. Put back the newest database and start again; if there is none, found a log under a new name whose first entry records the checkpoint that {who} holds. Do not switch this check off."


class Standing(StrEnum):
    """How far a statement has come."""

    SIGNED = "signed"
    LOGGED = "logged"
    WITNESSED = "witnessed"


@dataclass(frozen=True, slots=True)
class Heads:
    """How far the log is signed, and how far witnessed, at one moment."""

    signed: LedgerCheckpoint | None
    witnessed: LedgerCheckpoint | None

    def standing(self, index: int) -> Standing:
        """Return how far the entry at `index` has come."""
        if self.witnessed is not None and index < self.witnessed.size:
            return Standing.WITNESSED
        if self.signed is not None and index < self.signed.size:
            return Standing.LOGGED
        return Standing.SIGNED


@dataclass(frozen=True, slots=True)
class Target:
    """A signed tree head to be cosigned, with the cosignatures of it that are known already."""

    size: int
    note: str
    cosigned: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """The note with every signature: a witness that forgot its own word is reminded of it."""
        return self.note + "".join(self.cosigned)


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A good cosignature: of which size, by whom, the line itself, and the time it states (POSIX seconds)."""

    size: int
    witness: Witness
    line: str
    time: int = 0


def write_request(target: Target, old: int, proof: Iterable[bytes]) -> bytes:
    """Return the body of an add-checkpoint request (C2SP tlog-witness)."""
    lines = [f"old {old}", *map(write_base64, proof)]
    return ("".join(f"{line}\n" for line in lines) + "\n" + target.whole).encode()


def read_size(body: bytes) -> int:
    """Read the size in a witness's 409; raises `LogTextMalformed`."""
    text = read_text(body, "size of a witness")
    if not text.endswith("\n"):
        malformed("size of a witness")
    return read_decimal(text[:-1], "size of a witness")


def read_cosignature(target: Target, body: bytes, witness: Witness, *, now: int) -> Cosigned:
    """Return a witness's own good cosignature from its answer; lines by other keys are ignored.

    Raises `NotCosigned`, `FromFuture`, or what a note that cannot be read raises.
    """
    note = target.note + read_text(body, "answer of a witness")
    # A key and a name of the witness are known together only: other lines are not looked at.
    (signed,) = open_note(note, [witness.vkey]).signed
    if not signed.time:
        raise NotCosigned(what="time")
    if signed.time > now + FUTURE_SECONDS:
        raise FromFuture(seconds=signed.time - now)
    mine = [line for line in split_note(note)[1] if (line.name, line.key_id) == (witness.vkey.name, witness.vkey.id)]
    # Each was checked; the field begins with the time, big-endian.
    return Cosigned(target.size, witness, str(max(mine, key=lambda line: line.signature)), signed.time)


def prove(session: Session, old: int, size: int) -> list[bytes]:
    """Return the proof that the tree of `size` entries continues that of `old`."""
    return consistency_proof(old, size, node_reader(tile_reader(session), size))


def target_of(session: Session, checkpoint: LedgerCheckpoint) -> Target:
    """Return a signed head with the cosignatures kept of it."""
    kept = select(CheckpointCosignature.line).where(CheckpointCosignature.size == checkpoint.size)
    return Target(checkpoint.size, checkpoint.note, tuple(sorted(session.exec(kept))))


def keep(session: Session, policy: Policy, found: Sequence[Cosigned]) -> int | None:
    """Keep cosignatures, and publish each head that meets the quorum with all of its own; return the largest such size.

    Inside the writer's transaction. The lines have been verified (`read_cosignature`).
    """
    for each in found:
        session.merge(CheckpointCosignature(size=each.size, witness=_key(each.witness.vkey), line=each.line))
    session.flush()
    met: int | None = None
    for size in sorted({each.size for each in found}):
        rows = session.exec(select(CheckpointCosignature).where(CheckpointCosignature.size == size))
        lines = {row.witness: row.line for row in rows}
        known = {each.name: lines[_key(each.vkey)] for each in policy.witnesses if _key(each.vkey) in lines}
        # Names alone count here; the number stands for a time that the quorum does not look at.
        if is_quorum(policy, dict.fromkeys(known, 1)):
            signed = session.get_one(LedgerCheckpoint, size)
            session.merge(WitnessedCheckpoint(size=size, note=signed.note + "".join(known.values())))
            met = size
    return met


def largest_cosigned(session: Session, witness: Witness) -> int:
    """Return the size of the largest tree that a witness is known to have cosigned; 0 where none."""
    sizes = (
        select(CheckpointCosignature.size)
        .where(CheckpointCosignature.witness == _key(witness.vkey))
        .order_by(col(CheckpointCosignature.size).desc())
        .limit(1)
    )
    return session.exec(sizes).one_or_none() or 0


def witnessed_checkpoint(session: Session) -> LedgerCheckpoint | None:
    """Return the newest tree head that met the quorum, its note with all cosignatures; not a row of the session."""
    found = session.exec(
        select(WitnessedCheckpoint.note, LedgerCheckpoint.root, LedgerCheckpoint.size)
        .join(LedgerCheckpoint, col(LedgerCheckpoint.size) == col(WitnessedCheckpoint.size))
        .order_by(col(WitnessedCheckpoint.size).desc())
        .limit(1)
    ).one_or_none()
    return None if found is None else LedgerCheckpoint(note=found[0], root=found[1], size=found[2])


def published_checkpoint(session: Session, *, witnessed: bool) -> LedgerCheckpoint | None:
    """Return the head that the log publishes: where it has witnesses the newest witnessed one, else the newest signed."""
    return witnessed_checkpoint(session) if witnessed else latest_checkpoint(session)


def read_heads(session: Session) -> Heads:
    """Return the newest heads as they are now."""
    return Heads(latest_checkpoint(session), witnessed_checkpoint(session))


def standing_of(session: Session, index: int) -> Standing:
    """Return how far the entry at `index` has come."""
    return read_heads(session).standing(index)


def witness_times(checkpoint: LedgerCheckpoint | None, policy: Policy) -> Mapping[str, int]:
    """Return who has cosigned a published head and when (POSIX seconds), by the policy's names; nobody for None."""
    if checkpoint is None:
        return {}
    names = {witness.vkey: witness.name for witness in policy.witnesses}
    try:
        opened = open_note(checkpoint.note, names)
    except NoSignatureKnown:
        return {}
    return {names[each.by]: each.time for each in opened.signed if each.by in names and each.time}


def clock_apart(policy: Policy, ahead: Mapping[str, float], *, age: float = 0) -> ClockDiffers | None:
    """Return what to say where this machine's clock is not that of most witnesses; None where it is.

    `ahead` holds by how many seconds it is ahead of what each has said, which may be `age` seconds old. One alone is
    never believed, and neither are fewer than the quorum: a liar would hold the log up.
    """
    apart = {name: seconds for name, seconds in ahead.items() if not _is_near(seconds, age)}
    if not _are_most(apart, ahead) or not is_quorum(policy, dict.fromkeys(apart, 1)):
        return None
    return ClockDiffers(minutes=round(abs(median(apart.values())) / 60), who="、".join(sorted(apart)))


def clock_is_shared(ahead: Mapping[str, float]) -> bool:
    """Whether most witnesses, and more than one, show this machine's time: until then a doubt about it stands."""
    return _are_most([name for name, seconds in ahead.items() if _is_near(seconds)], ahead)


def _is_near(seconds: float, age: float = 0) -> bool:
    limit = TOLERANCE.total_seconds()
    return -limit <= seconds <= limit + age


def _are_most(some: Sized, every: Sized) -> bool:
    return 2 * len(some) > max(len(every), 2)


def refuse_rollback(session: Session, known: Mapping[str, VerifiedCheckpoint]) -> None:
    """Raise `RolledBack` where somebody holds a head of this log that the database does not lead to.

    `known` holds heads that this log's own key has signed, by who holds them.
    """
    state = session.exec(select(LedgerState)).one()
    for who, theirs in known.items():
        if theirs.size > state.size or stored_root(session, theirs.size) != theirs.root:
            raise RolledBack(who=who, theirs=theirs.size, ours=state.size)


def read_held(note: bytes, log_keys: Sequence[Vkey], witness: Witness | None = None) -> VerifiedCheckpoint:
    """Read a checkpoint that somebody holds, signed by a key the log has or had and, from a witness, by that too.

    Raises `VerificationError`s; `NotCosigned` where the witness's own signature is missing.
    """
    verifiers = [*log_keys] if witness is None else [*log_keys, witness.vkey]
    opened = open_checkpoint(note, origin=log_keys[0].name, verifiers=verifiers)
    if witness is not None and not opened.cosigned:
        raise NotCosigned(what="published checkpoint")
    return opened


def stored_root(session: Session, size: int) -> bytes | None:
    """Return the root of the first `size` entries by the stored tiles, or None where they do not reach so far."""
    try:
        return TileTree.load(tile_reader(session), size).root()
    except (NoResultFound, MalformedError):
        return None


def _key(vkey: Vkey) -> str:
    return f"{vkey.name}+{vkey.id.hex()}"
