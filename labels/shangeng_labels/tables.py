"""Tables of labels: projections of what the ledger says of runs, and beside them what it must not say.

`LabelRun` and `LabelStatus` follow from statements and receipts alone; only `shangeng_labels.projection` writes them.
Codes are secret until a label is seen, so the ledger holds a commitment to them and `LabelCode` the codes.
"""

from datetime import datetime

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field

from shangeng_trace.columns import Moment, Table


class LabelRun(Table, table=True):
    """Labels issued together for one batch. Of `count`, so many were `activated` and so many `voided`, ever."""

    id: str = Field(primary_key=True, max_length=16)
    batch_id: str = Field(max_length=16, index=True)
    product_id: str = Field(max_length=16)
    owner: str = Field(max_length=16, index=True)
    count: int
    commitment: str = Field(max_length=64)
    template: str = Field(max_length=40)
    issued_at: datetime = Field(sa_type=Moment)
    activated: int
    voided: int
    digest: str = Field(max_length=64, unique=True)
    index: int = Field(sa_type=BigInteger, unique=True)
    key_id: str = Field(max_length=16)
    logged_at: datetime = Field(sa_type=Moment)


class LabelStatus(Table, table=True):
    """One stretch of a run's labels that one statement made active or void; `state` is a `LabelState`."""

    digest: str = Field(primary_key=True, max_length=64)
    first: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    last: int
    run_id: str = Field(max_length=16, foreign_key="label_run.id", index=True)
    state: str = Field(max_length=8)
    reason: str = Field(max_length=24)
    since: datetime = Field(sa_type=Moment)
    index: int = Field(sa_type=BigInteger)
    author: str = Field(max_length=16)
    key_id: str = Field(max_length=16)
    logged_at: datetime = Field(sa_type=Moment)


class LabelCode(Table, table=True):
    """The code of one label, under which a scan finds it; `check_codes` holds them against the run's commitment."""

    __table_args__ = (UniqueConstraint("run_id", "number"),)

    code: str = Field(primary_key=True, max_length=16)
    run_id: str = Field(max_length=16, foreign_key="label_run.id")
    number: int


class LabelPrint(Table, table=True):
    """What a run's labels say, as JSON of a `PrintJob`, kept as it was at issue so that a reprint says the same.

    It may hold a household's name and can be erased; the run can then be printed no more.
    """

    run_id: str = Field(primary_key=True, max_length=16, foreign_key="label_run.id")
    job: str
