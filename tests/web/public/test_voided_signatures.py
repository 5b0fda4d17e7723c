"""A signature that a later revocation undid is shown as void wherever it stood, and nothing beside it reassures."""

from typing import Any

import pytest
from sqlmodel import Session, col, select

from shangeng_trace.acting import Actor
from shangeng_trace.batch_tables import EventRecord, LedgerKey
from shangeng_trace.bundle import build_bundle
from shangeng_trace.canonical import canonical
from shangeng_trace.enrolment import revoke_key
from shangeng_trace.registry import register_organisation
from shangeng_trace.registry_tables import OrganisationKind, Role
from shangeng_trace.revocation import Reason
from shangeng_trace.verifying import verify_bundle
from tests.people import Somebody, uscc
from tests.visiting import Guest
from tests.waiting import until_signed
from tests.web.public.reading import bar, words
from tests.web.public.scene import Scene

pytestmark = pytest.mark.anyio


def undo(scene: Scene, body: Actor, controller: str, last: int) -> None:
    """Let a body revoke an organisation's key, reaching back."""
    office = scene.platform.office

    def command(session: Session) -> None:
        key = session.exec(select(LedgerKey.id).where(LedgerKey.controller == controller)).one()
        revoke_key(session, office, body, key_id=key, reason=Reason.COMPROMISED, last_valid_index=last)

    scene.run(command)


def index_of(scene: Scene, author: Somebody) -> int:
    with scene.platform.database.session() as session:
        return (
            session.exec(
                select(EventRecord.index)
                .where(EventRecord.author == author.organisation.id)
                .order_by(col(EventRecord.index).desc())
            ).first()
            or 0
        )


async def test_a_test_signed_with_a_stolen_key(scene: Scene, shopper: Guest, client: Guest) -> None:
    batch, people = scene.tea(), scene.people
    assert bar((await shopper.get(f"/b/{batch}")).text).startswith("ok: ")
    tested = index_of(scene, people.analyst)
    undo(scene, people.decider.actor, people.analyst.organisation.id, tested - 1)
    page = (await shopper.get(f"/b/{batch}")).text
    assert bar(page).startswith("mind: 请留意：签名作废 有 1 条声明的签名后来被认定作废")
    said = words(page)
    assert "签名已作废：这把钥匙后来被追溯作废，这条不能当作证据。" in said
    for reassuring in ("批次正常", "许可与证书均有效", "证书、许可、检测都有效"):
        assert reassuring not in page
    english = (await shopper.get(f"/b/{batch}", headers={"Accept-Language": "en"})).text
    assert bar(english).startswith("mind: Take care: signature void")
    await client.log_in(people.producer)
    assert "签名已作废" in (await client.get(f"/console/batches/{batch}")).text
    until_signed(scene.platform.database)
    with scene.platform.database.session() as session:
        report = verify_bundle(canonical(build_bundle(session, batch)))
    assert [(problem.where, problem.error.code) for problem in report.problems] == [
        (f"entry {tested}", "trace.key_not_valid")
    ]


async def test_what_was_signed_before_the_theft_stays_good(scene: Scene, shopper: Guest) -> None:
    batch, people = scene.tea(), scene.people
    undo(scene, people.decider.actor, people.analyst.organisation.id, index_of(scene, people.analyst))
    assert bar((await shopper.get(f"/b/{batch}")).text).startswith("ok: ")


async def test_a_certificate_signed_with_a_stolen_key(scene: Scene, shopper: Guest) -> None:
    batch, people = scene.tea(), scene.people
    other: Any = scene.do(
        register_organisation,
        people.operator,
        kind=OrganisationKind.BODY,
        name="浙西认证中心",
        number=uscc(77),
        county="331102",
    )
    body = Actor(other.id, OrganisationKind.BODY, frozenset({Role.MANAGER}))
    with scene.platform.database.session() as session:
        of = people.decider.organisation.id
        registered = session.exec(select(LedgerKey.registered_index).where(LedgerKey.controller == of)).one()
    undo(scene, body, people.decider.organisation.id, registered)
    page = (await shopper.get(f"/b/{batch}")).text
    assert bar(page).startswith("mind: 请留意：签名作废")
    own = (await shopper.get(f"/c/{scene.certificate}")).text
    assert bar(own).startswith("mind: 签名已作废")
    assert "现在有效" not in words(own)
    assert bar((await shopper.get(f"/c/{scene.licence}")).text).startswith("ok: ")
