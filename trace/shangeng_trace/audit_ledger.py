"""The ledger half of an audit: every stored byte of the log read again, every hash and signature computed again.

One pass over the entries in index order, a window at a time, in memory that grows with the number of keys alone. What
is stored beside what is computed is reported by table, row and column; nothing is repaired.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import cast

from sqlalchemy import exists
from sqlmodel import Session, col, func, select

from shangeng_trace.audit_statements import Claim, Examiners, Verdict, key_in
from shangeng_trace.audit_tree import TreeAudit
from shangeng_trace.canonical import Document, load_statement
from shangeng_trace.chain_heads import ChainHeads
from shangeng_trace.entry import FIRST_PREV, Entry, Kind, Receipt, load_entry
from shangeng_trace.errors import MalformedError, ShangengError
from shangeng_trace.event_reading import read_event
from shangeng_trace.events import Event
from shangeng_trace.flaws import Flaw
from shangeng_trace.known_keys import KnownKeys, key_named
from shangeng_trace.ledger import table
from shangeng_trace.log_keys import Term
from shangeng_trace.log_tables import LedgerChain, LedgerEntry, LedgerLink, LedgerState, LedgerStatement
from shangeng_trace.merging import ROWS, by_octets, in_step
from shangeng_trace.merkle import leaf_hash

WINDOW = 512
"""Entries read at a time."""
WINDOW_BYTES = 4_000_000
"""What their statements may weigh together, unless a single one weighs more."""

Links = dict[int, set[tuple[str, int]]]


class StatementWrong(MalformedError):
    """The statement that is stored under an entry's digest is not the one that was logged."""

    code = "trace.statement_wrong"
    zh = "{what}"
    en = "{what}"


@dataclass(frozen=True, slots=True)
class Stored:
    """A row of the log with its statement's, as far as there is one."""

    index: int
    body: bytes
    digest: str | None
    statement: bytes | None


@dataclass(slots=True)
class Audited:
    """A statement whose entry and signature hold, on its way to the replay of projections; of an event, what it says."""

    entry: Entry
    receipt: Receipt
    key_id: str
    author: str
    said: Document | Event | None
    """None as long as an event is being examined."""

    @property
    def document(self) -> Document:
        """A statement that is no event."""
        return cast("Document", self.said)

    @property
    def event(self) -> Event:
        """An event, read."""
        return self.said if isinstance(self.said, Event) else read_event(self.document)


@dataclass(frozen=True, slots=True)
class Window:
    """The statements that hold among the entries from `first` to `last`."""

    first: int
    last: int
    audited: list[Audited]


@dataclass(slots=True)
class _Place:
    """One entry under audit; `claim` is still to be examined, and `audited` stands if it holds."""

    flaws: list[Flaw]
    claim: Claim | None = None
    audited: Audited | None = None

    def hear(self, verdict: Verdict, claim: Claim) -> None:
        """Take in what the examiners say of the claim."""
        unprojected = [f"cannot be projected: {verdict.unreadable}"] if verdict.unreadable else []
        if wrong := [*verdict.flaws, *unprojected]:
            digest = sha256(claim.body).hexdigest()
            self.flaws += [Flaw.of("ledger_statement", digest, "body", what) for what in wrong]
        if not verdict.is_signed or verdict.unreadable:
            self.audited = None
        elif self.audited is not None and claim.named is not None:
            self.audited.said = verdict.event


@dataclass(slots=True)
class _Read:
    """A window that was read, whose statements are being examined."""

    first: int
    last: int
    places: list[_Place]
    verdicts: Callable[[], list[Verdict]]


