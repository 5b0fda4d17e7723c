"""The registry over the API: your own organisation, its people, products, bases, plots and marks; the step catalogue."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query
from sqlmodel import Session, col, select

from shangeng_trace import registry as verbs
from shangeng_trace.acting import Actor
from shangeng_trace.registry_tables import Base, Membership, OrganisationKind, OtherMark, Person, Plot, Product, Role
from shangeng_web.api.answers import READING, WRITING
from shangeng_web.api.once import OnceDep
from shangeng_web.api.paging import Page, Slice, SliceDep, page
from shangeng_web.api.registry_wire import (
    BaseIn,
    BaseOut,
    MarkIn,
    MarkOut,
    OrganisationOut,
    PersonIn,
    PersonOut,
    PlotIn,
    PlotOut,
    ProductIn,
    ProductOut,
)
from shangeng_web.api.wire import ID_PATTERN
from shangeng_web.deps import ApiActor, PlatformDep, ReadDep

router = APIRouter(tags=["registry"])

OFFICES = (
    OrganisationKind.BODY,
    OrganisationKind.ASSOCIATION,
    OrganisationKind.SUPERVISOR,
    OrganisationKind.PLATFORM,
)
"""Organisations whose work is with other people's products and plots."""

Row = TypeVar("Row", Product, Base, Plot, OtherMark)
Of = Annotated[
    str | None,
    Query(alias="organisation_id", pattern=ID_PATTERN, description="Another's, for bodies, association, supervisors."),
]


@router.get("/me", summary="本单位 · Your organisation", responses=READING)
async def get_me(actor: ApiActor, session: ReadDep) -> OrganisationOut:
    """The organisation that this token acts for."""
    return OrganisationOut.of(await session.run_sync(verbs.get_organisation, actor.organisation_id))


@router.get("/people", summary="本单位的人员 · Your people", responses=READING)
async def list_people(actor: ApiActor, session: ReadDep, part: SliceDep) -> Page[PersonOut]:
    """The people of your organisation in the order of their ids, for `claimed_by`; for managers and clerks."""
    actor.must_have(Role.MANAGER, Role.CLERK, Role.OPERATOR)
    return await session.run_sync(_people, actor, part)


def _people(session: Session, actor: Actor, part: Slice) -> Page[PersonOut]:
    mine = select(Membership.person_id).where(Membership.organisation_id == actor.organisation_id)
    people = session.exec(
        select(Person).where(col(Person.id).in_(mine), Person.id > part.place).order_by(Person.id).limit(part.limit + 1)
    ).all()
    roles: dict[str, list[Role]] = {person.id: [] for person in people}
    for held in session.exec(
        select(Membership).where(
            Membership.organisation_id == actor.organisation_id, col(Membership.person_id).in_(list(roles))
        )
    ):
        roles[held.person_id].append(held.role)
    return page(people, part, lambda row: row.id, lambda row: PersonOut.of(row, roles[row.id]))


@router.post("/people", status_code=201, summary="登记人员 · Add a person", responses=WRITING)
async def add_person(body: PersonIn, once: OnceDep) -> PersonOut:
    """Add a person to your organisation; an account for the console is made there."""

    def command(session: Session) -> PersonOut:
        row = verbs.add_person(
            session,
            once.platform.office,
            once.actor,
            organisation_id=once.actor.organisation_id,
            name=body.name,
            phone=body.phone,
            roles=set(body.roles),
        )
        return PersonOut.of(row, body.roles)

    return await once.run(command, PersonOut, body)


@router.get("/steps", summary="环节目录 · The step catalogue", responses=READING)
async def list_steps(
    actor: ApiActor,  # noqa: ARG001 - a token is needed all the same
    platform: PlatformDep,
    category: Annotated[str, Query(max_length=40, description="A category of products.", examples=["tea"])],
) -> list[dict[str, Any]]:
    """The steps of a category with their fields, units, bounds and choices: enough to build forms from."""
    found = platform.office.catalogue.steps_for(category) + platform.office.catalogue.manage_steps()
    return [step.model_dump(mode="json", exclude_none=True) for step in found]


