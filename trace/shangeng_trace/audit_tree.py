"""The tree's half of an audit: the tiles and the signed heads that are stored, beside those that the leaves make."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlmodel import Session, col, select

from shangeng_trace.checkpoint import open_checkpoint
from shangeng_trace.clock import now
from shangeng_trace.entry import load_entry
from shangeng_trace.errors import ShangengError
from shangeng_trace.flaws import Flaw
from shangeng_trace.log_keys import Term
from shangeng_trace.log_tables import LedgerCheckpoint, LedgerEntry, LedgerTile
from shangeng_trace.logtext import HASH_SIZE
from shangeng_trace.merging import ROWS
from shangeng_trace.tiles import WIDTH, TileTree, width_at

BEING_SIGNED = timedelta(seconds=30)
"""A head follows its entries within a second, or a little later where the disk is slow."""


@dataclass(slots=True)
class TreeAudit:
    """The tree as it grows; a tile is compared when it is full, a head when the tree has its size."""

    session: Session
    origin: str
    log_keys: Sequence[Term]
    flaws: list[Flaw] = field(default_factory=list[Flaw])
    _tree: TileTree = field(default_factory=TileTree)
    _partial: dict[tuple[int, int], bytes] = field(default_factory=dict[tuple[int, int], bytes])
    _signed: int = 0

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._tree.size

    def root(self) -> bytes:
        """Return the root over all leaves."""
        return self._tree.root()

    def grow(self, leaves: Sequence[bytes]) -> None:
        """Add leaf hashes, and check the heads and tiles that they complete."""
        start, end = self.size, self.size + len(leaves)
        heads = select(LedgerCheckpoint).where(LedgerCheckpoint.size > start, LedgerCheckpoint.size <= end)
        for head in self.session.exec(heads.order_by(col(LedgerCheckpoint.size))).all():
            self._tree.append(leaves[self.size - start : head.size - start])
            self._check_head(head, self.root())
            self._signed = head.size
        self._tree.append(leaves[self.size - start :])
        for (level, number), hashes in self._tree.changed().items():
            if len(hashes) == WIDTH * HASH_SIZE:
                self._partial.pop((level, number), None)
                self._check_tile(level, number, hashes)
            else:
                self._partial[level, number] = hashes

    def finish(self) -> None:
        """Check what is left when there are no more leaves: partial tiles, and what should not be there."""
        for (level, number), hashes in sorted(self._partial.items()):
            self._check_tile(level, number, hashes)
        stored = self.session.connection().execute(
            select(LedgerTile.level, LedgerTile.number), execution_options={"yield_per": ROWS}
        )
        for level, number in stored:
            if level < 0 or number < 0 or not width_at(self.size, level, number):
                self.flaws.append(Flaw.of("ledger_tile", f"{level} {number}", "number", "no such tile at this size"))
        beyond = (col(LedgerCheckpoint.size) <= 0) | (col(LedgerCheckpoint.size) > self.size)
        for head in self.session.exec(select(LedgerCheckpoint).where(beyond)).all():
            self._check_head(head, None)
        if self._signed < self.size and not self._is_being_signed():
            self.flaws.append(Flaw.of("ledger_checkpoint", self.size, "size", "no checkpoint covers the last entries"))

    def _is_being_signed(self) -> bool:
        """Whether the first entry without a signed head is so young that a server at work will sign one yet."""
        body = self.session.exec(select(LedgerEntry.body).where(LedgerEntry.index == self._signed)).one_or_none()
        try:
            return body is not None and abs(now() - load_entry(body).time) < BEING_SIGNED
        except ShangengError:
            return False

    def _check_tile(self, level: int, number: int, hashes: bytes) -> None:
        stored = self.session.exec(
            select(LedgerTile.hashes).where(LedgerTile.level == level, LedgerTile.number == number)
        ).one_or_none()
        if stored is None:
            self.flaws.append(Flaw.of("ledger_tile", f"{level} {number}", "number", "missing"))
        elif stored != hashes:
            self.flaws.append(Flaw.of("ledger_tile", f"{level} {number}", "hashes", "differ from the entries"))

    def _check_head(self, head: LedgerCheckpoint, root: bytes | None) -> None:
        """Check that a stored head is signed, and is the one that the entries make at its size."""
        try:
            opened = open_checkpoint(head.note, origin=self.origin, verifiers=[each.vkey for each in self.log_keys])
        except ShangengError as error:
            self.flaws.append(Flaw.of("ledger_checkpoint", head.size, "note", error))
            return
        if {each.by for each in opened.log} != {each.vkey for each in self.log_keys if each.signs(head.size)}:
            self.flaws.append(Flaw.of("ledger_checkpoint", head.size, "note", "not signed by the keys of that size"))
        if opened.size != head.size or opened.root != head.root:
            column = "size" if opened.size != head.size else "root"
            self.flaws.append(Flaw.of("ledger_checkpoint", head.size, column, "not as signed"))
        if root != head.root:
            self.flaws.append(Flaw.of("ledger_checkpoint", head.size, "root", "differs from the entries"))
