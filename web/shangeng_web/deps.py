"""What a route may ask for, as annotated dependencies.

async def page(visit: Visit, session: ReadDep) -> HTMLResponse: ...
async def form(visit: Visit, login: LoginDep, platform: PlatformDep, form: FormDep) -> Response: ...
async def call(actor: ApiActor, platform: PlatformDep) -> Answer: ...
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypedDict
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, Response

from shangeng_trace.acting import Actor
from shangeng_trace.db import ReadSession
from shangeng_trace.errors import ForbiddenError
from shangeng_trace.registry_tables import Organisation, Person, Role
from shangeng_web.accounts import SEEN_EVERY, SignedIn, find_signed_in, touch_session
from shangeng_web.errors import LoginNeeded, TokenRefused
from shangeng_web.i18n import Language, as_language
from shangeng_web.mailbox import Mailbox
from shangeng_web.openers import Openers
from shangeng_web.platform import Platform
from shangeng_web.recent_tokens import RECENT, Found
from shangeng_web.settings import Settings
from shangeng_web.templating import Reading, reading, render
from shangeng_web.tokens import USED_EVERY, find_token, touch_token

_SAFE = {"GET", "HEAD", "OPTIONS"}
_MOST_FILES = 12
_MOST_FIELDS = 500


class FromElsewhere(ForbiddenError):
    """A form was sent from another site, or without the token that its form was given."""

    code = "web.from_elsewhere"
    zh = "这个页面放得太久，或者不是从本站提交的。请刷新后再试。"
    en = "This page was open too long, or was sent from another site. Please reload it and try again."


class State(TypedDict):
    """What the lifespan yields to every request."""

    platform: Platform
    openers: Openers
    mailbox: Mailbox


async def platform(request: Request) -> Platform:
    """Return what this process holds. Asynchronous, as are all here: the framework sends others through a thread."""
    held: Platform = request.state.platform
    return held


PlatformDep = Annotated[Platform, Depends(platform)]


async def read(platform: PlatformDep) -> AsyncGenerator[ReadSession]:
    """Open the request's one read transaction; it ends before the answer is sent."""
    async with platform.read() as session:
        yield session


ReadDep = Annotated[ReadSession, Depends(read, scope="function")]


async def form(request: Request) -> AsyncGenerator[FormData]:
    """Read the form of a request, and put its files away afterwards; empty for a request without one."""
    async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS) as fields:
        yield fields


FormDep = Annotated[FormData, Depends(form)]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who reads a page, and how: language, text size, address."""

    request: Request
    reading: Reading
    platform: Platform

    @property
    def language(self) -> Language:
        """The language of the answer."""
        return self.reading["language"]

    @property
    def is_elder(self) -> bool:
        """Whether the page is shown in large type."""
        return self.reading["large"]

    def page(
        self, template: str, *, status: int = 200, headers: dict[str, str] | None = None, **context: Any
    ) -> HTMLResponse:
        """Render a template for this visitor. It may be kept by nobody unless `headers` say otherwise."""
        settings = self.platform.settings
        html = render(template, **self.reading, demo=settings.demo, origin=settings.origin, **context)
        varying = {"Cache-Control": "no-cache", "Vary": "Accept-Language", "Content-Language": self.language}
        return HTMLResponse(html, status, varying | (headers or {}))


async def visit(request: Request, platform: PlatformDep) -> Visitor:
    """Return the reader of a public page."""
    return Visitor(request, reading(request), platform)


Visit = Annotated[Visitor, Depends(visit)]


@dataclass(frozen=True, slots=True)
class Login:
    """A signed-in person, acting for one organisation."""

    id: str
    person: Person
    username: str
    organisation: Organisation
    organisations: tuple[Organisation, ...]
    roles: frozenset[Role]
    csrf: str
    language: Language | None
    large: bool

    @property
    def actor(self) -> Actor:
        """Who acts, for the verbs."""
        return Actor(self.organisation.id, self.organisation.kind, self.roles, self.person.id)


def cookie_name(platform: Platform) -> str:
    """Return the session cookie's name; with https the prefix ties it to this host (RFC 6265bis 4.1.3.2)."""
    return "__Host-shangeng" if platform.settings.is_secure else "shangeng"


def set_session_cookie(response: Response, platform: Platform, token: str | None) -> None:
    """Give the browser its session, or take it away (None)."""
    response.set_cookie(
        cookie_name(platform),
        token or "",
        max_age=None if token else 0,
        secure=platform.settings.is_secure,
        httponly=True,
        samesite="lax",
        path="/",
    )


def must_be_from_here(request: Request) -> None:
    """Raise `FromElsewhere` for a request that a browser says comes from another site.

    Browsers send Sec-Fetch-Site; older ones send Origin; what sends neither is no browser that holds a cookie of
    ours by itself, and still needs the form's token.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise FromElsewhere
    elif (origin := request.headers.get("origin")) is not None:
        settings: Settings = request.app.state.settings
        # A proxy may change Host; the address that people use is in the settings.
        if urlsplit(origin).netloc not in {request.headers.get("host"), urlsplit(settings.origin).netloc}:
            raise FromElsewhere


async def login(request: Request, platform: PlatformDep, session: ReadDep, form: FormDep) -> Login:
    """Return who is signed in; raises `LoginNeeded`, or `FromElsewhere` for a form that is not ours."""
    token = request.cookies.get(cookie_name(platform))
    moment = platform.office.clock()
    found = await session.run_sync(find_signed_in, token, moment=moment) if token else None
    if found is None:
        raise LoginNeeded
    if request.method not in _SAFE:
        must_be_from_here(request)
        if (form.get("csrf") or request.headers.get("x-csrf-token")) != found.session.csrf:
            raise FromElsewhere
    if moment - found.session.seen_at > SEEN_EVERY and platform.standstill.of_everything is None:
        session_id = found.session.id
        await platform.write(lambda session: touch_session(session, session_id=session_id, moment=moment))
    return _login(found)


def _login(found: SignedIn) -> Login:
    return Login(
        id=found.session.id,
        person=found.person,
        username=found.account.username,
        organisation=found.organisation,
        organisations=found.organisations,
        roles=found.roles,
        csrf=found.session.csrf,
        language=as_language(found.account.language),
        large=found.account.large,
    )


LoginDep = Annotated[Login, Depends(login)]

bearer = HTTPBearer(scheme_name="token", description="An organisation's token, made in the console.", auto_error=False)


async def api_actor(
    platform: PlatformDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]
) -> Actor:
    """Return the organisation whose token a program sent (RFC 6750 2.1); raises `TokenRefused`."""
    if credentials is None:
        raise TokenRefused
    moment = platform.office.clock()
    found = await RECENT.find(credentials.credentials, partial(_look_up, platform), moment=moment)
    if found is None:
        raise TokenRefused
    is_stale = found.used_at is None or moment - found.used_at > USED_EVERY
    if is_stale and platform.standstill.of_everything is None:
        RECENT.note_use(credentials.credentials, moment)
        token_id = found.token_id
        await platform.write(lambda session: touch_token(session, token_id=token_id, moment=moment))
    return found.actor


async def _look_up(platform: Platform, token: str) -> Found | None:
    async with platform.read() as session:
        return await session.run_sync(find_token, token, moment=platform.office.clock())


ApiActor = Annotated[Actor, Depends(api_actor)]
