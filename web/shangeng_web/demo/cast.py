"""Who takes part: organisations, people with logins, bases, plots, products and other marks, all invented."""

from datetime import date, timedelta
from functools import cache

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from shangeng_trace.acting import Actor, Office
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.numbers import MarkKind
from shangeng_trace.registry import (
    add_base,
    add_mark,
    add_person,
    add_plot,
    add_product,
    platform_organisation,
    register_organisation,
)
from shangeng_trace.registry_tables import Organisation, OrganisationKind, Plot, Product, Role
from shangeng_web.accounts import create_account
from shangeng_web.demo.data import read_data

PASSWORD = "shangeng-demo"  # noqa: S105 - printed on purpose; accounts with it are made in demo mode alone
PLATFORM = "platform"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OrganisationData(_Data):
    """An organisation; `number` is empty for a household, which gets a number of ours."""

    key: str
    kind: OrganisationKind
    number: str
    name: str
    name_en: str
    county: str
    township: str
    phone: str = ""


class PersonData(_Data):
    """A person and the login they get."""

    username: str
    organisation: str
    name: str
    roles: tuple[Role, ...]


class PlotData(_Data):
    """A plot; coordinates are near the place named and stay private."""

    key: str
    name: str
    area_mu: str
    altitude_m: str
    latitude: str
    longitude: str


class BaseData(_Data):
    """A base with its plots."""

    organisation: str
    name: str
    county: str
    township: str
    village: str
    plots: tuple[PlotData, ...]


class ProductData(_Data):
    """A product; `gtin` is empty where the member owns none."""

    key: str
    organisation: str
    name: str
    name_en: str
    category: str
    unit: str
    net_amount: str
    net_unit: str
    pack_unit: str
    shelf_life: str
    gtin: str


class MarkData(_Data):
    """Another mark that a member says to hold, under a number that says it is an example."""

    organisation: str
    product: str
    kind: MarkKind
    number: str
    valid_days: int


class CastData(_Data):
    """Everybody and everything."""

    note: str
    organisations: tuple[OrganisationData, ...]
    people: tuple[PersonData, ...]
    bases: tuple[BaseData, ...]
    products: tuple[ProductData, ...]
    marks: tuple[MarkData, ...]


@cache
def cast_data() -> CastData:
    """Return the packaged cast."""
    return CastData.model_validate(read_data("cast.json"))


class Cast:
    """The registered cast, by the keys of the data."""

    def __init__(self) -> None:
        self.organisations: dict[str, Organisation] = {}
        self.actors: dict[str, Actor] = {}
        self.plots: dict[str, Plot] = {}
        self.products: dict[str, Product] = {}


def register_cast(session: Session, office: Office, *, password_hash: str) -> Cast:
    """Register everybody, each with an account that opens with `PASSWORD`; the operator registers the others."""
    data, cast = cast_data(), Cast()
    cast.organisations[PLATFORM] = platform_organisation(session)
    operator = Actor(cast.organisations[PLATFORM].id, OrganisationKind.PLATFORM, frozenset({Role.OPERATOR}))
    for row in data.organisations:
        cast.organisations[row.key] = register_organisation(
            session, office, operator, **row.model_dump(exclude={"key"}, mode="python")
        )
    for person in data.people:
        _add_person(session, office, cast, person, operator=operator, password_hash=password_hash)
    managers = {
        person.organisation: cast.actors[person.username] for person in data.people if Role.MANAGER in person.roles
    }
    for place in data.bases:
        manager = managers[place.organisation]
        base = add_base(
            session,
            office,
            manager,
            name=place.name,
            county=place.county,
            township=place.township,
            village=place.village,
        )
        for plot in place.plots:
            values = plot.model_dump(exclude={"key"})
            cast.plots[plot.key] = add_plot(session, office, manager, base_id=base.id, **values)
    for product in data.products:
        values = product.model_dump(exclude={"key", "organisation"})
        cast.products[product.key] = add_product(
            session, office, managers[product.organisation], **values, allow_example_gtin=True
        )
    today = office.clock().astimezone(SHANGHAI).date()
    for mark in data.marks:
        _add_mark(session, office, cast, mark, manager=managers[mark.organisation], today=today)
    return cast


def _add_person(
    session: Session, office: Office, cast: Cast, data: PersonData, *, operator: Actor, password_hash: str
) -> None:
    organisation = cast.organisations[data.organisation]
    person = add_person(
        session, office, operator, organisation_id=organisation.id, name=data.name, roles=frozenset(data.roles)
    )
    create_account(
        session, person_id=person.id, username=data.username, password_hash=password_hash, moment=office.clock()
    )
    cast.actors[data.username] = Actor(organisation.id, organisation.kind, frozenset(data.roles), person.id)


def _add_mark(session: Session, office: Office, cast: Cast, data: MarkData, *, manager: Actor, today: date) -> None:
    add_mark(
        session,
        office,
        manager,
        kind=data.kind,
        number=data.number,
        valid_from=today,
        valid_until=today + timedelta(days=data.valid_days),
        product_id=cast.products[data.product].id,
    )
