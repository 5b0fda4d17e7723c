"""Certificates and licences: issuing, changing, holding."""

import pytest

from shangeng_certs.tables import Certificate, CredentialStatus, Licence
from shangeng_web.platform import Platform
from tests.people import People
from tests.visiting import Guest
from tests.web.console_registry.forms import count, grow, in_days, refuse, save

pytestmark = pytest.mark.anyio


async def certify(client: Guest, people: People, platform: Platform) -> tuple[str, dict[str, object]]:
    """Have the decider certify the producer's tea; return its address and the form that did."""
    product, plot = await grow(client, people)
    await client.log_in(people.decider)
    form: dict[str, object] = {
        "holder_id": people.producer.organisation.id,
        "product_ids": [product],
        "plot_ids": [plot],
        "standard": "tea 2025",
        "valid_from": in_days(platform, 0),
        "valid_until": in_days(platform, 30),
    }
    return (await save(client, "/console/certificates/new", **form)).partition("?")[0], form


async def license_tea(client: Guest, people: People, platform: Platform) -> tuple[str, dict[str, str]]:
    """Have the officer license the producer's tea; return its address and the form that did."""
    product, _ = await grow(client, people)
    await client.log_in(people.officer)
    form = {
        "holder_id": people.producer.organisation.id,
        "product_id": product,
        "valid_from": in_days(platform, 0),
        "valid_until": in_days(platform, 400),
    }
    return (await save(client, "/console/licences/new", **form)).partition("?")[0], form


async def test_a_body_chooses_the_holder_then_certifies(client: Guest, people: People, platform: Platform) -> None:
    where, form = await certify(client, people, platform)
    chosen = (await client.get("/console/certificates/new?q=惠明")).text
    asked = f"/console/certificates/new?holder={people.producer.organisation.id}"
    assert asked in chosen
    page = (await client.get(asked)).text
    for words in ("景宁惠明茶，50 g/罐", "3 号地块，680 m", "丽水山耕 茶叶（2025）"):
        assert words in page
    shown = (await client.get(where)).text
    for words in ("有效", "还有 30 天", "景宁惠明茶", "3 号地块", "浙南认证中心"):
        assert words in shown
    listed = (await client.get("/console/certificates")).text
    assert "快到期" in listed
    assert "景宁惠明茶合作社" in listed
    await refuse(client, "/console/certificates/new", "product_ids", status=409, form={**form, "valid_until": ""})
    assert count(platform, Certificate) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"product_ids": []}, "product_ids"),
        ({"plot_ids": ["0123456789ABCDEF"]}, "plot_ids"),
        ({"standard": ""}, "standard"),
        ({"standard": "mushroom 2025"}, "product_ids"),
        ({"standard": "porcelain 2025"}, "standard"),
        ({"valid_from": "2020-01-01"}, "valid_from"),
        ({"valid_from": "yesterday"}, "valid_from"),
        ({"valid_until": "2019-02-30"}, "valid_until"),
        ({"valid_until": "2999-01-01"}, "valid_until"),
    ],
)
async def test_a_wrong_certificate_is_refused_at_its_field(
    client: Guest, people: People, platform: Platform, change: dict[str, object], field: str
) -> None:
    product, plot = await grow(client, people)
    await client.log_in(people.decider)
    form = {
        "holder_id": people.producer.organisation.id,
        "product_ids": [product],
        "plot_ids": [plot],
        "standard": "tea 2025",
        "valid_from": in_days(platform, 0),
        "valid_until": in_days(platform, 30),
        **change,
    }
    answer = await client.submit("/console/certificates/new", **form)
    assert answer.status_code == 422, answer.text
    assert f'href="#{field}"' in answer.text
    assert count(platform, Certificate) == 0


