from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from shangeng_certs.credentials import read_licence
from shangeng_certs.issuing import (
    HolderNotMember,
    HolderUnknown,
    ProductNotHolders,
    ProductsMissing,
    ReasonUnknown,
    StartInPast,
    ValidTooLong,
    WithdrawnIsFinal,
)
from shangeng_certs.licences import (
    AlreadyLicensed,
    LicenceUnknown,
    reinstate_licence,
    suspend_licence,
    withdraw_licence,
)
from shangeng_certs.tables import Licence
from shangeng_trace.acting import NotYours, RoleMissing, WrongOffice
from shangeng_trace.canonical import load_statement
from shangeng_trace.entry import load_entry
from shangeng_trace.errors import InvalidError, RejectedError, ShangengError
from shangeng_trace.fields import DatesReversed
from shangeng_trace.keyring import public_key
from shangeng_trace.log_tables import LedgerEntry
from shangeng_trace.registry_tables import Role
from shangeng_trace.statements import open_sealed
from tests.certs.cast import HOST, World, organisation, product
from tests.stored import statement

CHANGES = [
    (suspend_licence, "mark_misuse"),
    (reinstate_licence, "corrected"),
    (withdraw_licence, "ceased"),
]


def count(session: Session) -> int:
    return len(session.exec(select(LedgerEntry.index)).all())


def test_a_licence_is_a_signed_statement_in_its_own_chain_and_the_holders(world: World) -> None:
    row = world.license()
    assert row.number == "XK-2026-0001"
    with world.database.session() as session:
        body = statement(session, row.digest)
        assert body is not None
        document = load_statement(body)
        sealed = open_sealed(document, lambda key: public_key(session, key), host=HOST)
        entry = load_entry(session.get_one(LedgerEntry, row.index).body)
        stored = session.get_one(Licence, row.number)
    assert sealed.digest == row.digest
    assert [link.chain for link in entry.links] == [f"licence:{row.number}", f"member:{organisation('tea')}"]
    assert read_licence(document).products[0].id == product("tea", "green")
    assert (stored.association_id, stored.holder_id) == (organisation("association"), organisation("tea"))
    assert (stored.product_id, stored.state) == (product("tea", "green"), "active")
    assert (stored.valid_from, stored.valid_until) == (date(2026, 4, 12), date(2027, 4, 12))


def test_the_associations_officer_alone_grants(world: World) -> None:
    outsiders: list[tuple[str, tuple[Role, ...], type[ShangengError]]] = [
        ("association", (Role.MANAGER,), RoleMissing),
        ("body", (), WrongOffice),
        ("tea", (), WrongOffice),
        ("platform", (Role.OFFICER,), WrongOffice),
    ]
    before = world.ask(count)
    for who, roles, error in outsiders:
        with pytest.raises(error):
            world.license(by=who, roles=roles)
    assert world.ask(count) == before


def test_what_cannot_be_licensed_is_refused_at_its_field(world: World) -> None:
    refusals: list[tuple[dict[str, Any], type[RejectedError], str]] = [
        ({"product_id": ""}, ProductsMissing, "product_id"),
        ({"product_id": product("rival_tea", "green")}, ProductNotHolders, "product_id"),
        ({"valid_from": date(2026, 4, 11)}, StartInPast, "valid_from"),
        ({"valid_until": date(2026, 4, 11)}, DatesReversed, "valid_until"),
        ({"valid_until": date(2029, 4, 12)}, ValidTooLong, "valid_until"),
    ]
    before = world.ask(count)
    for values, error, where in refusals:
        with pytest.raises(InvalidError) as refused:
            world.license(**values)
        assert [(type(problem), problem.field) for problem in refused.value.problems] == [(error, where)]
    with pytest.raises(HolderUnknown):
        world.license(holder_id="0" * 16)
    with pytest.raises(HolderNotMember):
        world.license(holder_id=organisation("body"))
    assert world.ask(count) == before


def test_licences_for_one_product_must_not_overlap(world: World) -> None:
    first = world.license()
    for by in ("association", "rival_association"):
        with pytest.raises(AlreadyLicensed, match=first.number):
            world.license(by=by)
    world.do(suspend_licence, "association", number=first.number, reason="mark_misuse")
    with pytest.raises(AlreadyLicensed):
        world.license()
    day = first.valid_until + timedelta(days=1)
    assert world.license(valid_from=day, valid_until=day).number == "XK-2026-0002"
    assert world.license("black").number == "XK-2026-0003"
    world.do(withdraw_licence, "association", number=first.number, reason="ceased")
    assert world.license(valid_until=date(2026, 12, 31)).number == "XK-2026-0004"


def test_the_granting_association_alone_changes_its_licences(world: World) -> None:
    outsiders: list[tuple[str, tuple[Role, ...], type[ShangengError]]] = [
        ("rival_association", (), NotYours),
        ("association", (Role.MANAGER,), RoleMissing),
        ("tea", (), WrongOffice),
        ("body", (), WrongOffice),
        ("supervisor", (), WrongOffice),
    ]
    row = world.license()
    before = world.ask(count)
    for verb, reason in CHANGES:
        for who, roles, error in outsiders:
            with pytest.raises(error):
                world.do(verb, who, *roles, number=row.number, reason=reason)
    assert world.ask(count) == before


def test_a_licence_can_be_suspended_reinstated_and_withdrawn_for_good(world: World) -> None:
    row = world.license()
    states: list[str] = []
    for verb, reason in CHANGES:
        states.append(world.do(verb, "association", number=row.number, reason=reason).state)
    assert states == ["suspended", "active", "withdrawn"]
    with pytest.raises(WithdrawnIsFinal, match=row.number):
        world.do(reinstate_licence, "association", number=row.number, reason="corrected")


def test_an_unknown_licence_or_reason_is_refused(world: World) -> None:
    row = world.license()
    with pytest.raises(LicenceUnknown):
        world.do(suspend_licence, "association", number="XK-2026-9999", reason="mark_misuse")
    with pytest.raises(ReasonUnknown):
        world.do(suspend_licence, "association", number=row.number, reason="corrected")
