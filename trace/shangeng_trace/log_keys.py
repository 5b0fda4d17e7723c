"""The keys that sign the log's heads: one at a time, two while one takes over from the other.

Which keys sign a head follows from its size alone: those whose stretch of sizes it is in. So every process signs with
the same ones from the same entry on, and an audit knows of every stored head who must have signed it. Private halves
are custody keys like any other; public halves stay known for good.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, Session, col, select

from shangeng_trace.batch_tables import LedgerKey
from shangeng_trace.canonical import Document, load_statement
from shangeng_trace.columns import Table
from shangeng_trace.entry import Kind, Receipt
from shangeng_trace.errors import ConflictError, NotFoundError
from shangeng_trace.keyring import LOG_KEY_ID, CustodyKey, Keyring
from shangeng_trace.keys import SigningKey, VerifyKey
from shangeng_trace.ledger import append
from shangeng_trace.log_notice import TYPE, LogNotice, Said
from shangeng_trace.log_tables import LedgerLink, LedgerStatement
from shangeng_trace.note import SignatureType, Vkey, parse_vkey
from shangeng_trace.statements import Signer, seal

LONGEST_VKEY = 330


@dataclass(frozen=True, slots=True)
class Term:
    """A key of the log, and the sizes of the heads that bear its signature."""

    vkey: Vkey
    first_size: int = 0
    last_size: int | None = None

    def signs(self, size: int) -> bool:
        """Whether a head of this size bears this key's signature."""
        return self.first_size <= size and (self.last_size is None or size <= self.last_size)


class LogKey(Table, table=True):
    """A key of the log and the sizes of the heads that it signs: from `first_size` to `last_size`, both included.

    `last_size` None: it signs on. The private half is the custody key of the same id, as long as that is kept.
    """

    id: str = Field(primary_key=True, max_length=16)
    vkey: str = Field(max_length=LONGEST_VKEY)
    first_size: int = Field(sa_type=BigInteger)
    last_size: int | None = Field(default=None, sa_type=BigInteger)

    def term(self) -> Term:
        """Return the key and its term; raises `LogTextMalformed` for a row that somebody has changed."""
        return Term(parse_vkey(self.vkey), self.first_size, self.last_size)


class LogKeyPending(ConflictError):
    """A new key is taking over already."""

    code = "trace.log_key_pending"
    zh = "新的日志密钥已经在用了。请先让旧的退役（shangeng log key retire），再换下一把。"
    en = "A new log key is in use already. Retire the old one first (shangeng log key retire)."


class LogKeyAlone(ConflictError):
    """The only key cannot go."""

    code = "trace.log_key_alone"
    zh = "现在只有一把日志密钥，不能退役。请先启用新的：shangeng log key next。"
    en = "The log has one key alone, which cannot be retired. Bring in a new one first: shangeng log key next."


class LogKeyUnseen(ConflictError):
    """Nobody outside has seen the new key's signature yet."""

    code = "trace.log_key_unseen"
    zh = "对外公布的检查点还没有新密钥的签名。请等它公布出来（有见证方时要等见证方签过）再退役旧的。"
    en = "The published checkpoint does not bear the new key's signature yet. Wait until it does (with witnesses, until they have cosigned it) before retiring the old one."


class LogKeyInUse(ConflictError):
    """A private half that still signs cannot be destroyed."""

    code = "trace.log_key_in_use"
    zh = "日志密钥 {key} 还在签名，不能销毁。请先退役：shangeng log key retire。"
    en = "The log key {key} still signs and cannot be destroyed. Retire it first: shangeng log key retire."


class LogKeyUnknown(NotFoundError):
    """There is no log key of this id, or its private half is gone."""

    code = "trace.log_key_unknown"
    zh = "没有这把日志密钥，或者它的私钥已经销毁：{key}。"
    en = "There is no such log key, or its private half is destroyed already: {key}."


