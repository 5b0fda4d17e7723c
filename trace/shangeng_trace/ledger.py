"""Appending to the ledger: chains, entries, the tree and its tiles, inside the writer's one transaction (design 4.3).

A `Ledger` keeps the right edge of the tree between transactions; a `Group` holds what one transaction appends and
writes it in bulk at its end, so that a hundred statements cost a handful of SQL statements. A command that fails is
cut out of the group with `mark` and `rollback`, as its savepoint cuts it out of the tables.

The order that survives a crash: everything of a group is in one transaction, so it is there or it is not; a
checkpoint is signed only over what a committed transaction holds (`shangeng_trace.publishing`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Table as SqlTable
from sqlalchemy import bindparam
from sqlalchemy.exc import NoResultFound
from sqlmodel import Session, SQLModel, col, select, update

from shangeng_trace.bulk import insert_rows, upsert_rows
from shangeng_trace.clock import Clock, now
from shangeng_trace.driving import ask, change
from shangeng_trace.entry import FIRST_PREV, MAX_ENTRY_BYTES, Kind, Link, Receipt, entry_bytes, load_entry
from shangeng_trace.errors import ConflictError, MalformedError, RejectedError
from shangeng_trace.log_tables import LedgerChain, LedgerEntry, LedgerLink, LedgerState, LedgerStatement, LedgerTile
from shangeng_trace.merkle import EMPTY_ROOT, leaf_hash
from shangeng_trace.standstill import LogFrozen, Standstill, WritingStopped
from shangeng_trace.tiles import TileReader, TileTree
from shangeng_trace.watch import Watch

_GROUP = "ledger.group"

_MOST_HEADS = 20_000
"""Ends of chains that are remembered between groups, a few hundred bytes each."""

# Asked for every statement, so built once.
_HEADS = select(LedgerChain.id, LedgerChain.length, LedgerChain.head).where(
    col(LedgerChain.id).in_(bindparam("ids", expanding=True))
)
_KNOWN = (
    select(LedgerStatement.digest, LedgerEntry.index, LedgerEntry.body)
    .join(LedgerEntry, col(LedgerEntry.index) == col(LedgerStatement.index))
    .where(col(LedgerStatement.digest).in_(bindparam("ids", expanding=True)))
)
_MOVE = update(LedgerState).where(
    col(LedgerState.size) == bindparam("seen_size"), col(LedgerState.root) == bindparam("seen_root")
)


class LogChanged(WritingStopped):
    """The log's state is not what this process last saw inside its own transaction: stop rather than fork."""

    code = "trace.log_changed"
    zh = "账本状态异常，已停止写入，没有保存。请联系平台维护人员。"
    en = "The ledger is not in the expected state; writing has stopped and nothing was saved. Please tell the operator."


class OriginDiffers(ConflictError):
    """The database belongs to a log of another name."""

    code = "trace.origin_differs"
    zh = "这个数据库属于日志“{stored}”，与设置中的“{configured}”不同。"
    en = "This database holds the log “{stored}”, but the settings say “{configured}”."


class StatementTooLong(RejectedError):
    """The entry would not fit the log's format."""

    code = "trace.statement_too_long"
    zh = "这条记录涉及的批次太多，请分几次记。"
    en = "This record touches too many batches. Please log it in several parts."


