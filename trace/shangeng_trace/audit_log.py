"""The audit of the log's own life: its keys and its end are what the notices in it say, and no entry follows its end."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlmodel import Session, select

from shangeng_trace.batch_tables import LedgerKey
from shangeng_trace.canonical import Document, load_statement
from shangeng_trace.errors import ShangengError
from shangeng_trace.flaws import Flaw
from shangeng_trace.head_clock import CLOCK_KEY_ID, HeadTime, clock_vkey, head_time
from shangeng_trace.keyring import LOG_KEY_ID, CustodyKey
from shangeng_trace.keys import VerifyKey
from shangeng_trace.log_keys import LogKey, Term, log_keys, platform_statements
from shangeng_trace.log_notice import TYPE, LogNotice, Said
from shangeng_trace.log_tables import LedgerCheckpoint, LedgerState
from shangeng_trace.note import SignatureType, Vkey, split_note
from shangeng_trace.proofs import key_id_of


def audit_log(session: Session, origin: str) -> tuple[list[Term], list[Flaw]]:
    """Return the log's keys, and what is stored otherwise than the notices say.

    Entries and signed heads are `audit_ledger`'s part; a stored key that cannot be read is among the flaws alone.
    """
    life = _Life(session, origin)
    life.read()
    flaws = [*life.strange, *life.state(), *life.keys(), *life.clock()]
    return life.terms, flaws


@dataclass(slots=True)
class _Life:
    """What the notices say, in log order."""

    session: Session
    origin: str
    notices: list[tuple[int, LogNotice]] = field(default_factory=list[tuple[int, LogNotice]])
    terms: list[Term] = field(default_factory=list[Term])
    strange: list[Flaw] = field(default_factory=list[Flaw])

    def read(self) -> None:
        """Read every notice: they stand in the chain of the platform, which registered itself with entry 0."""
        first, rows = platform_statements(self.session)
        for index, body in rows:
            try:
                document = load_statement(body or b"")
                if document.get("type") != TYPE:
                    continue
                notice, by = LogNotice.read(document), self._author(document)
            except (ShangengError, KeyError, TypeError) as error:
                what = error.sentence("en") if isinstance(error, ShangengError) else repr(error)
                self.strange.append(Flaw("ledger_entry", str(index), "body", what))
                continue
            if by != first or notice.origin != self.origin:
                self.strange.append(Flaw("ledger_entry", str(index), "body", "a notice by another, or of another log"))
                continue
            self.notices.append((index, notice))

    def _author(self, document: Document) -> str | None:
        key = self.session.get(LedgerKey, key_id_of(document["proof"]["verificationMethod"]))
        return None if key is None else key.controller

    def state(self) -> Iterator[Flaw]:
        """The log's end, and the time it keeps."""
        state = self.session.get(LedgerState, 1)
        if state is None:
            return
        ends = [index for index, notice in self.notices if notice.said is Said.FROZEN]
        kept = [notice.time for _, notice in self.notices if notice.said is Said.TIME_KEPT and notice.time is not None]
        if state.frozen_index != (ends[0] if ends else None):
            yield Flaw("ledger_state", "1", "frozen_index", f"the log ends at {ends[:1]}")
        if ends and state.size > ends[0] + 1:
            yield Flaw("ledger_entry", str(ends[0] + 1), "index", "follows the entry that ended the log")
        if state.kept_time != (kept[-1] if kept else None):
            yield Flaw("ledger_state", "1", "kept_time", "no notice says so")

    def keys(self) -> Iterator[Flaw]:
        """The first key is the one in custody, as long as it is kept; each other came, and went, by a notice."""
        stored = {row.id: row for row in log_keys(self.session)}
        wanted = self._wanted(stored.get(LOG_KEY_ID))
        for key_id in sorted(stored.keys() | wanted.keys()):
            if key_id not in wanted or key_id not in stored:
                yield Flaw("log_key", key_id, "id", "no notice says so" if key_id in stored else "missing")
                continue
            for column in ("vkey", "first_size", "last_size"):
                have, want = getattr(stored[key_id], column), getattr(wanted[key_id], column)
                if have != want:
                    yield Flaw("log_key", key_id, column, f"stored {have}, the notices say {want}")
            try:
                self.terms.append(stored[key_id].term())
            except ShangengError as error:
                yield Flaw("log_key", key_id, "vkey", error.sentence("en"))
            yield from self._custody(stored[key_id])

    def clock(self) -> Iterator[Flaw]:
        """What the clock has said is of the head it stands beside, and of no other than the newest there was then."""
        rows = self.session.exec(select(HeadTime)).all()
        try:
            vkey = clock_vkey(self.session, self.origin)
        except ShangengError as error:
            yield Flaw("custody_key", CLOCK_KEY_ID, "public", error.sentence("en"))
            return
        for row in rows:
            head = self.session.get(LedgerCheckpoint, row.size)
            try:
                if head is None or vkey is None or len(rows) > 1:
                    yield Flaw("head_time", str(row.size), "size", "no such head, no clock, or more than one")
                elif head_time(f"{split_note(head.note)[0]}\n{row.line}", vkey) is None:
                    yield Flaw("head_time", str(row.size), "line", "not by the clock of this log")
            except ShangengError as error:
                yield Flaw("head_time", str(row.size), "line", error.sentence("en"))

    def _wanted(self, first: LogKey | None) -> dict[str, LogKey]:
        wanted = {LOG_KEY_ID: LogKey(id=LOG_KEY_ID, vkey=first.vkey if first else "", first_size=0)}
        for index, notice in self.notices:
            if notice.said is Said.KEY_NEXT:
                key_id = f"{LOG_KEY_ID}-{len(wanted) + 1}"
                wanted[key_id] = LogKey(id=key_id, vkey=str(notice.vkey), first_size=index + 1)
            elif notice.said is Said.KEY_RETIRED:
                for row in wanted.values():
                    if row.vkey == str(notice.vkey):
                        row.last_size = index
        return wanted

    def _custody(self, row: LogKey) -> Iterator[Flaw]:
        kept = self.session.get(CustodyKey, row.id)
        if kept is None:
            if row.last_size is None:
                yield Flaw("custody_key", row.id, "id", "missing")
            return
        try:
            public = VerifyKey.from_multikey(kept.public).raw
        except ShangengError as error:
            yield Flaw("custody_key", row.id, "public", error.sentence("en"))
            return
        if row.vkey != str(Vkey(self.origin, SignatureType.ED25519, public)):
            yield Flaw("log_key", row.id, "vkey", "not the public half of the key in custody")
