"""Coming in, going out, acting for another organisation, and a new password."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from shangeng_trace.errors import ShangengError
from shangeng_web.accounts import (
    LoginPaused,
    LoginRefused,
    change_password,
    check_wait,
    close_session,
    count_failure,
    find_account,
    find_signed_in,
    open_session,
    switch_organisation,
)
from shangeng_web.console.desk import PRIVATE, DeskDep
from shangeng_web.deps import (
    FormDep,
    LoginDep,
    PlatformDep,
    ReadDep,
    Visit,
    Visitor,
    cookie_name,
    must_be_from_here,
    set_session_cookie,
)
from shangeng_web.errors import status_of
from shangeng_web.passwords import check_new_password
from shangeng_web.platform import Platform

router = APIRouter(prefix="/console", include_in_schema=False)

START = "/console/"
LOGIN = "/console/login"
ME = "/console/me"


@router.get("/login")
async def login_page(request: Request, visit: Visit, session: ReadDep) -> Response:
    """Ask for username and password; who is signed in already goes on."""
    onward = local_path(request.query_params.get("next"))
    token = request.cookies.get(cookie_name(visit.platform))
    known = await session.run_sync(find_signed_in, token, moment=visit.platform.office.clock()) if token else None
    if known is not None:
        return RedirectResponse(onward, 303, headers=PRIVATE)
    return _ask(visit, onward=onward)


@router.post("/login")
async def log_in(request: Request, visit: Visit, platform: PlatformDep, form: FormDep) -> Response:
    """Check username and password; a session begins only here."""
    must_be_from_here(request)
    username, password, onward = _text(form, "username"), _text(form, "password"), local_path(_text(form, "next"))
    try:
        token = await sign_in(platform, username, password)
    except (LoginRefused, LoginPaused) as error:
        return _ask(visit, onward=onward, username=username, error=error)
    response = RedirectResponse(onward, 303, headers=PRIVATE)
    set_session_cookie(response, platform, token)
    return response


async def sign_in(platform: Platform, username: str, password: str) -> str:
    """Check a password and open a session; return the cookie's token. Raises `LoginRefused` or `LoginPaused`."""
    moment, passwords = platform.office.clock(), platform.passwords
    async with platform.read() as session:
        await session.run_sync(check_wait, username, moment=moment)
        account = await session.run_sync(find_account, username)
    stored = None if account is None else account.password
    if not await asyncio.to_thread(passwords.matches, password, stored):
        await platform.write(lambda session: count_failure(session, username, moment=moment))
        raise LoginRefused(field="password")
    renewed = None
    if stored is not None and passwords.is_outdated(stored):
        renewed = await asyncio.to_thread(passwords.hash, password)

    def begin(session: Session) -> str:
        return open_session(session, username=username, moment=moment, password_hash=renewed)

    return await platform.write(begin)


@router.post("/logout")
async def log_out(login: LoginDep, platform: PlatformDep) -> Response:
    """End the session, here and in the database."""
    await platform.write(lambda session: close_session(session, session_id=login.id))
    response = RedirectResponse(LOGIN, 303, headers=PRIVATE)
    set_session_cookie(response, platform, None)
    return response


@router.post("/switch")
async def switch(login: LoginDep, platform: PlatformDep, form: FormDep) -> Response:
    """Act for another of one's organisations, under a new token."""
    organisation_id, moment = _text(form, "organisation"), platform.office.clock()

    def change(session: Session) -> str:
        return switch_organisation(session, session_id=login.id, organisation_id=organisation_id, moment=moment)

    token = await platform.write(change)
    response = RedirectResponse(START, 303, headers=PRIVATE)
    set_session_cookie(response, platform, token)
    return response


@router.get("/password")
async def password_page(desk: DeskDep) -> Response:
    """Ask for the old password and a new one."""
    return desk.page("console/password.html", open=ME, username=desk.login.username, errors={})


@router.post("/password")
async def set_password(desk: DeskDep, login: LoginDep, platform: PlatformDep, form: FormDep) -> Response:
    """Set a new password; every session ends and this browser gets a new one."""
    old, new = _text(form, "old"), _text(form, "password")
    try:
        check_new_password(new, login.username)
        await sign_in(platform, login.username, old)
    except ShangengError as error:
        field = "old" if isinstance(error, LoginRefused | LoginPaused) else "password"
        sentence = error.sentence(desk.language)
        return desk.page(
            "console/password.html",
            open=ME,
            status=status_of(error),
            username=login.username,
            errors={field: sentence},
        )
    hashed = await asyncio.to_thread(platform.passwords.hash, new)

    def change(session: Session) -> str:
        change_password(session, username=login.username, password_hash=hashed)
        return open_session(
            session, username=login.username, moment=platform.office.clock(), organisation_id=login.organisation.id
        )

    token = await platform.write(change)
    response = RedirectResponse(START, 303, headers=PRIVATE)
    set_session_cookie(response, platform, token)
    return response


def local_path(path: str | None) -> str:
    """Return where to go after the login: a page of the console, never another site."""
    if path is None or not path.startswith("/console/") or path.startswith(LOGIN):
        return START
    return path if path.isprintable() and "\\" not in path else START


def _ask(visit: Visitor, *, onward: str, username: str = "", error: ShangengError | None = None) -> Response:
    sentence = error.sentence(visit.language) if error else None
    return visit.page(
        "console/login.html",
        status=status_of(error) if error else 200,
        headers=PRIVATE,
        onward=onward,
        username=username,
        error=sentence,
    )


def _text(form: Any, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""
