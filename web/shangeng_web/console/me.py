"""The person themselves: how they read, their password, for whom they act, and going out."""

from fastapi import APIRouter
from starlette.responses import Response

from shangeng_trace.registry_tables import OrganisationKind, Role
from shangeng_web.console.desk import ROLE_WORDS, DeskDep
from shangeng_web.console.doors import done
from shangeng_web.console.member_views import organisation_name
from shangeng_web.i18n import translator

router = APIRouter(prefix="/console", include_in_schema=False)

ME = "/console/me"


@router.get("/me")
async def me(desk: DeskDep) -> Response:
    """Show who is signed in and what they can set."""
    say, login = translator(desk.language), desk.login
    return desk.page(
        "console/me/me.html",
        open=ME,
        flash=done(desk),
        person=login.person,
        username=login.username,
        roles=[say(words) for role, words in ROLE_WORDS.items() if role in login.roles],
        organisation=login.organisation,
        called=organisation_name(login.organisation, desk.language),
        organisations=[(row.id, organisation_name(row, desk.language)) for row in login.organisations],
        member=login.organisation.kind is OrganisationKind.MEMBER,
        manages=bool(login.roles & {Role.MANAGER, Role.OPERATOR}),
    )