class LogKeyring:
    """The log's private keys in one process, each unwrapped once and let go with its term."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._held: dict[str, SigningKey] = {}

    def __call__(self, session: Session, size: int) -> list[SigningKey]:
        """Return the keys that sign a head of `size` entries, the older first; raises `KeyUnknown`, `CustodyError`."""
        signing = [row.id for row in log_keys(session) if row.term().signs(size)]
        held = self._held
        self._held = {key_id: held.get(key_id) or self._keyring.private(session, key_id) for key_id in signing}
        return list(self._held.values())


def log_keys(session: Session) -> Sequence[LogKey]:
    """Return every key the log has had, in order."""
    return session.exec(select(LogKey).order_by(col(LogKey.first_size))).all()


def every_vkey(session: Session) -> tuple[Vkey, ...]:
    """Return the public halves of all keys the log has had, retired ones too."""
    return tuple(parse_vkey(row.vkey) for row in log_keys(session))


def signing_vkeys(session: Session) -> tuple[Vkey, ...]:
    """Return the public halves of the keys that sign now: one, or two during a change."""
    return tuple(parse_vkey(row.vkey) for row in log_keys(session) if row.last_size is None)


def found_log_key(session: Session, keyring: Keyring, origin: str) -> None:
    """Make the log's first key, or make known one that stands in custody from before there could be two."""
    if log_keys(session):
        return
    kept = session.get(CustodyKey, LOG_KEY_ID)
    public = keyring.create(session, LOG_KEY_ID).public if kept is None else VerifyKey.from_multikey(kept.public)
    session.add(LogKey(id=LOG_KEY_ID, vkey=str(Vkey(origin, SignatureType.ED25519, public.raw)), first_size=0))
    session.flush()


def next_log_key(session: Session, keyring: Keyring, platform: str, origin: str, *, moment: datetime) -> LogKey:
    """Bring in a new key, which signs beside the old one from this entry on. Raises `LogKeyPending`."""
    known = log_keys(session)
    if sum(row.last_size is None for row in known) > 1:
        raise LogKeyPending
    key_id = f"{LOG_KEY_ID}-{len(known) + 1}"
    vkey = Vkey(origin, SignatureType.ED25519, keyring.create(session, key_id).public.raw)
    notice = LogNotice(origin, Said.KEY_NEXT, vkey=vkey)
    receipt = give_notice(session, keyring.signer(session, platform), platform, notice, moment=moment)
    row = LogKey(id=key_id, vkey=str(vkey), first_size=receipt.index + 1)
    session.add(row)
    session.flush()
    return row


def retire_log_key(
    session: Session, keyring: Keyring, platform: str, origin: str, *, published: int, moment: datetime
) -> LogKey:
    """Let the older key go: it signs no head over this entry. `published` is the size of the published head.

    Raises `LogKeyAlone`, and `LogKeyUnseen` while the published head lacks the newer key's signature.
    """
    signing = [row for row in log_keys(session) if row.last_size is None]
    if len(signing) < 2:  # noqa: PLR2004 - one goes and one stays
        raise LogKeyAlone
    old, new = signing
    if not new.term().signs(published):
        raise LogKeyUnseen
    notice = LogNotice(origin, Said.KEY_RETIRED, vkey=parse_vkey(old.vkey))
    old.last_size = give_notice(session, keyring.signer(session, platform), platform, notice, moment=moment).index
    session.add(old)
    session.flush()
    return old


def destroy_log_key(session: Session, key_id: str) -> None:
    """Forget the private half of a retired key for good. Raises `LogKeyUnknown` or `LogKeyInUse`."""
    row, kept = session.get(LogKey, key_id), session.get(CustodyKey, key_id)
    if row is None or kept is None:
        raise LogKeyUnknown(key=key_id)
    if row.last_size is None:
        raise LogKeyInUse(key=key_id)
    kept.wrapped = bytes(len(kept.wrapped))  # what the file keeps of a deleted row is then nothing
    session.add(kept)
    session.flush()
    session.delete(kept)
    session.flush()


def platform_statements(session: Session) -> tuple[str | None, Sequence[tuple[int, bytes | None]]]:
    """Return who the platform is, and the index and bytes of every statement in its chain: all notices are there."""
    # An audit reads rows that somebody may have changed: then there may be two, and it says so elsewhere.
    first = session.exec(
        select(LedgerKey.controller).where(LedgerKey.registered_index == 0).order_by(LedgerKey.id)
    ).first()
    rows = session.exec(
        select(LedgerLink.index, LedgerStatement.body)
        .join(LedgerStatement, col(LedgerStatement.index) == col(LedgerLink.index))
        .where(LedgerLink.chain == f"member:{first}")
        .order_by(col(LedgerLink.seq))
    )
    return first, rows.all()


def notices(session: Session) -> list[tuple[int, Document]]:
    """Return every notice of the log as it was signed, with its index, in log order."""
    _, rows = platform_statements(session)
    documents = ((index, load_statement(body)) for index, body in rows if body is not None)
    return [(index, document) for index, document in documents if document.get("type") == TYPE]


def give_notice(session: Session, signer: Signer, platform: str, notice: LogNotice, *, moment: datetime) -> Receipt:
    """Write into the log what the operator says of it."""
    sealed = seal(notice.document(), signer, created=moment)
    return append(session, kind=Kind.STATUS, digest=sealed.digest, body=sealed.body, chains=[f"member:{platform}"])
