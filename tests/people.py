"""The named cast: who acts in the tests, each signed up for the console, and the rival who must be refused everywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlmodel import Session

from shangeng_trace.acting import Actor
from shangeng_trace.numbers import uscc_check_character
from shangeng_trace.registry import add_person, platform_organisation, register_organisation
from shangeng_trace.registry_tables import Organisation, OrganisationKind, Role
from shangeng_web.accounts import create_account
from shangeng_web.platform import Platform

PASSWORD = "mist over ink mountains"

T = TypeVar("T")


@dataclass(frozen=True)
class Somebody:
    """A person with an account: who they are, and how they sign in."""

    name: str
    username: str
    person_id: str
    organisation: Organisation
    actor: Actor
    password: str = PASSWORD


@dataclass(frozen=True)
class People:
    """Everybody. `producer`, `clerk` and `farmer` are of one cooperative; `rival` manages another."""

    operator: Somebody
    officer: Somebody
    producer: Somebody
    clerk: Somebody
    farmer: Somebody
    rival: Somebody
    inspector: Somebody
    decider: Somebody
    analyst: Somebody
    supervisor: Somebody

    @property
    def everybody(self) -> tuple[Somebody, ...]:
        return tuple(vars(self).values())


ORGANISATIONS = {
    "association": (OrganisationKind.ASSOCIATION, "丽水市生态农业协会", "Lishui Eco-Agriculture Association", "331102"),
    "cooperative": (OrganisationKind.MEMBER, "景宁惠明茶合作社", "Jingning Huiming Tea Cooperative", "331127"),
    "rivals": (OrganisationKind.MEMBER, "庆元香菇合作社", "Qingyuan Shiitake Cooperative", "331126"),
    "body": (OrganisationKind.BODY, "浙南认证中心", "Zhenan Certification Centre", "331102"),
    "lab": (OrganisationKind.LAB, "丽水农产品检测中心", "Lishui Produce Laboratory", "331102"),
    "county": (OrganisationKind.SUPERVISOR, "景宁县农业农村局", "Jingning Agriculture Bureau", "331127"),
}
PERSONS = {
    "officer": ("association", "周文青", {Role.OFFICER, Role.MANAGER}),
    "producer": ("cooperative", "蓝惠明", {Role.MANAGER}),
    "clerk": ("cooperative", "雷小芳", {Role.CLERK}),
    "farmer": ("cooperative", "钟土根", {Role.FARMER}),
    "rival": ("rivals", "吴开山", {Role.MANAGER}),
    "inspector": ("body", "叶知秋", {Role.INSPECTOR}),
    "decider": ("body", "陈定安", {Role.DECIDER, Role.MANAGER}),
    "analyst": ("lab", "林清仪", {Role.ANALYST, Role.MANAGER}),
    "supervisor": ("county", "潘守正", {Role.SUPERVISOR, Role.MANAGER}),
}


def sign_up(platform: Platform) -> People:
    """Register the whole cast."""
    hashed = platform.passwords.hash(PASSWORD)
    return _run(platform, lambda session: _sign_up(session, platform, hashed))


def _run(platform: Platform, command: Callable[[Session], T]) -> T:
    return platform.writer.run(command)


def _sign_up(session: Session, platform: Platform, hashed: str) -> People:
    office = platform.office
    owner = platform_organisation(session)
    operating = Actor(owner.id, OrganisationKind.PLATFORM, frozenset({Role.OPERATOR}))
    organisations = {
        key: register_organisation(
            session, office, operating, kind=kind, name=name, name_en=name_en, number=uscc(at), county=county
        )
        for at, (key, (kind, name, name_en, county)) in enumerate(ORGANISATIONS.items())
    } | {"platform": owner}
    persons = PERSONS | {"operator": ("platform", "管理员", {Role.OPERATOR})}
    cast: dict[str, Somebody] = {}
    for username, (of, name, roles) in persons.items():
        organisation = organisations[of]
        person = add_person(session, office, operating, organisation_id=organisation.id, name=name, roles=roles)
        create_account(session, person_id=person.id, username=username, password_hash=hashed, moment=office.clock())
        actor = Actor(organisation.id, organisation.kind, frozenset(roles), person.id)
        cast[username] = Somebody(name, username, person.id, organisation, actor)
    return People(**cast)


def uscc(number: int) -> str:
    """Return a well-formed unified social credit code, one for every number."""
    first = f"93331127MA2E{number:05d}"
    return first + uscc_check_character(first)
