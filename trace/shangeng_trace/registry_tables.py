"""Tables of the registry: who and what the brand knows. Master data, editable; personal data lives only here.

What has a `retired_at` is not offered any more from that moment on, and stays to be read.
"""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from shangeng_trace.columns import Amount, Moment, Table


class OrganisationKind(StrEnum):
    """What an organisation is to the brand."""

    MEMBER = "member"
    BODY = "body"
    LAB = "lab"
    SUPERVISOR = "supervisor"
    ASSOCIATION = "association"
    PLATFORM = "platform"


class Role(StrEnum):
    """What a person may do in an organisation."""

    MANAGER = "manager"
    CLERK = "clerk"
    FARMER = "farmer"
    INSPECTOR = "inspector"
    DECIDER = "decider"
    OFFICER = "officer"
    ANALYST = "analyst"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"


class Organisation(Table, table=True):
    """A member, body, lab, supervisor, the association or the platform itself.

    `number` is the 统一社会信用代码, or our own number for a household, whose `name` is personal data and erasable.
    """

    id: str = Field(primary_key=True, max_length=16)
    kind: OrganisationKind = Field(max_length=16, index=True)
    number: str = Field(unique=True, max_length=20)
    is_household: bool = False
    name: str = Field(max_length=80)
    name_en: str = Field(default="", max_length=120)
    county: str = Field(max_length=6)
    township: str = Field(default="", max_length=40)
    phone: str = Field(default="", max_length=20)
    created_at: datetime = Field(sa_type=Moment)


class Person(Table, table=True):
    """Somebody who acts for organisations. The ledger knows the id alone; the row can be erased."""

    id: str = Field(primary_key=True, max_length=16)
    name: str = Field(max_length=40)
    phone: str = Field(default="", max_length=20)
    created_at: datetime = Field(sa_type=Moment)


class Membership(Table, table=True):
    """A person's role in an organisation; one person may serve several and switches between them."""

    person_id: str = Field(primary_key=True, max_length=16, foreign_key="person.id")
    organisation_id: str = Field(primary_key=True, max_length=16, foreign_key="organisation.id", index=True)
    role: Role = Field(primary_key=True, max_length=16)


class Device(Table, table=True):
    """A phone or a machine with a key of its own. The ledger knows the id alone; the row can be erased."""

    id: str = Field(primary_key=True, max_length=16)
    organisation_id: str = Field(max_length=16, foreign_key="organisation.id", index=True)
    person_id: str | None = Field(default=None, max_length=16, foreign_key="person.id", index=True)
    name: str = Field(max_length=40)
    added_at: datetime = Field(sa_type=Moment)


class Base(Table, table=True):
    """A place of production (基地) that groups plots."""

    id: str = Field(primary_key=True, max_length=16)
    organisation_id: str = Field(max_length=16, foreign_key="organisation.id", index=True)
    name: str = Field(max_length=60)
    county: str = Field(max_length=6)
    township: str = Field(max_length=40)
    village: str = Field(default="", max_length=40)
    retired_at: datetime | None = Field(default=None, sa_type=Moment)


class Plot(Table, table=True):
    """A plot (地块): area in mu, altitude in metres. Coordinates (WGS 84 degrees) are private."""

    id: str = Field(primary_key=True, max_length=16)
    base_id: str = Field(max_length=16, foreign_key="base.id", index=True)
    organisation_id: str = Field(max_length=16, foreign_key="organisation.id", index=True)
    name: str = Field(max_length=60)
    area_mu: Decimal = Field(sa_type=Amount)
    altitude_m: int
    latitude: Decimal | None = Field(default=None, sa_type=Amount)
    longitude: Decimal | None = Field(default=None, sa_type=Amount)
    retired_at: datetime | None = Field(default=None, sa_type=Moment)


class Product(Table, table=True):
    """A model sold under the brand. `unit` is what its batches are weighed in; `net_amount` is what one pack holds."""

    id: str = Field(primary_key=True, max_length=16)
    organisation_id: str = Field(max_length=16, foreign_key="organisation.id", index=True)
    name: str = Field(max_length=60)
    name_en: str = Field(default="", max_length=120)
    category: str = Field(max_length=24)
    unit: str = Field(max_length=8)
    gtin: str | None = Field(default=None, max_length=14, unique=True)
    net_amount: Decimal = Field(sa_type=Amount)
    net_unit: str = Field(max_length=8)
    pack_unit: str = Field(max_length=8)
    shelf_life: str = Field(default="", max_length=40)
    retired_at: datetime | None = Field(default=None, sa_type=Moment)


class OtherMark(Table, table=True):
    """Another mark that a member says to hold: 绿色食品, 有机, 地理标志. `product_id` None means all its products."""

    __table_args__ = (UniqueConstraint("organisation_id", "kind", "number"),)

    id: str = Field(primary_key=True, max_length=16)
    organisation_id: str = Field(max_length=16, foreign_key="organisation.id", index=True)
    product_id: str | None = Field(default=None, max_length=16, foreign_key="product.id")
    kind: str = Field(max_length=16)
    number: str = Field(max_length=40)
    valid_from: date
    valid_until: date
    retired_at: datetime | None = Field(default=None, sa_type=Moment)
