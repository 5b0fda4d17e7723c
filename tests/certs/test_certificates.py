from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from shangeng_certs.certificates import (
    AlreadyCertified,
    CategoryNotCovered,
    CertificateUnknown,
    PlotNotHolders,
    PlotsMissing,
    PlotTooLow,
    reinstate_certificate,
    suspend_certificate,
    withdraw_certificate,
)
from shangeng_certs.credentials import read_certificate
from shangeng_certs.issuing import (
    HolderNotMember,
    HolderUnknown,
    ProductNotHolders,
    ProductsMissing,
    ReasonUnknown,
    StartInPast,
    StartTooFar,
    StateAlready,
    ValidTooLong,
    WithdrawnIsFinal,
)
from shangeng_certs.standards import StandardUnknown
from shangeng_certs.tables import Certificate, CertificatePlot, CertificateProduct, CredentialStatus
from shangeng_trace.acting import NotYours, RoleMissing, WrongOffice
from shangeng_trace.canonical import load_statement
from shangeng_trace.entry import load_entry
from shangeng_trace.errors import InvalidError, RejectedError, ShangengError
from shangeng_trace.fields import DatesReversed
from shangeng_trace.keyring import public_key
from shangeng_trace.log_tables import LedgerEntry
from shangeng_trace.registry_tables import Role
from shangeng_trace.statements import open_sealed
from tests.certs.cast import HOST, World, organisation, plot, product
from tests.stored import statement

CHANGES = [
    (suspend_certificate, "failed_test"),
    (reinstate_certificate, "corrected"),
    (withdraw_certificate, "forged_records"),
]


def count(session: Session) -> int:
    return len(session.exec(select(LedgerEntry.index)).all())


def statement_of(session: Session, digest: str) -> dict[str, Any]:
    body = statement(session, digest)
    assert body is not None
    return load_statement(body)


def test_a_certificate_is_a_signed_statement_in_its_own_chain_and_the_holders(world: World) -> None:
    row = world.certify("green", "black")
    assert row.number == "SG-2026-00001"
    with world.database.session() as session:
        document = statement_of(session, row.digest)
        sealed = open_sealed(document, lambda key: public_key(session, key), host=HOST)
        entry = load_entry(session.get_one(LedgerEntry, row.index).body)
    assert (sealed.digest, sealed.key_id) == (row.digest, row.key_id)
    assert [link.chain for link in entry.links] == [f"certificate:{row.number}", f"member:{organisation('tea')}"]
    assert [link.seq for link in entry.links] == [0, 1]  # after the registration of the member's key
    credential = read_certificate(document)
    assert credential.issuer_name == "浙西南认证中心"
    assert credential.holder.name == "景宁惠明茶合作社"
    assert {item.id for item in credential.products} == {product("tea", "green"), product("tea", "black")}
    assert [(item.id, item.altitude_m) for item in credential.plots] == [(plot("tea", "high"), 640)]


def test_the_row_says_what_was_decided(world: World) -> None:
    row = world.certify(valid_until=date(2027, 4, 11))
    stored = world.ask(Session.get_one, Certificate, row.number)
    assert (stored.body_id, stored.holder_id) == (organisation("body"), organisation("tea"))
    assert (stored.standard, stored.edition, stored.state) == ("jingning600", "2025", "active")
    assert (stored.valid_from, stored.valid_until) == (date(2026, 4, 12), date(2027, 4, 11))
    with world.database.session() as session:
        assert session.exec(select(CertificateProduct.product_id)).all() == [product("tea", "green")]
        assert session.exec(select(CertificatePlot.plot_id)).all() == [plot("tea", "high")]


def test_without_an_end_it_holds_as_long_as_the_edition_allows(world: World) -> None:
    assert world.certify().valid_until == date(2029, 4, 11)


def test_the_day_begins_at_midnight_in_shanghai(world: World) -> None:
    world.clock.moment = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)
    row = world.certify(valid_from=date(2027, 1, 1))
    assert row.number == "SG-2027-00001"


def test_a_household_is_named_by_its_number_alone(world: World) -> None:
    row = world.certify(holder="household")
    with world.database.session() as session:
        body = statement(session, row.digest)
    assert body is not None
    assert "蓝阿婆".encode() not in body
    assert b"H331127" in body


