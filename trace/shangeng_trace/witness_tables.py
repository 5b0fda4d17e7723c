"""What the log's own database keeps of its witnesses: their cosignatures, and the heads that enough of them made good.

A copy of what others have signed, so nothing here is a secret or a source of truth; newer cosignatures of a size
replace older ones.
"""

from sqlalchemy import BigInteger
from sqlmodel import Field

from shangeng_trace.columns import Table

LONGEST_WITNESS = 300


class CheckpointCosignature(Table, table=True):
    """A witness's newest cosignature of one signed tree head, as its note line; `witness` is key name and id."""

    size: int = Field(
        primary_key=True,
        sa_type=BigInteger,
        sa_column_kwargs={"autoincrement": False},
        foreign_key="ledger_checkpoint.size",
    )
    witness: str = Field(primary_key=True, max_length=LONGEST_WITNESS)
    line: str


class WitnessedCheckpoint(Table, table=True):
    """A tree head with every cosignature known of it, once they met the policy's quorum. The newest is published."""

    size: int = Field(
        primary_key=True,
        sa_type=BigInteger,
        sa_column_kwargs={"autoincrement": False},
        foreign_key="ledger_checkpoint.size",
    )
    note: str
