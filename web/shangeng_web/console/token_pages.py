"""Programs' tokens, for the manager: which there are, another one, and taking one back."""

from typing import Annotated

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import Response

from shangeng_trace.errors import NotFoundError
from shangeng_trace.fields import Missing, NotAChoice
from shangeng_trace.ids import read_id
from shangeng_trace.registry_tables import Role
from shangeng_web.console.desk import ROLE_WORDS, Desk
from shangeng_web.console.doors import done, door
from shangeng_web.console.filled import Filled, carry_out, save, see
from shangeng_web.deps import FormDep, ReadDep
from shangeng_web.i18n import N_, translator
from shangeng_web.tokens import create_token, list_tokens, revoke_token

router = APIRouter(prefix="/console", include_in_schema=False)

TOKENS = "/console/tokens"
ME = "/console/me"

Manager = Annotated[Desk, door(roles=(Role.MANAGER, Role.OPERATOR))]

TOKEN = {"name": N_("用在哪里"), "roles": N_("能做什么")}


@router.get("/tokens")
async def tokens(desk: Manager, session: ReadDep) -> Response:
    """List the organisation's tokens, and ask for another."""
    return await session.run_sync(_list, desk, _fresh(desk))


@router.post("/tokens")
async def make_token(desk: Manager, session: ReadDep, form: FormDep) -> Response:
    """Make a token, and show it, once."""
    filled, shown = Filled(desk.language, TOKEN, form), list[str]()
    wanted = [role for role in desk.login.roles if role.value in filled.texts("roles")]

    def command(session: Session) -> str:
        if not wanted:
            filled.refuse((NotAChoice if filled.text("roles") else Missing)(field="roles"))
        moment = desk.visitor.platform.office.clock()
        _, text = create_token(session, desk.login.actor, name=filled.text("name"), roles=wanted, moment=moment)
        shown.append(text)
        return TOKENS

    place = await carry_out(desk, filled, command)
    if place is None:
        return await session.run_sync(_list, desk, filled)
    if filled.repeated:
        return see(f"{place}?done=known")
    return desk.page("console/people/token.html", open=ME, used_for=filled.text("name"), token=shown[-1])


@router.post("/tokens/{token_id}/revoke")
async def take_back(token_id: str, desk: Manager, session: ReadDep, form: FormDep) -> Response:
    """End a token at once."""
    filled, known = Filled(desk.language, TOKEN, form), read_id(token_id)
    if known is None:
        raise NotFoundError

    def command(session: Session) -> str:
        revoke_token(session, desk.login.actor, token_id=known, moment=desk.visitor.platform.office.clock())
        return f"{TOKENS}?done=revoked"

    saved = await save(desk, filled, command)
    return saved if saved is not None else await session.run_sync(_list, desk, filled)


def _fresh(desk: Desk) -> Filled:
    return Filled(desk.language, TOKEN, offered={"roles": [role.value for role in desk.login.roles]})


def _list(session: Session, desk: Desk, filled: Filled) -> Response:
    say, moment = translator(desk.language), desk.visitor.platform.office.clock()
    words = {role.value: say(text) for role, text in ROLE_WORDS.items()}
    rows = list_tokens(session, desk.login.organisation.id)
    return desk.page(
        "console/people/tokens.html",
        open=ME,
        status=filled.status,
        flash=done(desk),
        form=filled,
        lines=[
            (
                row,
                "、".join(words[role] for role in row.roles.split()),
                row.revoked_at is None and row.expires_at > moment,
            )
            for row in rows
        ],
        roles=[(role.value, words[role.value]) for role in ROLE_WORDS if role in desk.login.roles],
    )