def test_coordinates_never_enter_a_statement(world: World) -> None:
    row = world.certify()
    with world.database.session() as session:
        body = statement(session, row.digest)
    assert body is not None
    assert b"27.97" not in body
    assert b"119.63" not in body


def test_numbers_count_up_within_a_year(world: World) -> None:
    numbers = [world.certify(name).number for name in ("green", "black")]
    world.clock.moment = datetime(2027, 1, 2, tzinfo=UTC)
    numbers.append(world.certify(holder="rival_tea").number)
    assert numbers == ["SG-2026-00001", "SG-2026-00002", "SG-2027-00001"]


def test_a_bodys_decider_alone_decides(world: World) -> None:
    outsiders: list[tuple[str, tuple[Role, ...], type[ShangengError]]] = [
        ("body", (Role.INSPECTOR,), RoleMissing),
        ("body", (Role.MANAGER,), RoleMissing),
        ("association", (), WrongOffice),
        ("supervisor", (), WrongOffice),
        ("tea", (), WrongOffice),
        ("platform", (Role.DECIDER,), WrongOffice),
    ]
    before = world.ask(count)
    for who, roles, error in outsiders:
        with pytest.raises(error):
            world.certify(by=who, roles=roles)
    assert world.ask(count) == before


TODAY = date(2026, 4, 12)


REFUSED: list[tuple[dict[str, Any], type[RejectedError], str]] = [
    ({"product_ids": []}, ProductsMissing, "product_ids"),
    ({"product_ids": [product("rival_tea", "green")]}, ProductNotHolders, "product_ids"),
    ({"product_ids": ["0" * 16]}, ProductNotHolders, "product_ids"),
    ({"product_ids": [product("tea", "duck")]}, CategoryNotCovered, "product_ids"),
    ({"plot_ids": []}, PlotsMissing, "plot_ids"),
    ({"plot_ids": [plot("rival_tea", "high")]}, PlotNotHolders, "plot_ids"),
    ({"plot_ids": [plot("tea", "high"), plot("tea", "low")]}, PlotTooLow, "plot_ids"),
    ({"valid_from": TODAY - timedelta(days=1)}, StartInPast, "valid_from"),
    ({"valid_from": TODAY + timedelta(days=400)}, StartTooFar, "valid_from"),
    ({"valid_until": TODAY - timedelta(days=1)}, DatesReversed, "valid_until"),
    ({"valid_until": date(2029, 4, 12)}, ValidTooLong, "valid_until"),
]


def test_what_cannot_be_certified_is_refused_at_its_field(world: World) -> None:
    before = world.ask(count)
    for values, error, where in REFUSED:
        with pytest.raises(InvalidError) as refused:
            world.certify(**values)
        assert [(type(problem), problem.field) for problem in refused.value.problems] == [(error, where)]
        assert all(problem.sentence("zh") and problem.sentence("en") for problem in refused.value.problems)
    assert world.ask(count) == before


def test_every_problem_is_named_at_once(world: World) -> None:
    with pytest.raises(InvalidError) as refused:
        world.certify("duck", plot_ids=[plot("tea", "low")], valid_until=date(2040, 1, 1))
    assert {problem.field for problem in refused.value.problems} == {"product_ids", "plot_ids", "valid_until"}


def test_what_is_not_there_cannot_be_certified(world: World) -> None:
    absent: list[tuple[dict[str, Any], type[ShangengError]]] = [
        ({"holder_id": "0" * 16}, HolderUnknown),
        ({"holder_id": organisation("supervisor")}, HolderNotMember),
        ({"standard": "nothing"}, StandardUnknown),
        ({"edition": "1999"}, StandardUnknown),
    ]
    for values, error in absent:
        with pytest.raises(error) as refused:
            world.certify(**values)
        assert refused.value.field in values


def test_a_low_plot_is_fine_where_no_clause_asks_for_altitude(world: World) -> None:
    assert world.certify(plot_ids=[plot("tea", "low")], standard="tea").standard == "tea"


def test_an_end_beyond_the_calendar_is_a_refusal(world: World) -> None:
    with pytest.raises(InvalidError):
        world.certify(valid_from=date.max)
    with pytest.raises(InvalidError):
        world.certify(valid_until=date.max)


