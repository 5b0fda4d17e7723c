"""Tables of the ledger: statements, entries, chains, the tree's tiles and its signed heads (design 4.3).

Only `shangeng_trace.ledger` writes here, inside the writer's transaction; rows are never changed, but for the
caches that name themselves so.
"""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, LargeBinary, SmallInteger
from sqlmodel import Field

from shangeng_trace.columns import IN_KEY_ORDER, Digest, Moment, Place, Table


class LedgerStatement(Table, table=True):
    """The signed statement of the entry at an index: its digest and its canonical bytes; `body` is None once withheld.

    A digest is looked up here alone: as digests scatter, every table that is searched by them costs a page of storage
    for each statement.
    """

    index: int = Field(primary_key=True, sa_type=Place, sa_column_kwargs={"autoincrement": False})
    digest: str = Field(sa_type=Digest, unique=True)
    body: bytes | None = Field(sa_type=LargeBinary)


class LedgerEntry(Table, table=True):
    """One leaf of the log: the canonical bytes of the entry, at its index."""

    index: int = Field(primary_key=True, sa_type=Place, sa_column_kwargs={"autoincrement": False})
    body: bytes = Field(sa_type=LargeBinary)


class LedgerLink(Table, table=True):
    """Where an entry stands in one of its chains; the primary key is the last defence against a fork."""

    __table_args__ = IN_KEY_ORDER

    chain: str = Field(primary_key=True, max_length=96)
    seq: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    index: int = Field(sa_type=BigInteger, index=True, foreign_key="ledger_entry.index")


class LedgerChain(Table, table=True):
    """A chain's end: how many entries, and the leaf hash of the last. A cache over `ledger_link`."""

    __table_args__ = IN_KEY_ORDER

    id: str = Field(primary_key=True, max_length=96)
    length: int = Field(sa_type=BigInteger)
    head: bytes = Field(sa_type=LargeBinary)


class LedgerTile(Table, table=True):
    """A tile of the tree at its current width; earlier partial tiles are its prefixes (C2SP tlog-tiles)."""

    level: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    number: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    hashes: bytes = Field(sa_type=LargeBinary)


class LedgerState(Table, table=True):
    """The one row that says how far the log has grown; its lock is the writers' turn."""

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    origin: str = Field(max_length=255)
    size: int = Field(sa_type=BigInteger)
    root: bytes = Field(sa_type=LargeBinary)
    time: datetime = Field(sa_type=Moment)
    frozen_index: int | None = Field(default=None, sa_type=BigInteger)
    """The entry that ended the log for good, if one has."""
    kept_time: datetime | None = Field(default=None, sa_type=Moment)
    """The time that the operator knows to be ahead of the clocks; entries keep it until clocks have caught up."""


class LedgerCheckpoint(Table, table=True):
    """A signed tree head; one per size, so two heads of one size cannot both be signed."""

    size: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    root: bytes = Field(sa_type=LargeBinary)
    note: str