async def test_a_certificate_is_suspended_reinstated_and_withdrawn(
    client: Guest, people: People, platform: Platform
) -> None:
    where, _ = await certify(client, people, platform)
    await refuse(client, f"{where}/suspended", "reason_suspended", form={"reason_suspended": ""})
    await refuse(client, f"{where}/suspended", "reason_suspended", form={"reason_suspended": "corrected"})
    assert count(platform, CredentialStatus) == 0
    page = await client.get(await save(client, f"{where}/suspended", reason_suspended="failed_test"))
    assert "产品抽检不合格" in page.text
    assert "/suspended" not in page.text
    again = await client.submit(f"{where}/suspended", reason_suspended="mark_misuse")
    assert again.status_code == 409
    await save(client, f"{where}/active", reason_active="retest_passed")
    final = await client.get(await save(client, f"{where}/withdrawn", reason_withdrawn="ceased"))
    assert "已经撤销，不能再变更" in final.text
    assert (await client.submit(f"{where}/active", reason_active="corrected")).status_code == 409
    assert count(platform, CredentialStatus) == 3


async def test_an_inspector_looks_and_decides_nothing(client: Guest, people: People, platform: Platform) -> None:
    where, form = await certify(client, people, platform)
    await client.log_in(people.inspector)
    page = (await client.get(where)).text
    assert "只有认证决定人可以变更" in page
    assert 'aria-disabled="true"' in (await client.get("/console/certificates")).text
    assert (await client.get("/console/certificates/new")).status_code == 403
    assert (await client.submit("/console/certificates/new", **form)).status_code == 403
    assert (await client.submit(f"{where}/suspended", reason_suspended="failed_test")).status_code == 403
    assert (count(platform, Certificate), count(platform, CredentialStatus)) == (1, 0)


async def test_a_licence_is_granted_changed_and_held(client: Guest, people: People, platform: Platform) -> None:
    where, form = await license_tea(client, people, platform)
    await refuse(client, "/console/licences/new", "product_id", status=409, form=form)
    await refuse(client, "/console/licences/new", "valid_until", form={**form, "valid_until": "2099-01-01"})
    await refuse(client, "/console/licences/new", "product_id", form={**form, "product_id": ""})
    assert count(platform, Licence) == 1
    assert "还有 400 天" in (await client.get("/console/licences")).text
    await save(client, f"{where}/suspended", reason_suspended="mark_misuse")
    await client.log_in(people.producer)
    held = (await client.get("/console/certificates")).text
    assert "已暂停" in held
    assert "还没有证书" in held
    page = (await client.get(where)).text
    assert "标志使用不规范" in page
    assert "<select" not in page
    assert (await client.submit(f"{where}/active", reason_active="corrected")).status_code == 403
    await client.log_in(people.supervisor)
    assert "景宁惠明茶合作社" in (await client.get("/console/licences")).text


async def test_others_neither_see_nor_change_it(client: Guest, people: People, platform: Platform) -> None:
    where, _ = await certify(client, people, platform)
    await client.log_in(people.rival)
    assert (await client.get(where)).status_code == 403
    assert (await client.submit(f"{where}/withdrawn", reason_withdrawn="ceased")).status_code == 403
    assert where not in (await client.get("/console/certificates")).text
    for somebody in (people.officer, people.supervisor):
        await client.log_in(somebody)
        assert (await client.get(where)).status_code == 200
        assert (await client.submit(f"{where}/withdrawn", reason_withdrawn="ceased")).status_code == 403
    assert count(platform, CredentialStatus) == 0


async def test_what_is_unknown_is_not_found(client: Guest, people: People) -> None:
    await client.log_in(people.decider)
    assert (await client.get("/console/certificates/SG-2026-99999")).status_code == 404
    assert (await client.get("/console/certificates/XK-2026-0001")).status_code == 404
    assert (await client.submit("/console/certificates/SG-2026-99999/suspended")).status_code == 404
    assert (await client.submit("/console/certificates/SG-2026-99999/burnt")).status_code == 422
    assert (await client.get("/console/certificates/new?holder=0123456789ABCDEF")).status_code == 404
