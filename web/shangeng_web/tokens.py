"""Programs' tokens: one organisation's key to the API, shown once, stored as a hash."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from shangeng_trace.acting import Actor
from shangeng_trace.errors import NotFoundError, RejectedError
from shangeng_trace.ids import new_id
from shangeng_trace.registry_tables import Organisation, Role
from shangeng_web.account_tables import ApiToken
from shangeng_web.accounts import new_token, token_digest
from shangeng_web.recent_tokens import RECENT, Found

PREFIX = "shg_"
"""Lets people and secret scanners see what a stray token is."""

LIFETIME = timedelta(days=365)
USED_EVERY = timedelta(hours=1)


class TokenNameMissing(RejectedError):
    """A token needs a name, so that somebody later knows what it is for."""

    code = "web.token_name"
    zh = "请给令牌起个名字（最多 60 个字），写明用在哪里。"
    en = "Give the token a name of up to 60 characters that says where it is used."


def create_token(
    session: Session,
    actor: Actor,
    *,
    name: str,
    roles: Iterable[Role],
    moment: datetime,
    lifetime: timedelta = LIFETIME,
) -> tuple[ApiToken, str]:
    """Make a token for the actor's organisation, with no more roles than the actor has; return it with its text.

    Only a manager or the platform's operator may. Raises `RoleMissing` or `TokenNameMissing`.
    """
    actor.must_have(Role.MANAGER, Role.OPERATOR)
    name = name.strip()
    if not 0 < len(name) <= 60:  # noqa: PLR2004 - the column's length, said in the sentence
        raise TokenNameMissing(field="name")
    wanted = sorted(set(roles))
    for role in wanted:
        actor.must_have(role)
    text = PREFIX + new_token()
    row = ApiToken(
        id=new_id(),
        digest=token_digest(text),
        organisation_id=actor.organisation_id,
        name=name,
        roles=" ".join(role.value for role in wanted),
        created_by=actor.person_id,
        created_at=moment,
        expires_at=moment + lifetime,
    )
    session.add(row)
    session.flush()
    return row, text


def revoke_token(session: Session, actor: Actor, *, token_id: str, moment: datetime) -> ApiToken:
    """End a token of the actor's organisation; a second time changes nothing. Another's token is not found."""
    actor.must_have(Role.MANAGER, Role.OPERATOR)
    row = session.get(ApiToken, token_id)
    if row is None or row.organisation_id != actor.organisation_id:
        raise NotFoundError
    row.revoked_at = row.revoked_at or moment
    session.add(row)
    session.flush()
    RECENT.forget_with(session)
    return row


def list_tokens(session: Session, organisation_id: str) -> list[ApiToken]:
    """Return an organisation's tokens, newest first, revoked ones too."""
    return list(
        session.exec(
            select(ApiToken)
            .where(ApiToken.organisation_id == organisation_id)
            .order_by(col(ApiToken.created_at).desc())
        )
    )


def find_token(session: Session, text: str, *, moment: datetime) -> Found | None:
    """Return who acts with a token, or None where it is not valid."""
    found = session.exec(
        select(ApiToken, Organisation)
        .join(Organisation, col(Organisation.id) == col(ApiToken.organisation_id))
        .where(ApiToken.digest == token_digest(text))
    ).one_or_none()
    if found is None:
        return None
    row, organisation = found
    if row.revoked_at is not None or row.expires_at <= moment:
        return None
    roles = frozenset(Role(role) for role in row.roles.split())
    return Found(row.id, Actor(organisation.id, organisation.kind, roles), row.expires_at, row.used_at)


def touch_token(session: Session, *, token_id: str, moment: datetime) -> None:
    """Note that a token was used."""
    if (row := session.get(ApiToken, token_id)) is not None:
        row.used_at = moment
        session.add(row)
