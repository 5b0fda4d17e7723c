"""Who may come in for an organisation: adding people with an account, stopping accounts, giving new passwords.

Passwords are hashed before a verb is called, and shown to whoever made them once.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from shangeng_trace.acting import Actor, NotYours, Office
from shangeng_trace.enrolment import revoke_keys_of
from shangeng_trace.errors import ConflictError, InvalidError, NotFoundError, RejectedError
from shangeng_trace.registry import add_person
from shangeng_trace.registry_tables import Membership, Person, Role
from shangeng_web.account_tables import Account, LoginSession
from shangeng_web.accounts import change_password, create_account, end_sessions

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without i, l, o, 0 and 1: a first password is read from a note."""


class PersonUnknown(NotFoundError):
    """No such person here, or one without an account."""

    code = "web.person_unknown"
    zh = "本单位没有这个人，或者还没有登录账号。"
    en = "There is no such person here, or they have no account."


class NotOneself(ConflictError):
    """Somebody tries to lock themselves out."""

    code = "web.not_oneself"
    zh = "不能停用自己的账号。请让另一位管理员来办。"
    en = "You cannot stop your own account. Please ask another manager."


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person of an organisation: roles, account if any, and when they were last seen in the console."""

    person: Person
    roles: tuple[Role, ...]
    username: str
    disabled: bool
    seen_at: datetime | None


def first_password() -> str:
    """Return a password to start with: 60 bits, in four groups that can be read aloud."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))


def add_colleague(
    session: Session,
    office: Office,
    actor: Actor,
    *,
    organisation_id: str,
    name: str,
    roles: Collection[Role],
    username: str,
    password_hash: str,
    phone: str = "",
    prefix: str = "",
) -> Person:
    """Add a person with an account; who may is for `shangeng_trace.registry.add_person` to say.

    `prefix` stands before the fields' names in what is raised, for a form that asks for two names.
    Raises `InvalidError`, `UsernameMalformed` or `UsernameTaken`.
    """
    try:
        person = add_person(
            session, office, actor, organisation_id=organisation_id, name=name, roles=roles, phone=phone
        )
    except InvalidError as error:
        raise InvalidError([_moved(problem, prefix) for problem in error.problems]) from error
    create_account(session, person_id=person.id, username=username, password_hash=password_hash, moment=office.clock())
    return person


def stop_account(session: Session, actor: Actor, person_id: str, *, office: Office) -> Account:
    """Let a colleague in no longer, from now on, and revoke every key they hold.

    Raises `PersonUnknown`, `RoleMissing`, `NotYours` or `NotOneself`.
    """
    account = _colleagues_account(session, actor, person_id)
    if person_id == actor.person_id:
        raise NotOneself
    account.disabled = True
    session.add(account)
    end_sessions(session, person_id=person_id)
    session.flush()
    revoke_keys_of(session, office, person_id=person_id, organisation_id=actor.organisation_id)
    return account


def resume_account(session: Session, actor: Actor, person_id: str) -> Account:
    """Let a colleague in again, with the password they had. Raises as `stop_account` does."""
    account = _colleagues_account(session, actor, person_id)
    account.disabled = False
    session.add(account)
    session.flush()
    return account


def reset_password(session: Session, actor: Actor, *, person_id: str, password_hash: str) -> Account:
    """Give a colleague another password and end their sessions. Raises as `stop_account` does."""
    account = _colleagues_account(session, actor, person_id)
    if person_id == actor.person_id:
        raise NotOneself
    change_password(session, username=account.username, password_hash=password_hash)
    session.flush()
    return account


def colleagues(session: Session, organisation_id: str) -> list[Colleague]:
    """Return the people of an organisation by name, with their roles there."""
    rows = session.exec(
        select(Person, Membership.role)
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .where(Membership.organisation_id == organisation_id)
        .order_by(col(Person.created_at), col(Person.id))
    ).all()
    ids = {person.id for person, _ in rows}
    accounts = {row.person_id: row for row in session.exec(select(Account).where(col(Account.person_id).in_(ids)))}
    seen = dict(
        session.exec(
            select(LoginSession.person_id, func.max(col(LoginSession.seen_at)))
            .where(col(LoginSession.person_id).in_(ids))
            .group_by(col(LoginSession.person_id))
        ).all()
    )
    found: dict[str, Colleague] = {}
    for person, role in rows:
        account = accounts.get(person.id)
        roles = found[person.id].roles if person.id in found else ()
        found[person.id] = Colleague(
            person=person,
            roles=tuple(sorted((*roles, Role(role)), key=list(Role).index)),
            username=account.username if account else "",
            disabled=account is not None and account.disabled,
            seen_at=seen.get(person.id),
        )
    return list(found.values())


def _colleagues_account(session: Session, actor: Actor, person_id: str) -> Account:
    """Return the account of a person who belongs to the actor's organisation, and to no other."""
    actor.must_have(Role.MANAGER, Role.OPERATOR)
    organisations = set(session.exec(select(Membership.organisation_id).where(Membership.person_id == person_id)).all())
    account = session.exec(select(Account).where(Account.person_id == person_id)).one_or_none()
    if account is None or actor.organisation_id not in organisations:
        raise PersonUnknown
    if len(organisations) > 1:
        raise NotYours
    return account


def _moved(problem: RejectedError, prefix: str) -> RejectedError:
    problem.field = f"{prefix}{problem.field}"
    return problem