@dataclass(slots=True)
class Group:
    """What one transaction appends; only `append`, `Ledger` and the writer touch it."""

    session: Session
    origin: str
    size: int
    root: bytes
    time: datetime
    standstill: Standstill
    frozen_index: int | None = None
    continues: bool = False
    """Whether the log is where this process left it: nobody else has written what only entries change."""
    statements: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    entries: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    leaves: list[bytes] = field(default_factory=list[bytes])
    links: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    heads: dict[str, tuple[int, bytes]] = field(default_factory=dict[str, tuple[int, bytes]])
    undo: list[tuple[str, tuple[int, bytes] | None]] = field(default_factory=list[tuple[str, tuple[int, bytes] | None]])
    receipts: dict[str, Receipt] = field(default_factory=dict[str, Receipt])
    stored_heads: dict[str, tuple[int, bytes] | None] = field(default_factory=dict[str, tuple[int, bytes] | None])
    stored_receipts: dict[str, Receipt | None] = field(default_factory=dict[str, Receipt | None])
    """What the tables held as the group began, as far as somebody has asked, now or since the log was left."""

    def mark(self) -> tuple[int, int, int]:
        """Remember where the group stands before a command."""
        return len(self.entries), len(self.links), len(self.undo)

    def rollback(self, mark: tuple[int, int, int]) -> None:
        """Forget everything appended since `mark`."""
        entries, links, undo = mark
        for row in self.statements[entries:]:
            del self.receipts[row["digest"]]
        del self.statements[entries:], self.entries[entries:], self.leaves[entries:], self.links[links:]
        while len(self.undo) > undo:
            chain, head = self.undo.pop()
            if head is None:
                del self.heads[chain]
            else:
                self.heads[chain] = head

    def head(self, chain: str) -> tuple[int, bytes] | None:
        """Return a chain's length and head as the next append will see them, or None where it is empty."""
        if chain in self.heads:
            return self.heads[chain]
        self.look_at(chains=[chain])
        return self.stored_heads[chain]

    def receipt(self, digest: str) -> Receipt | None:
        """Return the receipt of a statement already appended, marked as repeated, or None."""
        if (mine := self.receipts.get(digest)) is not None:
            return Receipt(mine.digest, mine.index, mine.time, mine.links, repeated=True)
        self.look_at(digests=[digest])
        return self.stored_receipts[digest]

    def look_at(self, *, chains: Iterable[str] = (), digests: Iterable[str] = ()) -> None:
        """Ask the tables, in one question each, for what will be asked of these chains and statements."""
        if unseen := [chain for chain in chains if chain not in self.stored_heads]:
            heads = ask(self.session.connection(), _HEADS, unseen)
            self.stored_heads |= dict.fromkeys(unseen)  # not before: a question that fails has answered nothing
            for chain, length, head in heads:
                self.stored_heads[chain] = length, head
        if unknown := [digest for digest in digests if digest not in self.stored_receipts]:
            known = ask(self.session.connection(), _KNOWN, unknown)
            self.stored_receipts |= dict.fromkeys(unknown)
            for digest, index, body in known:
                self.stored_receipts[digest] = receipt_of(index, body)

    def know_new(self, digests: Iterable[str]) -> None:
        """Hear from somebody who has looked elsewhere that the tables hold no such statements."""
        for digest in digests:
            self.stored_receipts.setdefault(digest, None)

    def next_link(self, chain: str) -> Link:
        """Return the link an entry gets that is appended to `chain` now."""
        head = self.head(chain)
        return Link(chain, 0, FIRST_PREV) if head is None else Link(chain, head[0], head[1].hex())

    def set_head(self, chain: str, head: tuple[int, bytes]) -> None:
        """Move a chain's end, remembering how to take it back."""
        self.undo.append((chain, self.heads.get(chain)))
        self.heads[chain] = head


class Ledger:
    """The log of one origin; keeps the tree's right edge in memory between transactions of this process."""

    def __init__(self, origin: str, *, clock: Clock = now, watch: Watch | None = None) -> None:
        self.origin = origin
        self.watch = watch or Watch(clock)
        self.standstill = Standstill()
        self._state = table(LedgerState).select().with_for_update()
        self._tree: TileTree | None = None
        self._root = EMPTY_ROOT
        self._seen = 0
        self._left: tuple[int, bytes] | None = None
        """Size and root that the last group of this process wrote."""
        self._heads: dict[str, tuple[int, bytes] | None] = {}
        """The ends of chains, as far as known, while the log is where it was left."""

    def create(self, session: Session) -> None:
        """Write the state of an empty log; raises `OriginDiffers` where the database holds another log."""
        state = session.get(LedgerState, 1)
        if state is None:
            session.add(LedgerState(origin=self.origin, size=0, root=EMPTY_ROOT, time=self.watch.clock()))
            session.flush()
        elif state.origin != self.origin:
            raise OriginDiffers(stored=state.origin, configured=self.origin)

    def begin(self, session: Session) -> Group:
        """Take the writers' turn: lock the state row (several processes on PostgreSQL queue here) and open a group."""
        [(_, origin, size, root, time, frozen_index, kept_time)] = ask(session.connection(), self._state)
        if origin != self.origin:
            raise OriginDiffers(stored=origin, configured=self.origin)
        if size < max(self._seen, 0 if self._tree is None else self._tree.size):
            raise LogChanged  # an older database was put in place of the one this process has seen
        self._seen = size
        if frozen_index is not None:
            self.standstill.stop(LogFrozen(index=frozen_index))
        moment = self.watch.look(time, kept_time, self.standstill)
        continues = self._left == (size, root)
        if not continues or len(self._heads) > _MOST_HEADS:
            self._heads = {}
        group = Group(
            session,
            origin,
            size,
            root,
            moment,
            self.standstill,
            frozen_index,
            continues,
            stored_heads=self._heads,
        )
        session.info[_GROUP] = group
        return group

    def flush(self, group: Group) -> None:
        """Write everything the group appended; the caller commits, and calls `forget` where that fails."""
        if not group.entries:
            return
        tree = self._edge(group)
        tree.append(group.leaves)
        root, size, session = tree.root(), group.size + len(group.leaves), group.session
        session.flush()
        connection = session.connection()
        insert_rows(connection, table(LedgerStatement), group.statements)
        insert_rows(connection, table(LedgerEntry), group.entries)
        insert_rows(connection, table(LedgerLink), group.links)
        heads = [{"id": chain, "length": length, "head": head} for chain, (length, head) in group.heads.items()]
        upsert_rows(connection, table(LedgerChain), heads)
        tiles = [{"level": level, "number": n, "hashes": hashes} for (level, n), hashes in tree.changed().items()]
        upsert_rows(connection, table(LedgerTile), tiles)
        seen = {"seen_size": group.size, "seen_root": group.root}
        if change(connection, _MOVE, {**seen, "size": size, "root": root, "time": group.time}) != 1:
            raise LogChanged
        self._root, self._left = root, (size, root)
        self._heads |= group.heads

    def forget(self) -> None:
        """Drop what is kept in memory; the next group reads the tree's edge and all else from the tables again."""
        self._tree = self._left = None

    def _edge(self, group: Group) -> TileTree:
        if self._tree is None or self._tree.size != group.size or self._root != group.root:
            try:
                tree = TileTree.load(tile_reader(group.session), group.size)
            except (NoResultFound, MalformedError) as exc:
                raise LogChanged from exc
            if tree.root() != group.root:
                raise LogChanged
            self._tree, self._root = tree, group.root
        return self._tree


