"""Registering who and what the brand knows: organisations, people, bases, plots, products and other marks.

Verbs take what a form holds, collect everything that is wrong with it, and raise one `InvalidError`.
"""

import secrets
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from sqlmodel import Session, select

from shangeng_trace.acting import Actor, Office
from shangeng_trace.errors import ConflictError, NotFoundError
from shangeng_trace.fields import Fields
from shangeng_trace.ids import new_id
from shangeng_trace.keyring import register_key
from shangeng_trace.numbers import MarkKind, check_uscc, new_household_number
from shangeng_trace.registry_reading import read_base, read_mark, read_plot, read_product
from shangeng_trace.registry_tables import (
    Base,
    Membership,
    Organisation,
    OrganisationKind,
    OtherMark,
    Person,
    Plot,
    Product,
    Role,
)

Row = TypeVar("Row", Organisation, Product, Plot)

ROLES = {
    OrganisationKind.MEMBER: (Role.MANAGER, Role.CLERK, Role.FARMER),
    OrganisationKind.BODY: (Role.MANAGER, Role.INSPECTOR, Role.DECIDER),
    OrganisationKind.LAB: (Role.MANAGER, Role.ANALYST),
    OrganisationKind.SUPERVISOR: (Role.MANAGER, Role.SUPERVISOR),
    OrganisationKind.ASSOCIATION: (Role.MANAGER, Role.OFFICER),
    OrganisationKind.PLATFORM: (Role.OPERATOR,),
}
"""Roles that a person can hold in an organisation of each kind."""


class NumberTaken(ConflictError):
    """An organisation with this number is registered already."""

    code = "trace.number_taken"
    zh = "这个统一社会信用代码已经登记过了。"
    en = "An organisation with this unified social credit code is already registered."


class GtinTaken(ConflictError):
    """A product with this GTIN is registered already."""

    code = "trace.gtin_taken"
    zh = "这个商品条码已经登记在另一个产品上。"
    en = "This GTIN is already registered for another product."


class MarkKnown(ConflictError):
    """The organisation has registered this mark before."""

    code = "trace.mark_known"
    zh = "这个编号已经登记过了。"
    en = "This number is registered already."


class Retired(ConflictError):
    """Something new is to be begun with what is not used any more."""

    code = "trace.retired"
    zh = "这一项已经停用；要用请先恢复。"
    en = "This is retired. Bring it back into use first."


class ThingNotFound(NotFoundError):
    """No such row in the registry."""

    code = "trace.not_registered"
    zh = "没有登记过。"
    en = "This is not registered."


def register_organisation(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    kind: OrganisationKind,
    name: str,
    county: str,
    name_en: str = "",
    number: str = "",
    township: str = "",
    phone: str = "",
) -> Organisation:
    """Register an organisation and a key in custody for it; members by the association, others by the platform.

    A member without a 统一社会信用代码 (`number` empty) is a household and gets a number of ours.
    """
    if kind is OrganisationKind.MEMBER:
        actor.must_be(OrganisationKind.ASSOCIATION, OrganisationKind.PLATFORM)
    else:
        actor.must_be(OrganisationKind.PLATFORM)
    actor.must_have(Role.OFFICER, Role.OPERATOR, Role.MANAGER)
    fields = Fields()
    is_household = kind is OrganisationKind.MEMBER and not number.strip()
    organisation = Organisation(
        id=new_id(),
        kind=kind,
        number="" if is_household else fields.attempt("number", lambda: check_uscc(number)),
        is_household=is_household,
        name=fields.text("name", name, limit=80),
        name_en=fields.text("name_en", name_en, limit=120, required=False),
        county=fields.county("county", county),
        township=fields.text("township", township, limit=40, required=False),
        phone=fields.phone("phone", phone),
        created_at=office.clock(),
    )
    fields.done()
    if is_household:
        organisation.number = new_household_number(county, secrets.randbits(40))
    elif session.exec(select(Organisation).where(Organisation.number == organisation.number)).first():
        raise NumberTaken(field="number")
    session.add(organisation)
    session.flush()
    register_key(
        session,
        office.keyring,
        organisation,
        registrar=office.keyring.signer(session, platform_organisation(session).id),
        moment=office.clock(),
    )
    return organisation


def platform_organisation(session: Session) -> Organisation:
    """Return the organisation that runs this server; it is registered when the ledger is created."""
    return session.exec(select(Organisation).where(Organisation.kind == OrganisationKind.PLATFORM)).one()


def add_person(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    organisation_id: str,
    name: str,
    roles: Collection[Role],
    phone: str = "",
) -> Person:
    """Add a person to an organisation: by its manager, or by the association or platform that registered it."""
    organisation = get_organisation(session, organisation_id)
    if actor.organisation_id == organisation_id:
        actor.must_have(Role.MANAGER, Role.OPERATOR)
    else:
        actor.must_be(OrganisationKind.ASSOCIATION, OrganisationKind.PLATFORM)
        actor.must_have(Role.OFFICER, Role.OPERATOR)
        if organisation.kind is not OrganisationKind.MEMBER:
            actor.must_be(OrganisationKind.PLATFORM)
    fields = Fields()
    for role in roles or ("",):
        fields.choice("roles", role, ROLES[organisation.kind])
    person = Person(
        id=new_id(),
        name=fields.text("name", name, limit=40),
        phone=fields.phone("phone", phone),
        created_at=office.clock(),
    )
    fields.done()
    session.add(person)
    session.flush()
    for role in roles:
        session.add(Membership(person_id=person.id, organisation_id=organisation_id, role=role))
    session.flush()
    return person


