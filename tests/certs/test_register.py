import pytest

from shangeng_certs.certificates import suspend_certificate
from shangeng_certs.credentials import Kind
from shangeng_certs.register import (
    CursorUnknown,
    find_by_number,
    plots_covered,
    register_entry,
    register_page,
    status_history,
)
from shangeng_certs.validity import Validity
from tests.certs.cast import START, World, plot


def found(world: World, query: str) -> list[str]:
    return [entry.number for entry in world.ask(register_page, at=START, query=query).entries]


def test_certificates_and_licences_stand_together_newest_first(world: World) -> None:
    certificate = world.certify("green", "black")
    licence = world.license()
    page = world.ask(register_page, at=START)
    assert [entry.number for entry in page.entries] == [licence.number, certificate.number]
    assert page.next_cursor is None
    entry = page.entries[1]
    assert (entry.kind, entry.standard, entry.edition) == (Kind.CERTIFICATE, "jingning600", "2025")
    assert (entry.holder_name, entry.issuer_name) == ("景宁惠明茶合作社", "浙西南认证中心")
    assert {product.name for product in entry.products} == {"惠明绿茶", "惠明红茶"}
    assert entry.standing.validity is Validity.VALID
    assert (page.entries[0].kind, page.entries[0].standard) == (Kind.LICENCE, None)
    assert [product.name for product in page.entries[0].products] == ["惠明绿茶"]


def test_pages_follow_each_other_without_gap_or_overlap(world: World) -> None:
    numbers = [
        world.certify("green").number,
        world.license("green").number,
        world.certify("black").number,
        world.license("black").number,
        world.certify("green", holder="rival_tea").number,
    ]
    seen: list[str] = []
    cursor: str | None = None
    for size in (2, 2, 1):
        page = world.ask(register_page, at=START, cursor=cursor, limit=2)
        assert len(page.entries) == size
        seen += [entry.number for entry in page.entries]
        cursor = page.next_cursor
    assert cursor is None
    assert seen == numbers[::-1]


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "９", "1" * 19, "1 OR 1"])
def test_a_cursor_that_no_page_gave_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(CursorUnknown) as refused:
        world.ask(register_page, at=START, cursor=cursor)
    assert refused.value.field == "cursor"


def test_it_is_searched_by_number_holder_and_product(world: World) -> None:
    certificate, licence = world.certify("green"), world.license("black")
    assert found(world, "sg-2026") == [certificate.number]
    assert found(world, " 惠明茶合作社 ") == [licence.number, certificate.number]
    assert found(world, "红茶") == [licence.number]
    assert found(world, "huiming GREEN") == [certificate.number]
    assert found(world, "香菇") == []
    assert found(world, "%") == []
    assert found(world, "_") == []


def test_a_household_appears_by_its_number_and_cannot_be_searched_by_name(world: World) -> None:
    certificate = world.certify(holder="household")
    assert found(world, "蓝阿婆") == []
    (entry,) = world.ask(register_page, at=START).entries
    assert (entry.number, entry.holder_name) == (certificate.number, None)
    assert entry.holder_number.startswith("H331127")


def test_a_number_is_found_however_it_was_typed(world: World) -> None:
    certificate, licence = world.certify(), world.license()
    for typed in (certificate.number, " sg-2026-00001 ", "SG-2026- 00001"):
        row = world.ask(find_by_number, typed)
        assert row is not None
        assert row.number == certificate.number
    row = world.ask(find_by_number, licence.number)
    assert row is not None
    assert world.ask(register_entry, row, at=START).kind is Kind.LICENCE
    for nothing in ("", "SG-2026-00002", "XK-2026-00001", "'; --", "SG-2026-00001" * 20, "SG-2026-\x0000001"):
        assert world.ask(find_by_number, nothing) is None


def test_the_register_tells_the_history_and_the_plots(world: World) -> None:
    certificate = world.certify()
    world.do(suspend_certificate, "body", number=certificate.number, reason="duties_unmet")
    assert [(row.state, row.reason) for row in world.ask(status_history, certificate.number)] == [
        ("suspended", "duties_unmet")
    ]
    assert [row.id for row in world.ask(plots_covered, certificate.number)] == [plot("tea", "high")]
