"""What the API remembers: calls that may come twice, and pictures that wait for the event they belong to."""

from datetime import datetime

from sqlmodel import Field

from shangeng_trace.columns import Moment, Table


class ApiCall(Table, table=True):
    """An answered call under the caller's idempotency key; the same call again gets the same answer for a day."""

    organisation_id: str = Field(primary_key=True, max_length=16)
    key: str = Field(primary_key=True, max_length=64)
    fingerprint: str = Field(max_length=64)
    answer: str
    made_at: datetime = Field(sa_type=Moment, index=True)


class ApiPicture(Table, table=True):
    """A picture that an organisation has uploaded; only its own events may name it."""

    organisation_id: str = Field(primary_key=True, max_length=16)
    sha256: str = Field(primary_key=True, max_length=64)
    width: int
    height: int
    size: int
    made_at: datetime = Field(sa_type=Moment)