def append(session: Session, *, kind: Kind, digest: str, body: bytes, chains: Iterable[str]) -> Receipt:
    """Append one statement to its chains and the log; repeating a digest gives the receipt it already has.

    The session must be inside the writer's transaction. The caller has verified the statement's signature.
    """
    group = group_of(session)
    if (known := group.receipt(digest)) is not None:
        return known
    if group.frozen_index is not None:
        raise LogFrozen(index=group.frozen_index)
    group.standstill.must_append()
    links = tuple(group.next_link(chain) for chain in dict.fromkeys(chains))
    entry = entry_bytes(origin=group.origin, kind=kind, digest=digest, time=group.time, links=links)
    if len(entry) > MAX_ENTRY_BYTES:
        raise StatementTooLong
    index, leaf = group.size + len(group.entries), leaf_hash(entry)
    for link in links:
        group.set_head(link.chain, (link.seq + 1, leaf))
        group.links.append({"chain": link.chain, "seq": link.seq, "index": index})
    group.statements.append({"index": index, "digest": digest, "body": body})
    group.entries.append({"index": index, "body": entry})
    group.leaves.append(leaf)
    receipt = group.receipts[digest] = Receipt(digest, index, group.time, links)
    return receipt


def group_of(session: Session) -> Group:
    """Return the group of the writer's transaction that `session` is in."""
    group: Group = session.info[_GROUP]
    return group


def moment_of(session: Session) -> datetime:
    """Return the time of an entry appended through `session` now; the present, where it is not the writer's."""
    group: Group | None = session.info.get(_GROUP)
    return now() if group is None else group.time


def next_index(session: Session) -> int:
    """Return the index of an entry appended through `session` now."""
    group = group_of(session)
    return group.size + len(group.entries)


def find_receipt(session: Session, digest: str) -> Receipt | None:
    """Return the receipt of a statement already appended, marked as repeated, or None."""
    return group_of(session).receipt(digest)


def find_statement(session: Session, digest: str) -> bytes | None:
    """Return a statement's canonical bytes, also of one appended in this transaction; None where it is withheld."""
    for row in group_of(session).statements:
        if row["digest"] == digest:
            body: bytes = row["body"]
            return body
    return session.exec(select(LedgerStatement.body).where(LedgerStatement.digest == digest)).one_or_none()


def receipt_of(index: int, body: bytes) -> Receipt:
    """Return the receipt of a stored entry, marked as repeated."""
    entry = load_entry(body)
    return Receipt(entry.digest, index, entry.time, entry.links, repeated=True)


def tile_reader(session: Session) -> TileReader:
    """Return a reader of the stored tiles; it raises `NoResultFound` where one is missing."""

    def read(level: int, number: int) -> bytes:
        return session.exec(
            select(LedgerTile.hashes).where(LedgerTile.level == level, LedgerTile.number == number)
        ).one()

    return read


def table(model: type[SQLModel]) -> SqlTable:
    """Return a model's Core table, for bulk statements that should not pass the unit of work."""
    return model.__table__  # type: ignore[attr-defined,no-any-return]  # every table model has it
