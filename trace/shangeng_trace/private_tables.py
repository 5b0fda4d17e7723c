"""What an event says that only some may see: rows beside the ledger, committed to in it, and erasable."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlmodel import Field

from shangeng_trace.columns import Moment, Table


class PrivateValue(Table, table=True):
    """A private field of an event's record: canonical JSON, and the salt of its commitment."""

    event_id: str = Field(primary_key=True, max_length=45)
    name: str = Field(primary_key=True, max_length=40)
    salt: bytes = Field(sa_type=LargeBinary)
    value: bytes = Field(sa_type=LargeBinary)


class Attachment(Table, table=True):
    """A photo or report page kept under its SHA-256; `erased_at` once the file is gone."""

    sha256: str = Field(primary_key=True, max_length=64)
    media_type: str = Field(max_length=32)
    width: int
    height: int
    size: int
    stored_at: datetime = Field(sa_type=Moment)
    erased_at: datetime | None = Field(default=None, sa_type=Moment)


class EventAttachment(Table, table=True):
    """That an event has an attachment, under the name its commitment has in the statement (`photo_1`)."""

    event_id: str = Field(primary_key=True, max_length=45)
    name: str = Field(primary_key=True, max_length=40)
    sha256: str = Field(max_length=64, foreign_key="attachment.sha256", index=True)
    salt: bytes = Field(sa_type=LargeBinary)
