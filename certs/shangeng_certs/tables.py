"""Projections of the credentials and their status statements; `shangeng audit` derives every column again.

Only `shangeng_certs.projection` writes here. `state` is a value of `shangeng_certs.credentials.State`.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger
from sqlmodel import Field

from shangeng_trace.columns import Moment, Table


class Certificate(Table, table=True):
    """A body's decision that products from plots meet a standard. The last day of validity is `valid_until`."""

    number: str = Field(primary_key=True, max_length=24)
    body_id: str = Field(max_length=16, index=True)
    holder_id: str = Field(max_length=16, index=True)
    standard: str = Field(max_length=24)
    edition: str = Field(max_length=16)
    valid_from: date
    valid_until: date
    state: str = Field(max_length=16)
    digest: str = Field(max_length=64, unique=True)
    index: int = Field(sa_type=BigInteger, unique=True)
    key_id: str = Field(max_length=16)
    logged_at: datetime = Field(sa_type=Moment)


class CertificateProduct(Table, table=True):
    """A product that a certificate covers."""

    number: str = Field(primary_key=True, max_length=24, foreign_key="certificate.number")
    product_id: str = Field(primary_key=True, max_length=16, index=True)


class CertificatePlot(Table, table=True):
    """A plot that a certificate covers."""

    number: str = Field(primary_key=True, max_length=24, foreign_key="certificate.number")
    plot_id: str = Field(primary_key=True, max_length=16, index=True)


class Licence(Table, table=True):
    """The association's permission to use the mark for one product. The last day of validity is `valid_until`."""

    number: str = Field(primary_key=True, max_length=24)
    association_id: str = Field(max_length=16)
    holder_id: str = Field(max_length=16, index=True)
    product_id: str = Field(max_length=16, index=True)
    valid_from: date
    valid_until: date
    state: str = Field(max_length=16)
    digest: str = Field(max_length=64, unique=True)
    index: int = Field(sa_type=BigInteger, unique=True)
    key_id: str = Field(max_length=16)
    logged_at: datetime = Field(sa_type=Moment)


class CredentialStatus(Table, table=True):
    """One change of a certificate's or licence's state, in force from `effective`."""

    digest: str = Field(primary_key=True, max_length=64)
    number: str = Field(max_length=24, index=True)
    state: str = Field(max_length=16)
    reason: str = Field(max_length=40)
    effective: datetime = Field(sa_type=Moment)
    index: int = Field(sa_type=BigInteger, unique=True)
    author: str = Field(max_length=16)
    key_id: str = Field(max_length=16)
    logged_at: datetime = Field(sa_type=Moment)