@router.get("/products", summary="产品 · Products", responses=READING)
async def list_products(actor: ApiActor, session: ReadDep, part: SliceDep, of: Of = None) -> Page[ProductOut]:
    """Products in the order of their ids: your own, or a member's for offices."""
    rows = await session.run_sync(_rows, Product, _whose(actor, of), part)
    return page(rows, part, lambda row: row.id, ProductOut.of)


@router.post("/products", status_code=201, summary="登记产品 · Register a product", responses=WRITING)
async def add_product(body: ProductIn, once: OnceDep) -> ProductOut:
    """Register a product of yours; a GTIN must have its check digit."""
    demo = once.platform.settings.demo

    def command(session: Session) -> ProductOut:
        row = verbs.add_product(session, once.platform.office, once.actor, **body.model_dump(), allow_example_gtin=demo)
        return ProductOut.of(row)

    return await once.run(command, ProductOut, body)


@router.get("/bases", summary="基地 · Bases", responses=READING)
async def list_bases(actor: ApiActor, session: ReadDep, part: SliceDep, of: Of = None) -> Page[BaseOut]:
    """Bases in the order of their ids: your own, or a member's for offices."""
    rows = await session.run_sync(_rows, Base, _whose(actor, of), part)
    return page(rows, part, lambda row: row.id, BaseOut.of)


@router.post("/bases", status_code=201, summary="登记基地 · Register a base", responses=WRITING)
async def add_base(body: BaseIn, once: OnceDep) -> BaseOut:
    """Register a base in one of the nine counties."""

    def command(session: Session) -> BaseOut:
        return BaseOut.of(verbs.add_base(session, once.platform.office, once.actor, **body.model_dump()))

    return await once.run(command, BaseOut, body)


@router.get("/plots", summary="地块 · Plots", responses=READING)
async def list_plots(actor: ApiActor, session: ReadDep, part: SliceDep, of: Of = None) -> Page[PlotOut]:
    """Plots in the order of their ids, without coordinates: your own, or a member's for offices."""
    rows = await session.run_sync(_rows, Plot, _whose(actor, of), part)
    return page(rows, part, lambda row: row.id, PlotOut.of)


@router.post("/plots", status_code=201, summary="登记地块 · Register a plot", responses=WRITING)
async def add_plot(body: PlotIn, once: OnceDep) -> PlotOut:
    """Register a plot on one of your bases."""
    values = {name: "" if value is None else value for name, value in body.model_dump().items()}

    def command(session: Session) -> PlotOut:
        return PlotOut.of(verbs.add_plot(session, once.platform.office, once.actor, **values))

    return await once.run(command, PlotOut, body)


@router.get("/marks", summary="其他标志 · Other marks", responses=READING)
async def list_marks(actor: ApiActor, session: ReadDep, part: SliceDep, of: Of = None) -> Page[MarkOut]:
    """Other marks in the order of their ids: your own, or a member's for offices."""
    rows = await session.run_sync(_rows, OtherMark, _whose(actor, of), part)
    return page(rows, part, lambda row: row.id, MarkOut.of)


@router.post("/marks", status_code=201, summary="登记标志 · Register another mark", responses=WRITING)
async def add_mark(body: MarkIn, once: OnceDep) -> MarkOut:
    """Register a green-food, organic or geographical-indication mark that you hold."""

    def command(session: Session) -> MarkOut:
        return MarkOut.of(verbs.add_mark(session, once.platform.office, once.actor, **body.model_dump()))

    return await once.run(command, MarkOut, body)


def _whose(actor: Actor, of: str | None) -> str:
    """Return whose things are asked for; raises `WrongOffice` for those of others without the office for it."""
    if of is None or of == actor.organisation_id:
        return actor.organisation_id
    actor.must_be(*OFFICES)
    return of


def _rows(session: Session, model: type[Row], owner: str, part: Slice) -> Sequence[Row]:
    query = (
        select(model)
        .where(model.organisation_id == owner, model.id > part.place)
        .order_by(model.id)
        .limit(part.limit + 1)
    )
    return session.exec(query).all()
