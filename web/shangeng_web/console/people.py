"""The people of an organisation, for its manager: who they are, adding one, stopping an account, another password."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import Response

from shangeng_trace.acting import Actor
from shangeng_trace.ids import read_id
from shangeng_trace.registry import ROLES
from shangeng_trace.registry_tables import Role
from shangeng_web.account_tables import Account
from shangeng_web.console.desk import ROLE_WORDS, Desk
from shangeng_web.console.doors import done, door
from shangeng_web.console.filled import Filled, carry_out, save, see
from shangeng_web.deps import FormDep, ReadDep
from shangeng_web.i18n import N_, translator
from shangeng_web.staff import (
    PersonUnknown,
    add_colleague,
    colleagues,
    first_password,
    reset_password,
    resume_account,
    stop_account,
)

router = APIRouter(prefix="/console", include_in_schema=False)

PEOPLE = "/console/people"
ME = "/console/me"

Manager = Annotated[Desk, door(roles=(Role.MANAGER, Role.OPERATOR))]

PERSON = {"name": N_("姓名"), "phone": N_("手机"), "roles": N_("角色"), "username": N_("登录用户名")}


@router.get("/people")
async def people(desk: Manager, session: ReadDep) -> Response:
    """List the organisation's people with their roles."""
    return await session.run_sync(_list, desk, Filled(desk.language, {}))


@router.get("/people/new")
async def person_form(desk: Manager) -> Response:
    """Ask for another person."""
    offered = [ROLES[desk.login.organisation.kind][-1].value]
    return _ask(desk, Filled(desk.language, PERSON, offered={"roles": offered}))


@router.post("/people/new")
async def add_somebody(desk: Manager, form: FormDep) -> Response:
    """Add a person with an account, and show the first password, once."""
    filled, platform, actor = Filled(desk.language, PERSON, form), desk.visitor.platform, desk.login.actor
    password = first_password()
    hashed = await asyncio.to_thread(platform.passwords.hash, password)

    def command(session: Session) -> str:
        filled.need("username")
        add_colleague(
            session,
            platform.office,
            actor,
            organisation_id=actor.organisation_id,
            name=filled.text("name"),
            phone=filled.text("phone"),
            roles=[role for role in Role if role.value in filled.texts("roles")],
            username=filled.text("username"),
            password_hash=hashed,
        )
        return PEOPLE

    place = await carry_out(desk, filled, command)
    if place is None:
        return _ask(desk, filled)
    if filled.repeated:
        return see(f"{place}?done=known")
    return _secret(desk, filled.text("name"), filled.text("username").strip().lower(), password, "person")


@router.post("/people/{person_id}/stop")
async def stop(person_id: str, desk: Manager, session: ReadDep, form: FormDep) -> Response:
    """Let somebody in no longer."""
    filled = Filled(desk.language, {}, form)
    leave = partial(stop_account, office=desk.visitor.platform.office)
    saved = await save(desk, filled, _done(desk, leave, person_id, "disabled"))
    return saved if saved is not None else await session.run_sync(_list, desk, filled)


@router.post("/people/{person_id}/resume")
async def resume(person_id: str, desk: Manager, session: ReadDep, form: FormDep) -> Response:
    """Let somebody in again."""
    filled = Filled(desk.language, {}, form)
    saved = await save(desk, filled, _done(desk, resume_account, person_id, "enabled"))
    return saved if saved is not None else await session.run_sync(_list, desk, filled)


@router.post("/people/{person_id}/password")
async def renew_password(person_id: str, desk: Manager, session: ReadDep, form: FormDep) -> Response:
    """Give somebody another first password, and show it, once."""
    filled, platform, known = Filled(desk.language, {}, form), desk.visitor.platform, _person_id(person_id)
    password = first_password()
    hashed = await asyncio.to_thread(platform.passwords.hash, password)

    def command(session: Session) -> str:
        reset_password(session, desk.login.actor, person_id=known, password_hash=hashed)
        return PEOPLE

    place = await carry_out(desk, filled, command)
    if place is None:
        return await session.run_sync(_list, desk, filled)
    if filled.repeated:
        return see(f"{place}?done=known")
    known_as = next(
        each for each in await session.run_sync(colleagues, desk.login.organisation.id) if each.person.id == known
    )
    return _secret(desk, known_as.person.name, known_as.username, password, "renewed")


def _done(
    desk: Desk, verb: Callable[[Session, Actor, str], Account], person_id: str, word: str
) -> Callable[[Session], str]:
    known = _person_id(person_id)

    def command(session: Session) -> str:
        verb(session, desk.login.actor, known)
        return f"{PEOPLE}?done={word}"

    return command


def _person_id(text: str) -> str:
    known = read_id(text)
    if known is None:
        raise PersonUnknown
    return known


def _secret(desk: Desk, name: str, username: str, password: str, word: str) -> Response:
    return desk.page(
        "console/people/secret.html",
        open=ME,
        person=name,
        username=username,
        password=password,
        onward=f"{PEOPLE}?done={word}",
    )


def _ask(desk: Desk, filled: Filled) -> Response:
    say = translator(desk.language)
    return desk.page(
        "console/people/form.html",
        open=ME,
        status=filled.status,
        form=filled,
        roles=[(role.value, say(ROLE_WORDS[role])) for role in ROLES[desk.login.organisation.kind]],
    )


def _list(session: Session, desk: Desk, filled: Filled) -> Response:
    say = translator(desk.language)
    return desk.page(
        "console/people/list.html",
        open=ME,
        status=filled.status,
        flash=done(desk),
        form=filled,
        people=colleagues(session, desk.login.organisation.id),
        words={role: say(words) for role, words in ROLE_WORDS.items()},
        own=desk.login.person.id,
    )
