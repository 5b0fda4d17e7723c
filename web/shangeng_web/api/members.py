"""Members over the API: the association registers them, offices see them, a member finds one by its number."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlmodel import Session, select

from shangeng_trace import registry as verbs
from shangeng_trace.acting import Actor
from shangeng_trace.registry_tables import Organisation, OrganisationKind
from shangeng_web.api.answers import READING, WRITING
from shangeng_web.api.once import OnceDep
from shangeng_web.api.paging import Page, Slice, SliceDep, page
from shangeng_web.api.registry import OFFICES
from shangeng_web.api.registry_wire import MemberIn, MemberOut, OrganisationOut
from shangeng_web.api.wire import ID_PATTERN, MEMBER
from shangeng_web.deps import ApiActor, ReadDep

router = APIRouter(tags=["members"])

MemberId = Annotated[str, Path(pattern=ID_PATTERN, description="A member's id.", examples=[MEMBER])]
MemberNumber = Annotated[
    str | None,
    Query(pattern="^[0-9A-Z]{1,20}$", description="Only the member with this number, which everybody may ask for."),
]


@router.get("/members", summary="会员列表 · List members", responses=READING)
async def list_members(
    actor: ApiActor, session: ReadDep, part: SliceDep, number: MemberNumber = None
) -> Page[OrganisationOut]:
    """Members in the order of their ids. Members themselves may only ask by `number`, as before shipping to one."""
    if number is None:
        actor.must_be(*OFFICES)
    return await session.run_sync(_page, actor, number, part)


def _page(session: Session, actor: Actor, number: str | None, part: Slice) -> Page[OrganisationOut]:
    query = select(Organisation).where(Organisation.kind == OrganisationKind.MEMBER, Organisation.id > part.place)
    if number is not None:
        query = query.where(Organisation.number == number)
    rows = session.exec(query.order_by(Organisation.id).limit(part.limit + 1)).all()
    return page(rows, part, lambda row: row.id, lambda row: _shown(actor, row))


@router.get("/members/{member_id}", summary="一个会员 · One member", responses=READING)
async def get_member(member_id: MemberId, actor: ApiActor, session: ReadDep) -> OrganisationOut:
    """A member by its id: your own organisation, or any for offices."""
    if member_id != actor.organisation_id:
        actor.must_be(*OFFICES)
    row = await session.run_sync(verbs.get_organisation, member_id)
    if row.kind is not OrganisationKind.MEMBER:
        raise verbs.ThingNotFound
    return _shown(actor, row)


def _shown(actor: Actor, row: Organisation) -> OrganisationOut:
    """A household's name is personal data: it is shown to itself and to those whose office it is to know it."""
    return OrganisationOut.of(row, named=row.id == actor.organisation_id or actor.kind in OFFICES)


@router.post("/members", status_code=201, summary="登记会员 · Register a member", responses=WRITING)
async def register_member(body: MemberIn, once: OnceDep) -> MemberOut:
    """Register a member with a key in custody, and the first person who acts for it; for the association's officers."""

    def command(session: Session) -> MemberOut:
        office, actor = once.platform.office, once.actor
        row = verbs.register_organisation(
            session, office, actor, kind=OrganisationKind.MEMBER, **body.model_dump(exclude={"person"})
        )
        person = body.person and verbs.add_person(
            session,
            office,
            actor,
            organisation_id=row.id,
            name=body.person.name,
            phone=body.person.phone,
            roles=set(body.person.roles),
        )
        shown = OrganisationOut.of(row).model_dump()
        return MemberOut(**shown, person_id=person.id if person else None)

    return await once.run(command, MemberOut, body)
