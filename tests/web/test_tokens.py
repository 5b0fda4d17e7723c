"""Programs' tokens: one organisation, no more roles than their maker, ended at once."""

from datetime import timedelta

import pytest

from shangeng_trace.acting import RoleMissing
from shangeng_trace.errors import NotFoundError
from shangeng_trace.registry_tables import Role
from shangeng_web.app import create_app
from shangeng_web.deps import ApiActor
from shangeng_web.platform import Platform
from shangeng_web.tokens import LIFETIME, TokenNameMissing, create_token, find_token, list_tokens, revoke_token
from tests.people import People, Somebody
from tests.visiting import guest


def make(platform: Platform, somebody: Somebody, name: str = "称重机", *roles: Role) -> tuple[str, str]:
    moment = platform.office.clock()
    row, text = platform.writer.run(
        lambda session: create_token(
            session, somebody.actor, name=name, roles=roles or somebody.actor.roles, moment=moment
        )
    )
    return row.id, text


def found(platform: Platform, text: str, after: timedelta = timedelta()) -> bool:
    with platform.database.session() as session:
        return find_token(session, text, moment=platform.office.clock() + after) is not None


def test_a_token_acts_for_its_organisation_with_its_roles(platform: Platform, people: People) -> None:
    _, text = make(platform, people.producer)
    with platform.database.session() as session:
        token = find_token(session, text, moment=platform.office.clock())
    assert token is not None
    actor = token.actor
    assert actor.organisation_id == people.producer.organisation.id
    assert (actor.roles, actor.person_id) == (frozenset({Role.MANAGER}), None)
    with platform.database.session() as session:
        (row,) = list_tokens(session, actor.organisation_id)
    assert text not in row.model_dump().values()


def test_a_token_ends_with_its_date_or_when_it_is_revoked(platform: Platform, people: People) -> None:
    key, text = make(platform, people.producer)
    assert found(platform, text)
    assert not found(platform, text, LIFETIME + timedelta(seconds=1))
    assert not found(platform, text[:-1])
    moment = platform.office.clock()
    platform.writer.run(lambda session: revoke_token(session, people.producer.actor, token_id=key, moment=moment))
    assert not found(platform, text)


def test_only_a_manager_makes_tokens_and_never_with_more_than_they_have(platform: Platform, people: People) -> None:
    with pytest.raises(RoleMissing):
        make(platform, people.clerk)
    with pytest.raises(RoleMissing):
        make(platform, people.producer, "称重机", Role.SUPERVISOR)
    with pytest.raises(TokenNameMissing):
        make(platform, people.producer, " ")


def test_another_organisation_neither_sees_nor_ends_a_token(platform: Platform, people: People) -> None:
    key, text = make(platform, people.producer)
    moment = platform.office.clock()
    with pytest.raises(NotFoundError):
        platform.writer.run(lambda session: revoke_token(session, people.rival.actor, token_id=key, moment=moment))
    assert found(platform, text)
    with platform.database.session() as session:
        assert list_tokens(session, people.rival.organisation.id) == []
        assert [each.id for each in list_tokens(session, people.producer.organisation.id)] == [key]


@pytest.mark.anyio
async def test_a_program_is_known_by_its_token_alone(platform: Platform, people: People, anyio_backend: str) -> None:
    assert anyio_backend
    _, text = make(platform, people.producer)
    app = create_app(platform.settings)

    async def whoami(actor: ApiActor) -> str:
        return actor.organisation_id

    app.add_api_route("/api/v1/whoami", whoami)
    async with guest(platform, app=app) as program:
        answer = await program.get("/api/v1/whoami", headers={"Authorization": f"Bearer {text}"})
        assert answer.json() == people.producer.organisation.id
        for header in ("", f"Bearer {text}x", f"Basic {text}", "Bearer"):
            refused = await program.get("/api/v1/whoami", headers={"Authorization": header})
            assert (refused.status_code, refused.json()["code"]) == (401, "web.token_refused")
        with platform.database.session() as session:
            (row,) = list_tokens(session, people.producer.organisation.id)
            assert row.used_at is not None
    await platform.close()
