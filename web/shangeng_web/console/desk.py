"""The desk of a signed-in person: what every page of the console shows around its content."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse

from shangeng_trace.registry_tables import OrganisationKind, Role
from shangeng_web.accounts import keep_reading
from shangeng_web.console.photos import kept_name
from shangeng_web.deps import Login, LoginDep, PlatformDep, Visitor
from shangeng_web.i18n import N_, Language, as_language, translator
from shangeng_web.templating import reading

PRIVATE = {"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language"}

ROLE_WORDS: Mapping[Role, str] = {
    Role.MANAGER: N_("管理员"),
    Role.CLERK: N_("文书"),
    Role.FARMER: N_("农户"),
    Role.INSPECTOR: N_("检查员"),
    Role.DECIDER: N_("认证决定人"),
    Role.OFFICER: N_("品牌办"),
    Role.ANALYST: N_("检测员"),
    Role.SUPERVISOR: N_("监管员"),
    Role.OPERATOR: N_("运维"),
}

_ALL = frozenset(OrganisationKind)
_MEMBER = frozenset({OrganisationKind.MEMBER})
_OFFICES = frozenset({OrganisationKind.ASSOCIATION, OrganisationKind.SUPERVISOR, OrganisationKind.PLATFORM})

MENU: tuple[tuple[str, str, frozenset[OrganisationKind]], ...] = (
    ("/console/", N_("今日"), _ALL),
    ("/console/batches", N_("批次"), _MEMBER | _OFFICES | {OrganisationKind.LAB}),
    ("/console/products", N_("产品"), _MEMBER),
    ("/console/bases", N_("基地"), _MEMBER),
    ("/console/certificates", N_("证书"), _ALL - {OrganisationKind.LAB}),
    ("/console/labels", N_("标签"), _MEMBER),
    ("/console/members", N_("会员"), _OFFICES),
    ("/console/me", N_("我的"), _ALL),
)
"""Address, words, and whom it is for. What somebody may do is decided by the verbs, not by what a menu shows."""

_DOCK = 5


@dataclass(frozen=True, slots=True)
class Person:
    """Who the head of a page names."""

    name: str
    role: str
    organisation: str


@dataclass(frozen=True, slots=True)
class Desk:
    """A signed-in person reading a page of the console."""

    visitor: Visitor
    login: Login

    @property
    def language(self) -> Language:
        """The language of the answer."""
        return self.visitor.language

    def page(
        self,
        template: str,
        *,
        open: str = "",  # noqa: A002 - the layout's name for the part that is open
        status: int = 200,
        flash: Any = None,
        **context: Any,
    ) -> HTMLResponse:
        """Render a page of the console; `open` is the menu address of the part it belongs to."""
        say = translator(self.language)
        kind = self.login.organisation.kind
        menu = [(href, say(words)) for href, words, kinds in MENU if kind in kinds]
        roles = "、".join(say(ROLE_WORDS[role]) for role in ROLE_WORDS if role in self.login.roles)
        cause = self.visitor.platform.standstill.cause
        english = self.language == "en" and self.login.organisation.name_en
        return self.visitor.page(
            template,
            status=status,
            headers=PRIVATE,
            actor=Person(self.login.person.name, roles, english or self.login.organisation.name),
            menu=menu,
            dock_menu=menu if len(menu) <= _DOCK else [*menu[: _DOCK - 1], menu[-1]],
            open=open,
            flash=flash,
            stopped=cause and cause.sentence(self.language),
            csrf=self.login.csrf,
            kept_name=partial(kept_name, self.login.csrf),
            **context,
        )


async def desk(request: Request, platform: PlatformDep, login: LoginDep) -> Desk:
    """Return the reader of a console page; a language or text size chosen by its address is kept for the next."""
    language = as_language(request.query_params.get("lang")) or login.language
    large = {"large": True, "normal": False}.get(request.query_params.get("text", ""), login.large)
    if (language or "", large) != (login.language or "", login.large):
        await platform.write(
            lambda session: keep_reading(session, username=login.username, language=language or "", large=large)
        )
    return Desk(Visitor(request, reading(request, chosen=language, large=large), platform), login)


DeskDep = Annotated[Desk, Depends(desk)]