@dataclass(slots=True)
class LedgerAudit:
    """The running state of one audit; `flaws` fills as `run` is consumed. Close it in the end."""

    session: Session
    origin: str
    log_keys: Sequence[Term]
    examiners: Examiners
    flaws: list[Flaw] = field(default_factory=list[Flaw])
    size: int = 0
    _tree: TreeAudit = field(init=False)
    _heads: ChainHeads = field(default_factory=ChainHeads)
    _keys: KnownKeys = field(default_factory=KnownKeys)
    _time: datetime | None = None

    def __post_init__(self) -> None:
        self._tree = TreeAudit(self.session, self.origin, self.log_keys)

    def run(self) -> Iterator[Window]:
        """Check everything, yielding the sound statements in log order; afterwards `flaws` is complete."""
        ahead = deque[_Read]()
        for read in self._windows():
            ahead.append(read)
            if len(ahead) > self.examiners.ahead:
                yield self._judge(ahead.popleft())
        while ahead:
            yield self._judge(ahead.popleft())
        self._strays()
        self._chains()
        self._tree.finish()
        self.flaws += self._tree.flaws
        self._state()

    def close(self) -> None:
        """Let go of processes and temporary files."""
        self.examiners.close()
        self._heads.close()

    def flaw(self, table: str, row: object, column: str, what: object) -> None:
        """Remember one thing that does not hold."""
        self.flaws.append(Flaw.of(table, row, column, what))

    def _windows(self) -> Iterator[_Read]:
        entries = (
            select(LedgerEntry.index, LedgerEntry.body, LedgerStatement.digest, LedgerStatement.body)
            .join(LedgerStatement, col(LedgerStatement.index) == col(LedgerEntry.index), isouter=True)
            .order_by(col(LedgerEntry.index))
        )
        after = -1
        while (last := self._end_of_window(after)) is not None:
            rows = self.session.exec(entries.where(col(LedgerEntry.index).between(after + 1, last))).all()
            window = [Stored(*row) for row in rows]
            first, after = window[0].index, last
            links = self._stored_links(first, after)
            self._heads.tidy()
            self._heads.bring_near(chain for each in links.values() for chain, _ in each)
            leaves = [leaf_hash(row.body) for row in window]
            places = [self._place(row, leaf, links) for row, leaf in zip(window, leaves, strict=True)]
            self._tree.grow(leaves)
            verdicts = self.examiners.hand_in([place.claim for place in places if place.claim is not None])
            yield _Read(first, after, places, verdicts)

    def _end_of_window(self, after: int) -> int | None:
        """Return the last index of the next window: so many entries, unless their statements are large; None at the end."""
        lengths = (
            select(LedgerEntry.index, func.length(LedgerStatement.body))
            .join(LedgerStatement, col(LedgerStatement.index) == col(LedgerEntry.index), isouter=True)
            .where(col(LedgerEntry.index) > after)
            .order_by(col(LedgerEntry.index))
            .limit(WINDOW)
        )
        last, total = None, 0
        for index, length in self.session.exec(lengths).all():
            total += length or 0
            if last is not None and total > WINDOW_BYTES:
                break
            last = index
        return last

    def _stored_links(self, first: int, last: int) -> Links:
        links: Links = defaultdict(set)
        rows = select(LedgerLink.index, LedgerLink.chain, LedgerLink.seq)
        for index, chain, seq in self.session.exec(rows.where(col(LedgerLink.index).between(first, last))):
            links[index].add((chain, seq))
        return links

    def _judge(self, read: _Read) -> Window:
        """Bring together what was read and what the examiners say of it."""
        verdicts = iter(read.verdicts())
        for place in read.places:
            if place.claim is not None:
                place.hear(next(verdicts), place.claim)
            self.flaws += place.flaws
        return Window(read.first, read.last, [each.audited for each in read.places if each.audited is not None])

    def _place(self, row: Stored, leaf: bytes, links: Links) -> _Place:
        place = _Place([])

        def flaw(column: str, what: object) -> None:
            place.flaws.append(Flaw.of("ledger_entry", row.index, column, what))

        if row.index != self.size:
            flaw("index", f"expected {self.size}")
        self.size = row.index + 1
        try:
            entry = load_entry(row.body)
        except ShangengError as error:
            flaw("body", error)
            return place
        if entry.origin != self.origin:
            flaw("body", "another log's origin")
        if row.digest not in (entry.digest, None):
            place.flaws.append(Flaw.of("ledger_statement", row.digest, "digest", f"the entry says {entry.digest}"))
        if self._time is not None and entry.time < self._time:
            flaw("body", "time runs backwards")
        self._time = entry.time
        self._links(place, row.index, entry, leaf, links.get(row.index, set()))
        self._statement(place, row.index, entry, row.statement)
        return place

    def _links(self, place: _Place, index: int, entry: Entry, leaf: bytes, stored: set[tuple[str, int]]) -> None:
        stated = {(link.chain, link.seq) for link in entry.links}
        if stored != stated:
            self._heads.bring_near(chain for chain, _ in stated)
        for chain, seq in sorted(stored ^ stated):
            known = "not in the entry" if (chain, seq) in stored else "missing"
            place.flaws.append(Flaw.of("ledger_link", f"{chain} {seq}", "index", known))
        for link in entry.links:
            length, head = self._heads.get(link.chain) or (0, b"")
            if (link.seq, link.prev) != (length, head.hex() if length else FIRST_PREV):
                what = f"chain {link.chain} breaks at {link.seq}"
                place.flaws.append(Flaw.of("ledger_entry", index, "body", what))
            self._heads.move(link.chain, length + 1, leaf)

    def _statement(self, place: _Place, index: int, entry: Entry, body: bytes | None) -> None:
        """Check what needs the log's order, and leave the rest to the examiners."""
        try:
            body = _logged(entry, body)
            named = key_in(body) if entry.kind is Kind.EVENT else None
            document = load_statement(body) if named is None else None
        except ShangengError as error:
            place.flaws.append(Flaw.of("ledger_statement", entry.digest, "body", error))
            return
        if entry.kind is Kind.KEY and document is not None:
            try:
                self._keys.take(index, entry, document)
            except ShangengError as error:
                place.flaws.append(Flaw.of("ledger_entry", index, "body", error))
        try:
            # As it was when the statement was taken in: what a later revocation undoes is no flaw of the database.
            key = self._keys.signer(index, entry, key_named(document) if document is not None else named or "")
        except ShangengError as error:
            place.claim = Claim(body, None, error.sentence("en"), named)
            return
        place.claim = Claim(body, key.registration.public, named=named)
        receipt = Receipt(entry.digest, index, entry.time, entry.links)
        place.audited = Audited(entry, receipt, key.registration.key_id, key.registration.controller, document)

    def _strays(self) -> None:
        """Find statements that no entry records, and links that point nowhere."""
        recorded = exists().where(col(LedgerEntry.index) == col(LedgerStatement.index))
        for digest in self.session.exec(select(LedgerStatement.digest).where(~recorded)):
            self.flaw("ledger_statement", digest, "index", "no entry records it")
        there = exists().where(col(LedgerEntry.index) == col(LedgerLink.index))
        for chain, seq, index in self.session.exec(
            select(LedgerLink.chain, LedgerLink.seq, LedgerLink.index).where(~there)
        ):
            self.flaw("ledger_link", f"{chain} {seq}", "index", f"no entry {index}")

    def _chains(self) -> None:
        rows = self.session.connection().execute(
            select(LedgerChain.id, LedgerChain.length, LedgerChain.head).order_by(
                by_octets(self.session, table(LedgerChain).c.id)
            ),
            execution_options={"yield_per": ROWS},
        )
        stored = ((chain, (length, head)) for chain, length, head in rows)
        for chain, have, want in in_step(stored, self._heads):
            if have is None or want is None:
                self.flaw("ledger_chain", chain, "id", "missing" if have is None else "no entry stands in it")
                continue
            for column, left, right in zip(("length", "head"), have, want, strict=True):
                if left != right:
                    self.flaw("ledger_chain", chain, column, "differs from the entries")

    def _state(self) -> None:
        state = self.session.get(LedgerState, 1)
        if state is None:
            self.flaw("ledger_state", 1, "id", "missing")
            return
        for column, have, want in (
            ("origin", state.origin, self.origin),
            ("size", state.size, self.size),
            ("root", state.root, self._tree.root()),
            ("time", state.time, self._time or state.time),
        ):
            if have != want:
                self.flaw("ledger_state", 1, column, "differs from the entries")


def _logged(entry: Entry, body: bytes | None) -> bytes:
    """Return the bytes of an entry's statement; raises `StatementWrong` where they are not those that were logged."""
    if body is None:
        raise StatementWrong(what="missing")
    if sha256(body).hexdigest() != entry.digest:
        raise StatementWrong(what="does not have this digest")
    return body
