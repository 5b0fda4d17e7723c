"""Signing in: accounts, sessions and the brake on guessing.

A session is a random token of 256 bits in a cookie; the database knows its SHA-256 alone. It ends after
`IDLE` without a visit, after `LONGEST` in any case, at once when its person signs out or changes the password.
Verbs run in the writer and never hash passwords: that is slow on purpose (`shangeng_web.passwords`).
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlmodel import Session, col, delete, select

from shangeng_trace.errors import ConflictError, ForbiddenError, NotFoundError, RejectedError, UnavailableError
from shangeng_trace.registry_tables import Membership, Organisation, Person, Role
from shangeng_web.account_tables import Account, LoginAttempt, LoginSession

IDLE = timedelta(days=3)
LONGEST = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=10)
"""How exactly a session's last visit is kept: one write in this time at most."""

FREE_FAILURES = 5
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(minutes=15)
_FORGOTTEN = timedelta(days=1)
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}")


class UsernameTaken(ConflictError):
    """Another account has this name."""

    code = "web.username_taken"
    zh = "这个用户名已经有人用了，请换一个。"
    en = "This username is taken. Please choose another."


class UsernameMalformed(RejectedError):
    """A username has characters that cannot be typed everywhere."""

    code = "web.username_malformed"
    zh = "用户名用 3 到 40 个小写字母、数字、点、短横或下划线。"
    en = "A username has 3 to 40 lower-case letters, digits, dots, hyphens or underscores."


class LoginRefused(RejectedError):
    """Username and password do not belong together; which of them is wrong is not said."""

    code = "web.login_refused"
    zh = "用户名或密码不对。"
    en = "The username or the password is not right."


class LoginPaused(UnavailableError):
    """Too many failed logins under this name."""

    code = "web.login_paused"
    zh = "试错太多次了，请 {seconds} 秒后再试。"
    en = "Too many failed attempts. Please try again in {seconds} seconds."


class NoOrganisation(ForbiddenError):
    """The person belongs to no organisation, or not to this one."""

    code = "web.no_organisation"
    zh = "您不在这个单位，请找单位管理员添加。"
    en = "You do not belong to this organisation. Please ask its manager."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A valid session with everything a page needs to know of it."""

    session: LoginSession
    account: Account
    person: Person
    organisation: Organisation
    roles: frozenset[Role]
    organisations: tuple[Organisation, ...]


def new_token() -> str:
    """Return a fresh token of 256 bits for a cookie or a header."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """Return what the database keeps of a token."""
    return sha256(token.encode()).hexdigest()


def create_account(session: Session, *, person_id: str, username: str, password_hash: str, moment: datetime) -> Account:
    """Let a person sign in. Raises `UsernameMalformed` or `UsernameTaken`."""
    username = username.strip().lower()
    if not _USERNAME.fullmatch(username):
        raise UsernameMalformed(field="username")
    taken = select(Account).where((col(Account.username) == username) | (col(Account.person_id) == person_id))
    if session.exec(taken).first() is not None:
        raise UsernameTaken(field="username")
    account = Account(username=username, person_id=person_id, password=password_hash, created_at=moment)
    session.add(account)
    session.flush()
    return account


def find_account(session: Session, username: str) -> Account | None:
    """Return the account of a name as typed, or None; a disabled one is none."""
    account = session.get(Account, username.strip().lower())
    return None if account is None or account.disabled else account


def check_wait(session: Session, username: str, *, moment: datetime) -> None:
    """Raise `LoginPaused` while a name must wait after failures."""
    attempt = session.get(LoginAttempt, _attempt_id(username))
    if attempt is not None and attempt.wait_until > moment:
        raise LoginPaused(seconds=int((attempt.wait_until - moment).total_seconds()) + 1)


def count_failure(session: Session, username: str, *, moment: datetime) -> None:
    """Note a failed login; from the sixth in a row on each doubles the wait."""
    session.exec(delete(LoginAttempt).where(col(LoginAttempt.failed_at) < moment - _FORGOTTEN))
    attempt = session.get(LoginAttempt, _attempt_id(username))
    if attempt is None:
        attempt = LoginAttempt(id=_attempt_id(username), failures=0, failed_at=moment, wait_until=moment)
    attempt.failures += 1
    attempt.failed_at = moment
    if attempt.failures > FREE_FAILURES:
        doublings = min(attempt.failures - FREE_FAILURES - 1, 10)
        attempt.wait_until = moment + min(_FIRST_WAIT * 2**doublings, _LONGEST_WAIT)
    session.add(attempt)
    session.flush()


def open_session(
    session: Session,
    *,
    username: str,
    moment: datetime,
    organisation_id: str | None = None,
    password_hash: str | None = None,
) -> str:
    """Sign a person in whose password has been checked, and return the cookie's token.

    `password_hash` replaces the stored one where it was made with weaker parameters. Raises `LoginRefused` or
    `NoOrganisation`.
    """
    account = find_account(session, username)
    if account is None:
        raise LoginRefused(field="password")
    if password_hash is not None:
        account.password = password_hash
        session.add(account)
    if (attempt := session.get(LoginAttempt, _attempt_id(username))) is not None:
        session.delete(attempt)
    return _open(session, account.person_id, organisation_id, moment)


def switch_organisation(session: Session, *, session_id: str, organisation_id: str, moment: datetime) -> str:
    """Act for another of one's organisations; the old token ends and a new one is returned."""
    old = session.get(LoginSession, session_id)
    if old is None:
        raise LoginRefused
    token = _open(session, old.person_id, organisation_id, moment, since=old.created_at)
    session.delete(old)
    return token