def add_base(
    session: Session, office: Office, actor: Actor, *, name: str, county: str, township: str, village: str = ""
) -> Base:
    """Register a base of the actor's organisation."""
    del office
    must_keep_books(actor)
    fields = Fields()
    values = read_base(fields, name=name, county=county, township=township, village=village)
    fields.done()
    base = Base(id=new_id(), organisation_id=actor.organisation_id, **values)
    session.add(base)
    session.flush()
    return base


def add_plot(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    base_id: str,
    name: str,
    area_mu: str | Decimal,
    altitude_m: str | Decimal,
    latitude: str | Decimal = "",
    longitude: str | Decimal = "",
) -> Plot:
    """Register a plot on a base of the actor's organisation; coordinates are optional and stay private."""
    del office
    must_keep_books(actor)
    base = session.get(Base, base_id)
    if base is None:
        raise ThingNotFound(field="base_id")
    actor.must_own(base.organisation_id)
    must_be_in_use(base, "base_id")
    fields = Fields()
    values = read_plot(
        fields, name=name, area_mu=area_mu, altitude_m=altitude_m, latitude=latitude, longitude=longitude
    )
    fields.done()
    plot = Plot(id=new_id(), base_id=base_id, organisation_id=actor.organisation_id, **values)
    session.add(plot)
    session.flush()
    return plot


def add_product(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    name: str,
    category: str,
    unit: str,
    net_amount: str | Decimal,
    net_unit: str,
    pack_unit: str,
    name_en: str = "",
    gtin: str = "",
    shelf_life: str = "",
    allow_example_gtin: bool = False,
) -> Product:
    """Register a product of the actor's organisation; prefix 952 is refused unless this is a demonstration."""
    must_keep_books(actor)
    fields = Fields()
    values = read_product(
        fields,
        [entry.id for entry in office.catalogue.categories],
        name=name,
        category=category,
        unit=unit,
        net_amount=net_amount,
        net_unit=net_unit,
        pack_unit=pack_unit,
        name_en=name_en,
        gtin=gtin,
        shelf_life=shelf_life,
        allow_example_gtin=allow_example_gtin,
    )
    fields.done()
    check_gtin_free(session, values["gtin"])
    product = Product(id=new_id(), organisation_id=actor.organisation_id, **values)
    session.add(product)
    session.flush()
    return product


def add_mark(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    kind: MarkKind,
    number: str,
    valid_from: date,
    valid_until: date,
    product_id: str | None = None,
) -> OtherMark:
    """Register another mark that the actor's organisation says to hold, for one product or all of them."""
    del office
    must_keep_books(actor)
    fields = Fields()
    values = read_mark(
        fields, kind=kind, number=number, valid_from=valid_from, valid_until=valid_until, product_id=product_id
    )
    check_mark_product(session, actor, product_id)
    fields.done()
    check_mark_new(session, actor, values)
    mark = OtherMark(id=new_id(), organisation_id=actor.organisation_id, **values)
    session.add(mark)
    session.flush()
    return mark


def get_organisation(session: Session, organisation_id: str) -> Organisation:
    """Return an organisation; raises `ThingNotFound`."""
    return _get(session, Organisation, organisation_id)


def get_product(session: Session, product_id: str) -> Product:
    """Return a product; raises `ThingNotFound`."""
    return _get(session, Product, product_id)


def get_plot(session: Session, plot_id: str) -> Plot:
    """Return a plot; raises `ThingNotFound`."""
    return _get(session, Plot, plot_id)


def _get(session: Session, model: type[Row], key: str) -> Row:
    row = session.get(model, key)
    if row is None:
        raise ThingNotFound
    return row


def must_keep_books(actor: Actor) -> None:
    """Raise unless the actor is a member's manager or clerk, or its program."""
    actor.must_be(OrganisationKind.MEMBER)
    actor.must_have(Role.MANAGER, Role.CLERK)


def must_be_in_use(row: Base | Plot | Product | OtherMark, field: str | None = None) -> None:
    """Raise `Retired` where nothing new may be begun with this."""
    if row.retired_at is not None:
        raise Retired(field=field)


def check_gtin_free(session: Session, gtin: str | None, *, but: str = "") -> None:
    """Raise `GtinTaken` where a product other than `but` has this GTIN."""
    if gtin and session.exec(select(Product).where(Product.gtin == gtin, Product.id != but)).first():
        raise GtinTaken(field="gtin")


def check_mark_product(session: Session, actor: Actor, product_id: str | None) -> None:
    """Raise unless the product of a mark is one of the actor's own, in use."""
    if product_id is not None:
        product = get_product(session, product_id)
        actor.must_own(product.organisation_id)
        must_be_in_use(product, "product_id")


def check_mark_new(session: Session, actor: Actor, values: Mapping[str, Any], *, but: str = "") -> None:
    """Raise `MarkKnown` where a mark of the organisation other than `but` has this kind and number."""
    same = select(OtherMark).where(
        OtherMark.organisation_id == actor.organisation_id,
        OtherMark.kind == values["kind"],
        OtherMark.number == values["number"],
        OtherMark.id != but,
    )
    if session.exec(same).first() is not None:
        raise MarkKnown(field="number")
