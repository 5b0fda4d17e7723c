"""Tables of who may come in: accounts, login sessions, programs' tokens, failed attempts. No secret stands in them."""

from datetime import datetime

from sqlmodel import Field

from shangeng_trace.columns import Moment, Table


class Account(Table, table=True):
    """A person's username, in lower case, and Argon2id hash; and how they like to read."""

    username: str = Field(primary_key=True, max_length=40)
    person_id: str = Field(max_length=16, foreign_key="person.id", unique=True)
    password: str = Field(max_length=160)
    language: str = Field(default="", max_length=8)
    large: bool = False
    disabled: bool = False
    created_at: datetime = Field(sa_type=Moment)


class LoginSession(Table, table=True):
    """Somebody signed in: SHA-256 of the cookie's token, and the organisation they act for now."""

    id: str = Field(primary_key=True, max_length=64)
    person_id: str = Field(max_length=16, foreign_key="person.id", index=True)
    organisation_id: str = Field(max_length=16, foreign_key="organisation.id")
    csrf: str = Field(max_length=64)
    created_at: datetime = Field(sa_type=Moment)
    seen_at: datetime = Field(sa_type=Moment)


class ApiToken(Table, table=True):
    """A program's key to the API for one organisation: SHA-256 of the token, and the roles it acts with."""

    id: str = Field(primary_key=True, max_length=16)
    digest: str = Field(unique=True, max_length=64)
    organisation_id: str = Field(max_length=16, foreign_key="organisation.id", index=True)
    name: str = Field(max_length=60)
    roles: str = Field(max_length=120)
    created_by: str | None = Field(default=None, max_length=16, foreign_key="person.id")
    created_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    used_at: datetime | None = Field(default=None, sa_type=Moment)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)


class LoginAttempt(Table, table=True):
    """Failed logins in a row under one name, known or not (SHA-256 of it), and until when it must wait."""

    id: str = Field(primary_key=True, max_length=64)
    failures: int
    failed_at: datetime = Field(sa_type=Moment)
    wait_until: datetime = Field(sa_type=Moment)