def close_session(session: Session, *, session_id: str) -> None:
    """Sign out; doing it twice is no error."""
    if (old := session.get(LoginSession, session_id)) is not None:
        session.delete(old)


def touch_session(session: Session, *, session_id: str, moment: datetime) -> None:
    """Note that a session is in use."""
    if (current := session.get(LoginSession, session_id)) is not None:
        current.seen_at = moment
        session.add(current)


def keep_reading(session: Session, *, username: str, language: str, large: bool) -> None:
    """Keep in which language and size somebody reads the console."""
    if (account := session.get(Account, username)) is not None:
        account.language, account.large = language, large
        session.add(account)


def change_password(session: Session, *, username: str, password_hash: str) -> None:
    """Set a new password and end every session of its person."""
    account = session.get(Account, username)
    if account is None:
        raise NotFoundError
    account.password = password_hash
    session.add(account)
    end_sessions(session, person_id=account.person_id)


def end_sessions(session: Session, *, person_id: str) -> None:
    """End every session of a person: after a new password, or when roles are taken away."""
    session.exec(delete(LoginSession).where(col(LoginSession.person_id) == person_id))


def find_signed_in(session: Session, token: str, *, moment: datetime) -> SignedIn | None:
    """Return who holds a cookie's token, or None where it is unknown, has ended, or its person lost the membership."""
    found = session.exec(
        select(LoginSession, Account, Person)
        .join(Account, col(Account.person_id) == col(LoginSession.person_id))
        .join(Person, col(Person.id) == col(LoginSession.person_id))
        .where(LoginSession.id == token_digest(token))
    ).one_or_none()
    if found is None:
        return None
    current, account, person = found
    if account.disabled or moment - current.seen_at > IDLE or moment - current.created_at > LONGEST:
        return None
    belongs = _belongs(session, person.id)
    mine = belongs.get(current.organisation_id)
    if mine is None:
        return None
    organisation, roles = mine
    return SignedIn(current, account, person, organisation, roles, tuple(each for each, _ in belongs.values()))


def _open(
    session: Session, person_id: str, organisation_id: str | None, moment: datetime, *, since: datetime | None = None
) -> str:
    belongs = _belongs(session, person_id)
    chosen = organisation_id or next(iter(belongs), None)
    if chosen not in belongs:
        raise NoOrganisation
    token = new_token()
    session.add(
        LoginSession(
            id=token_digest(token),
            person_id=person_id,
            organisation_id=chosen,
            csrf=new_token(),
            created_at=since or moment,
            seen_at=moment,
        )
    )
    session.exec(delete(LoginSession).where(col(LoginSession.created_at) < moment - LONGEST))
    session.flush()
    return token


def _belongs(session: Session, person_id: str) -> dict[str, tuple[Organisation, frozenset[Role]]]:
    rows = session.exec(
        select(Organisation, Membership.role)
        .join(Membership, col(Membership.organisation_id) == col(Organisation.id))
        .where(Membership.person_id == person_id)
        .order_by(col(Organisation.created_at), col(Organisation.id))
    ).all()
    belongs: dict[str, tuple[Organisation, frozenset[Role]]] = {}
    for organisation, role in rows:
        _, roles = belongs.get(organisation.id, (organisation, frozenset[Role]()))
        belongs[organisation.id] = (organisation, roles | {Role(role)})
    return belongs


def _attempt_id(username: str) -> str:
    return token_digest(username.strip().lower())