def test_a_second_certificate_to_the_standard_must_not_overlap(world: World) -> None:
    first = world.certify("green", "black", valid_until=date(2027, 4, 11))
    for by in ("body", "rival_body"):
        with pytest.raises(AlreadyCertified, match=first.number):
            world.certify("black", by=by)
    world.do(suspend_certificate, "body", number=first.number, reason="failed_test")
    with pytest.raises(AlreadyCertified):
        world.certify("green", valid_from=date(2027, 4, 11))
    assert world.certify("green", standard="tea").standard == "tea"
    assert world.certify("green", valid_from=date(2027, 4, 12)).number == "SG-2026-00003"


def test_withdrawal_makes_room_for_another_certificate(world: World) -> None:
    first = world.certify()
    world.do(withdraw_certificate, "body", number=first.number, reason="holder_request_end")
    assert world.certify(by="rival_body").number == "SG-2026-00002"


def test_every_change_of_state_is_a_statement_in_the_certificates_chain(world: World) -> None:
    row = world.certify()
    for hour, (verb, reason) in enumerate(CHANGES, start=1):
        world.clock.moment += timedelta(hours=hour)
        row = world.do(verb, "body", number=row.number, reason=reason)
    assert row.state == "withdrawn"
    with world.database.session() as session:
        history = session.exec(select(CredentialStatus).order_by(col(CredentialStatus.index))).all()
        entries = [load_entry(session.get_one(LedgerEntry, change.index).body) for change in history]
        statements = [statement_of(session, change.digest) for change in history]
        stored = session.get_one(Certificate, row.number)
    assert stored.state == "withdrawn"
    assert [(change.state, change.reason) for change in history] == [
        ("suspended", "failed_test"),
        ("active", "corrected"),
        ("withdrawn", "forged_records"),
    ]
    assert [(entry.kind, entry.links[0].chain, entry.links[0].seq) for entry in entries] == [
        ("status", f"certificate:{row.number}", seq) for seq in (1, 2, 3)
    ]
    assert [statement["shangeng:of"] for statement in statements] == [row.number] * 3
    assert {change.author for change in history} == {organisation("body")}


def test_the_issuer_alone_changes_its_certificates(world: World) -> None:
    outsiders: list[tuple[str, tuple[Role, ...], type[ShangengError]]] = [
        ("rival_body", (), NotYours),
        ("body", (Role.INSPECTOR,), RoleMissing),
        ("tea", (), WrongOffice),
        ("rival_tea", (), WrongOffice),
        ("association", (), WrongOffice),
    ]
    row = world.certify()
    before = world.ask(count)
    for verb, reason in CHANGES:
        for who, roles, error in outsiders:
            with pytest.raises(error):
                world.do(verb, who, *roles, number=row.number, reason=reason)
    assert world.ask(count) == before


def test_withdrawn_is_final(world: World) -> None:
    row = world.certify()
    world.do(withdraw_certificate, "body", number=row.number, reason="forged_records")
    for verb, reason in CHANGES:
        with pytest.raises(WithdrawnIsFinal):
            world.do(verb, "body", number=row.number, reason=reason)


def test_a_change_must_change_something_for_a_known_reason(world: World) -> None:
    row = world.certify()
    with pytest.raises(StateAlready):
        world.do(reinstate_certificate, "body", number=row.number, reason="corrected")
    for reason in ("", "corrected", "because"):
        with pytest.raises(ReasonUnknown) as refused:
            world.do(suspend_certificate, "body", number=row.number, reason=reason)
        assert refused.value.field == "reason"
    with pytest.raises(CertificateUnknown, match="SG-2026-99999"):
        world.do(suspend_certificate, "body", number="SG-2026-99999", reason="failed_test")


def test_the_same_change_twice_in_the_same_millisecond_is_two_statements(world: World) -> None:
    row = world.certify()
    for _ in range(2):
        world.do(suspend_certificate, "body", number=row.number, reason="failed_test")
        row = world.do(reinstate_certificate, "body", number=row.number, reason="corrected")
    with world.database.session() as session:
        assert len(session.exec(select(CredentialStatus)).all()) == 4
