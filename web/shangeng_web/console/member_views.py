"""Queries: members as the offices see them, as a list with counts and one by one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from shangeng_certs.standing import certificates_of, licences_of
from shangeng_certs.tables import Certificate, Licence
from shangeng_trace.batch_tables import Batch
from shangeng_trace.catalogue import Catalogue
from shangeng_trace.ids import read_id
from shangeng_trace.places import COUNTIES
from shangeng_trace.registry import ThingNotFound
from shangeng_trace.registry_tables import Organisation, OrganisationKind, Product
from shangeng_web.console.registry_views import (
    BaseLine,
    MarkLine,
    ProductLine,
    bases_of,
    marks_of,
    people_count,
    products_of,
)
from shangeng_web.console.states import Line, read_lines
from shangeng_web.i18n import Language

PAGE = 20
_LONGEST_QUERY = 60
_LATEST = 10


@dataclass(frozen=True, slots=True)
class MemberLine:
    """A member as one line of a list."""

    row: Organisation
    name: str
    place: str
    products: int
    batches: int


@dataclass(frozen=True, slots=True)
class Member:
    """Everything on record about one member."""

    row: Organisation
    name: str
    place: str
    people: int
    products: list[ProductLine]
    bases: list[BaseLine]
    marks: list[MarkLine]
    held: list[Certificate | Licence]
    batches: list[Line]


def member_page(
    session: Session, *, query: str = "", number: int = 1, language: Language
) -> tuple[list[MemberLine], int]:
    """Return a page of the members whose name or number holds `query`, by name, and how many there are."""
    words = query.strip()[:_LONGEST_QUERY]
    wanted = [col(Organisation.kind) == OrganisationKind.MEMBER]
    if words:
        names = (col(Organisation.name), col(Organisation.name_en), col(Organisation.number))
        wanted.append(or_(*(each.icontains(words, autoescape=True) for each in names)))
    total = session.exec(select(func.count()).select_from(Organisation).where(*wanted)).one()
    rows = session.exec(
        select(Organisation)
        .where(*wanted)
        .order_by(col(Organisation.name), col(Organisation.id))
        .offset((number - 1) * PAGE)
        .limit(PAGE)
    ).all()
    ids = [row.id for row in rows]
    products = dict(
        session.exec(
            select(Product.organisation_id, func.count())
            .where(col(Product.organisation_id).in_(ids))
            .group_by(col(Product.organisation_id))
        ).all()
    )
    batches = dict(
        session.exec(
            select(Batch.owner, func.count()).where(col(Batch.owner).in_(ids)).group_by(col(Batch.owner))
        ).all()
    )
    lines = [
        MemberLine(
            row,
            organisation_name(row, language),
            organisation_place(row, language),
            products.get(row.id, 0),
            batches.get(row.id, 0),
        )
        for row in rows
    ]
    return lines, total


def member(session: Session, catalogue: Catalogue, member_id: str, *, language: Language, at: datetime) -> Member:
    """Return one member; raises `ThingNotFound`."""
    known = read_id(member_id)
    row = session.get(Organisation, known) if known else None
    if row is None or row.kind is not OrganisationKind.MEMBER:
        raise ThingNotFound
    batches = session.exec(
        select(Batch).where(Batch.owner == row.id).order_by(col(Batch.changed_at).desc(), col(Batch.id)).limit(_LATEST)
    )
    return Member(
        row=row,
        name=organisation_name(row, language),
        place=organisation_place(row, language),
        people=people_count(session, row.id),
        products=products_of(session, catalogue, row.id, language=language, at=at),
        bases=bases_of(session, row.id, language=language),
        marks=marks_of(session, row.id, language=language, at=at),
        held=held_by(session, row.id),
        batches=read_lines(session, catalogue, batches, language=language, at=at),
    )


def held_by(session: Session, holder_id: str) -> list[Certificate | Licence]:
    """Return a member's licences and certificates, each newest first."""
    return [*licences_of(session, holder_id), *certificates_of(session, holder_id)]


def organisation_name(row: Organisation, language: Language) -> str:
    """Return an organisation's name; in English where it has one."""
    return (language == "en" and row.name_en) or row.name


def organisation_place(row: Organisation, language: Language) -> str:
    """Say where an organisation is: county and township."""
    county = COUNTIES[row.county].name(language) if row.county in COUNTIES else ""
    if language == "en":
        return ", ".join(part for part in (row.township, county) if part)
    return county + row.township
