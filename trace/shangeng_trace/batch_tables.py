"""Projections of the events: what the ledger's statements add up to.

Every column here follows from statements and entries alone; `shangeng audit` derives the rows again and compares.
Only `shangeng_trace.projection` writes here. An event is named by its index in the log: indexes come in order, while
digests would scatter over every table that has them as its key, and cost a page of storage each.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field

from shangeng_trace.columns import IN_KEY_ORDER, Amount, Moment, Place, Table
from shangeng_trace.revocation import counts


class Batch(Table, table=True):
    """An identified quantity with its own chain. `bulk` is in `unit`; `units` are packs on hand, `packed` all ever made."""

    __table_args__ = (UniqueConstraint("owner", "lot"),)

    id: str = Field(primary_key=True, max_length=16)
    lot: str = Field(max_length=20)
    owner: str = Field(max_length=16, index=True)
    product_id: str = Field(max_length=16, index=True)
    category: str = Field(max_length=24)
    unit: str = Field(max_length=8)
    plot_id: str | None = Field(default=None, max_length=16)
    bulk: Decimal = Field(sa_type=Amount)
    units: int = Field(sa_type=BigInteger)
    packed: int = Field(sa_type=BigInteger)
    closed: bool = False
    opened_at: datetime = Field(sa_type=Moment)
    changed_at: datetime = Field(sa_type=Moment)
    last_step: str = Field(max_length=40)


class EventRecord(Table, table=True):
    """One event: who signed it, when it happened, when and where the ledger took it."""

    index: int = Field(sa_type=Place, primary_key=True)
    digest: str = Field(max_length=64)
    event_id: str = Field(max_length=45, unique=True)
    step: str = Field(max_length=40)
    author: str = Field(max_length=16, index=True)
    key_id: str = Field(max_length=16)
    happened_at: datetime = Field(sa_type=Moment)
    logged_at: datetime = Field(sa_type=Moment)
    entered_by: str | None = Field(default=None, max_length=16)
    claimed_by: str | None = Field(default=None, max_length=16)


class Part(StrEnum):
    """What part a batch plays in an event."""

    SUBJECT = "subject"
    INPUT = "input"
    OUTPUT = "output"


class EventBatch(Table, table=True):
    """A batch's part in an event; `packs` tells packed units from bulk."""

    __table_args__ = IN_KEY_ORDER

    index: int = Field(sa_type=BigInteger, primary_key=True, foreign_key="event_record.index")
    batch_id: str = Field(primary_key=True, max_length=16, index=True)
    part: Part = Field(primary_key=True, max_length=8)
    packs: bool = Field(primary_key=True)
    amount: Decimal | None = Field(default=None, sa_type=Amount)


class Lineage(Table, table=True):
    """`child` was made from `parent`, by the event at `index`."""

    parent: str = Field(primary_key=True, max_length=16)
    child: str = Field(primary_key=True, max_length=16, index=True)
    index: int = Field(sa_type=BigInteger)


class Shipment(Table, table=True):
    """Goods on the way from one member to another; `received_by` is the event that took them in, or took them back."""

    event_id: str = Field(primary_key=True, max_length=45)
    batch_id: str = Field(max_length=16, index=True)
    sender: str = Field(max_length=16)
    recipient: str | None = Field(default=None, max_length=16, index=True)
    packs: bool
    amount: Decimal = Field(sa_type=Amount)
    received_by: str | None = Field(default=None, max_length=45)


class Restriction(Table, table=True):
    """A hold or recall on a batch, standing until `lifted_by` names the event that ended it."""

    event_id: str = Field(primary_key=True, max_length=45)
    batch_id: str = Field(primary_key=True, max_length=16, index=True)
    kind: str = Field(max_length=8)
    author: str = Field(max_length=16)
    since: datetime = Field(sa_type=Moment)
    lifted_by: str | None = Field(default=None, max_length=45)


class BatchTest(Table, table=True):
    """The verdict of one test on a batch."""

    index: int = Field(sa_type=BigInteger, primary_key=True, foreign_key="event_record.index")
    batch_id: str = Field(primary_key=True, max_length=16, index=True)
    author: str = Field(max_length=16)
    passed: bool
    happened_at: datetime = Field(sa_type=Moment)


class DeviceLink(Table, table=True):
    """Where an event stands in the sequence of the device that signed it with its key, as the device says."""

    index: int = Field(sa_type=Place, primary_key=True, foreign_key="event_record.index")
    key_id: str = Field(max_length=16, index=True)
    counter: int = Field(sa_type=BigInteger)
    prev: str = Field(max_length=64)


class LedgerKey(Table, table=True):
    """A key the log knows: whose it is, from which index, until when, and up to which index once revoked.

    `holder` is a person or a device of the controller, by the id that the ledger knows it by. Of several revocations
    the one with the lowest `last_valid_index` stands: it is entry `revoked_index`, for `revoked_reason`.
    """

    id: str = Field(primary_key=True, max_length=16)
    controller: str = Field(max_length=16, index=True)
    controller_kind: str = Field(max_length=16)
    algorithm: str = Field(max_length=16)
    public: str = Field(max_length=80)
    custody: str = Field(max_length=8)
    digest: str = Field(max_length=64)
    registered_index: int = Field(sa_type=BigInteger)
    expires_at: datetime | None = Field(default=None, sa_type=Moment)
    holder_type: str | None = Field(default=None, max_length=8)
    holder_id: str | None = Field(default=None, max_length=16, index=True)
    replaces: str | None = Field(default=None, max_length=16)
    last_valid_index: int | None = Field(default=None, sa_type=BigInteger)
    revoked_index: int | None = Field(default=None, sa_type=BigInteger)
    revoked_reason: str | None = Field(default=None, max_length=16)

    def counts(self, index: int, time: datetime) -> bool:
        """Whether the key, registered before, is neither revoked nor expired for the entry at `index`."""
        return counts(index, time, last=self.last_valid_index, expires=self.expires_at)
