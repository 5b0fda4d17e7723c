"""Members, for the offices: the list, one member, and registering another together with its first person."""

import asyncio
from typing import Annotated

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import Response

from shangeng_trace.registry import register_organisation
from shangeng_trace.registry_tables import OrganisationKind, Role
from shangeng_web.console.desk import Desk
from shangeng_web.console.doors import done, door
from shangeng_web.console.filled import Filled, carry_out, see
from shangeng_web.console.member_views import PAGE, member, member_page
from shangeng_web.console.paging import asked_page, paging
from shangeng_web.console.permission_views import permission_lines
from shangeng_web.console.registry_views import county_options
from shangeng_web.deps import FormDep, ReadDep
from shangeng_web.i18n import N_
from shangeng_web.staff import add_colleague, first_password

router = APIRouter(prefix="/console", include_in_schema=False)

MEMBERS = "/console/members"
_OFFICES = (OrganisationKind.ASSOCIATION, OrganisationKind.PLATFORM)

Looking = Annotated[Desk, door(*_OFFICES, OrganisationKind.SUPERVISOR)]
Registering = Annotated[Desk, door(*_OFFICES, roles=(Role.OFFICER, Role.OPERATOR))]

MEMBER = {
    "sort": N_("类型"),
    "name": N_("单位名称"),
    "name_en": N_("英文名称"),
    "number": N_("统一社会信用代码"),
    "county": N_("县（市、区）"),
    "township": N_("乡镇、街道"),
    "phone": N_("单位电话"),
    "person_name": N_("负责人姓名"),
    "person_phone": N_("负责人手机"),
    "username": N_("登录用户名"),
}
HOUSEHOLD = "household"


@router.get("/members")
async def members(desk: Looking, session: ReadDep) -> Response:
    """List the members, with a search by name or number."""
    query, number = desk.visitor.request.query_params.get("q", ""), asked_page(desk)
    lines, total = await session.run_sync(member_page, query=query, number=number, language=desk.language)
    return desk.page(
        "console/members/list.html",
        open=MEMBERS,
        flash=done(desk),
        lines=lines,
        paging=paging(number, PAGE, total),
        words=query,
        may=_may_register(desk),
    )


@router.get("/members/new")
async def member_form(desk: Registering) -> Response:
    """Ask for a new member and its first person."""
    return _ask(desk, Filled(desk.language, MEMBER, offered={"sort": "cooperative"}))


@router.post("/members/new")
async def register_member(desk: Registering, form: FormDep) -> Response:
    """Register a member and its manager in one go, and show the manager's first password, once."""
    filled, platform = Filled(desk.language, MEMBER, form), desk.visitor.platform
    password = first_password()
    hashed = await asyncio.to_thread(platform.passwords.hash, password)

    def command(session: Session) -> str:
        return _register(session, desk, filled, hashed)

    place = await carry_out(desk, filled, command)
    if place is None:
        return _ask(desk, filled)
    if filled.repeated:
        return see(f"{place}?done=known")
    return desk.page(
        "console/people/secret.html",
        open=MEMBERS,
        person=filled.text("person_name"),
        username=filled.text("username").strip().lower(),
        password=password,
        onward=f"{place}?done=member",
    )


@router.get("/members/{member_id}")
async def one_member(member_id: str, desk: Looking, session: ReadDep) -> Response:
    """Show everything on record about a member."""
    office = desk.visitor.platform.office
    language, at = desk.language, office.clock()
    found = await session.run_sync(member, office.catalogue, member_id, language=language, at=at)
    held = await session.run_sync(permission_lines, found.held, language=language, at=at)
    return desk.page("console/members/member.html", open=MEMBERS, flash=done(desk), member=found, held=held)


def _register(session: Session, desk: Desk, filled: Filled, hashed: str) -> str:
    office, actor = desk.visitor.platform.office, desk.login.actor
    filled.need("person_name", "username", *([] if filled.text("sort") == HOUSEHOLD else ["number"]))
    made = register_organisation(
        session,
        office,
        actor,
        kind=OrganisationKind.MEMBER,
        number="" if filled.text("sort") == HOUSEHOLD else filled.text("number"),
        **{name: filled.text(name) for name in ("name", "name_en", "county", "township", "phone")},
    )
    add_colleague(
        session,
        office,
        actor,
        organisation_id=made.id,
        name=filled.text("person_name"),
        phone=filled.text("person_phone"),
        roles=[Role.MANAGER],
        username=filled.text("username"),
        password_hash=hashed,
        prefix="person_",
    )
    return f"{MEMBERS}/{made.id}"


def _may_register(desk: Desk) -> bool:
    return desk.login.organisation.kind in _OFFICES and bool(desk.login.roles & {Role.OFFICER, Role.OPERATOR})


def _ask(desk: Desk, filled: Filled) -> Response:
    return desk.page(
        "console/members/form.html",
        open=MEMBERS,
        status=filled.status,
        form=filled,
        counties=county_options(desk.language),
    )
