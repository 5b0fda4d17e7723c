"""The page of a batch: what it says in every state, to whom, and how heavy it is."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from shangeng_certs.certificates import suspend_certificate, withdraw_certificate
from shangeng_trace.acting import Actor
from shangeng_trace.batches import Part, Take, open_batch, pack, receive, ship, split
from shangeng_trace.recording import Telling
from shangeng_trace.registry import add_base, add_plot, add_product, register_organisation
from shangeng_trace.registry_tables import OrganisationKind, Role
from shangeng_web.static import assets
from tests.people import PERSONS, Somebody
from tests.visiting import Guest
from tests.web.public.reading import Words, bar, linked_data, words
from tests.web.public.scene import PACKING, RECALL, SPRAY, Scene

pytestmark = pytest.mark.anyio

CHINESE = re.compile("[\u4e00-\u9fff]")


async def test_a_good_batch_tells_its_whole_story(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    answer = await shopper.get(f"/b/{batch}")
    text = words(answer.text)
    assert answer.status_code == 200
    assert bar(answer.text).startswith("ok: 认证有效·批次正常 证书、许可、检测都有效，没有召回。 查询于 2026-04-22")
    for said in (
        "景宁惠明茶",
        "景宁·惠明寺村",
        "HM20260412",
        "2026-04-20 包装",
        "现在有效，至 2027-03-31",
        "采摘",
        "38 kg，一芽一叶，手工，晴",
        "38 kg → 8.2 kg，得率 21.6%",
        "164 罐，每罐 50 g",
        "惠明寺村 3 号地块，海拔 680 m",
        "须满 7 天",
        "采收：第 25 天",
        "09521234543213",
        "LB-44-2601112345A",
        "签名人写下的内容一定属实",
        "shangeng verify bundle.json",
    ):
        assert said in text, said
    assert 'aria-label="丽水山耕标志：许可与证书均有效"' in answer.text


async def test_nothing_private_is_on_the_page(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    text = (await shopper.get(f"/b/{batch}?steps=all")).text
    for private in (*(name for _, name, _ in PERSONS.values()), "PD20260001", "景宁农资店"):
        assert private not in text


async def test_a_household_is_called_by_its_number(scene: Scene, shopper: Guest) -> None:
    household = scene.do(
        register_organisation,
        scene.people.operator,
        kind=OrganisationKind.MEMBER,
        name="雷阿土",
        county="331127",
    )
    actor = Actor(household.id, household.kind, frozenset({Role.MANAGER}))
    farmer = Somebody("雷阿土", "", "", household, actor)
    base = scene.do(add_base, farmer, name="屋后", county="331127", township="鹤溪街道", village="周湖村")
    plot = scene.do(add_plot, farmer, base_id=base.id, name="雷阿土屋后", area_mu="1", altitude_m="420")
    product = scene.do(
        add_product,
        farmer,
        name="土鸡蛋",
        category="livestock",
        unit="egg",
        net_amount="30",
        net_unit="egg",
        pack_unit="box",
    )
    batch, _ = scene.do(
        open_batch,
        farmer,
        product_id=product.id,
        lot="E1",
        step="eggs",
        values={"harvest_date": scene.clock().date().isoformat()},
        plot_id=plot.id,
        take=Take("90"),
    )
    page = (await shopper.get(f"/b/{batch}")).text
    assert "雷阿土" not in page
    assert household.number in page
    assert bar(page).startswith("none: 没有认证记录")
    assert "周湖村，海拔 420 m" in words(page)


async def test_a_recall_says_what_why_who_and_what_to_do_newest_first(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    scene.clock.moment = datetime(2026, 6, 9, 1, 40, tzinfo=UTC)
    scene.step(scene.people.supervisor, batch, "recall", RECALL)
    page = (await shopper.get(f"/b/{batch}")).text
    text = words(page)
    assert bar(page).startswith("stop: 召回中，请勿食用 景宁县农业农村局召回本批。")
    assert "丽水山耕标志：" not in page
    for said in ("联苯菊酯 6.1 mg/kg", "二级召回", "2026-06-09 09:40", "原罐退回购买处", "HM20260412 都在召回范围"):
        assert said in text, said
    assert text.index("监管决定") < text.index("摊青") < text.index("开园")


async def test_a_recall_reaches_what_was_made_of_it_and_names_the_source(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea(packed=False)
    (part, _), _ = scene.do(
        split, scene.people.producer, batch_id=batch, parts=[Part("HM-A", Take("4")), Part("HM-B", Take("4.2"))]
    )
    scene.step(scene.people.supervisor, batch, "hold", {"reason": "调查中"})
    page = (await shopper.get(f"/b/{part}")).text
    assert bar(page).startswith("held: 已暂停，请勿购买 所用的批次 HM20260412 已被暂停")
    assert "采摘" in words(page)


async def test_goods_that_were_sold_on_are_told_of_on_both_sides(scene: Scene, shopper: Guest) -> None:
    batch, owner = scene.tea(), scene.people.producer
    sent = "urn:uuid:019d8a10-0000-7000-8000-000000000003"
    buyer = scene.people.rival
    scene.do(
        ship,
        owner,
        batch_id=batch,
        recipient_id=buyer.organisation.id,
        take=Take("60", packs=True),
        values={"transport": "ambient", "vehicle": "浙K12345"},
        telling=Telling(event_id=sent),
    )
    values = {"condition": "good"}
    received, _ = scene.do(receive, buyer, shipment_id=sent, lot="IN-001", values=values)
    scene.step(owner, batch, "sale", {"channel": "shop"}, take=Take("10", packs=True))
    sender, recipient = [words((await shopper.get(f"/b/{each}")).text) for each in (batch, received)]
    assert "60 罐，发往庆元香菇合作社" in sender
    assert "60 罐，来自景宁惠明茶合作社，完好" in sender
    assert "10 罐，门店" in sender
    assert "现由 庆元香菇合作社 持有" in recipient
    assert "60 罐，来自景宁惠明茶合作社，完好" in recipient
    assert "销售" not in recipient
    assert "浙K12345" not in sender + recipient
    recall = RECALL | {"known_on": "2026-04-22T06:00:00+08:00"}
    scene.step(scene.people.supervisor, batch, "recall", recall)
    page = (await shopper.get(f"/b/{received}")).text
    assert bar(page).startswith("stop: 召回中，请勿食用 所用的批次 HM20260412 被召回。")
    assert "HM20260412 都在召回范围" in words(page)


async def test_a_hold_and_its_release_show_with_the_next_request(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    assert bar((await shopper.get(f"/b/{batch}")).text).startswith("ok")
    scene.step(scene.people.supervisor, batch, "hold", {"reason": "年度监督发现用药记录缺失"})
    held = (await shopper.get(f"/b/{batch}")).text
    assert bar(held).startswith("held: 已暂停，请勿购买")
    assert "年度监督发现用药记录缺失" in words(held)
    scene.step(scene.people.supervisor, batch, "release", {"reason": "查无问题"})
    assert bar((await shopper.get(f"/b/{batch}")).text).startswith("ok")


async def test_the_mark_is_gone_while_the_certificate_is_suspended_withdrawn_or_expired(
    scene: Scene, shopper: Guest
) -> None:
    batch = scene.tea()
    decider = scene.people.decider
    scene.clock.moment = datetime(2027, 4, 1, tzinfo=UTC)
    expired = (await shopper.get(f"/b/{batch}")).text
    assert bar(expired).startswith("mind: 请留意：包装后到期 这批产品于 2026-04-20 包装，当时许可和认证都有效。")
    scene.clock.moment = datetime(2026, 5, 1, tzinfo=UTC)
    scene.do(suspend_certificate, decider, number=scene.certificate, reason="duties_unmet")
    suspended = (await shopper.get(f"/b/{batch}")).text
    assert bar(suspended).startswith("held: 认证已暂停 不能使用“丽水山耕”标志。认证证书")
    assert "没有按期接受监督或履行义务" in bar(suspended)
    scene.pass_time(hours=1)
    scene.do(withdraw_certificate, decider, number=scene.certificate, reason="not_corrected")
    withdrawn = (await shopper.get(f"/b/{batch}")).text
    assert bar(withdrawn).startswith("held: 认证已撤销")
    assert "丽水山耕标志：" not in expired + suspended + withdrawn


@pytest.mark.parametrize(
    ("made", "tone"),
    [
        ({"tested": None}, "mind: 请留意 这一批还没有检测记录"),
        ({"packed": False}, "none: 还没有包装"),
        ({"tested": "fail"}, "mind: 请留意：检测不合格"),
    ],
)
async def test_what_is_missing_or_bad_is_said_first(
    scene: Scene, shopper: Guest, made: dict[str, str], tone: str
) -> None:
    page = (await shopper.get(f"/b/{scene.tea(**made)}")).text  # type: ignore[arg-type]  # options of `tea`
    assert bar(page).startswith(tone)
    assert "丽水山耕标志：" not in page


async def test_what_a_clerk_entered_waits_for_the_person_it_names(scene: Scene, shopper: Guest) -> None:
    batch, people = scene.tea(), scene.people
    stored = {"store_place": "合作社冷库"}
    event = "urn:uuid:019d8a10-0000-7000-8000-000000000001"
    scene.step(people.clerk, batch, "store", stored, claimed_by=people.farmer.person_id, event_id=event)
    page = (await shopper.get(f"/b/{batch}")).text
    assert bar(page).startswith("mind: 请留意 有 1 条代录的记录本人还没有确认")
    scene.step(people.farmer, batch, "confirm", {"event": event, "answer": "yes"})
    page = (await shopper.get(f"/b/{batch}")).text
    assert bar(page).startswith("ok")
    assert "景宁惠明茶合作社代录，本人已确认" in words(page)
    scene.step(people.farmer, batch, "confirm", {"event": event, "answer": "no"})
    assert bar((await shopper.get(f"/b/{batch}")).text).startswith("mind: 请留意 有记录被本人否认")


async def test_a_late_entry_and_a_correction_stay_visible(scene: Scene, shopper: Guest) -> None:
    batch, owner = scene.tea(), scene.people.producer
    event = "urn:uuid:019d8a10-0000-7000-8000-000000000002"
    long_ago = scene.clock() - timedelta(days=3)
    scene.step(owner, batch, "store", {"store_place": "老仓库"}, at=long_ago, event_id=event)
    scene.step(owner, batch, "correct", {"event": event, "error": "incorrect_data", "reason": "写错了仓库"})
    page = (await shopper.get(f"/b/{batch}")).text
    assert "<del>仓库和条件：老仓库</del>" in page
    assert "补记于 2026-04-22，晚 3 天" in words(page)
    assert "由景宁惠明茶合作社更正：写错了仓库。原记录保留，可核验。" in words(page)


async def test_a_corrected_amount_stands_beside_the_recorded_one_and_in_the_sums(scene: Scene, shopper: Guest) -> None:
    batch, owner = scene.tea(packed=False), scene.people.producer
    packing = "urn:uuid:019d8a10-0000-7000-8000-000000000003"
    scene.pass_time(days=2)
    scene.do(pack, owner, batch_id=batch, packs=164, values=PACKING, telling=Telling(event_id=packing))
    values = {"event": packing, "error": "incorrect_data", "reason": "数错了"}
    scene.step(owner, batch, "correct", values, take=Take("160", packs=True))
    text = words((await shopper.get(f"/b/{batch}")).text)
    assert "164 罐" in text
    assert "数量改为：160 罐" in text
    assert text.count("160 罐") > 1


async def test_an_interval_that_nobody_registered_is_unknown_and_not_zero(scene: Scene, shopper: Guest) -> None:
    batch, owner = scene.tea(packed=False), scene.people.producer
    unregistered = SPRAY | {"input_name": "印楝素", "phi_days": ""}
    scene.step(owner, batch, "spray", unregistered)
    page = (await shopper.get(f"/b/{batch}")).text
    text = words(page)
    assert "间隔期：无登记 用后第 25 天采收" in text
    assert text.count("须满 7 天") == 1


async def test_the_page_is_english_where_it_can_be_and_says_where_it_is_not(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    page = (await shopper.get(f"/b/{batch}", headers={"accept-language": "en-GB,en;q=0.8"})).text
    assert bar(page).startswith("ok: Certificate valid · batch in order Certificate, licence and test hold")
    for said in ("Jingning Huiming tea", "Jingning Huiming Tea Cooperative", "Plucking", "yield 21.6%", "50 g per tin"):
        assert said in words(page), said
    left = [text for language, text in Words(page).said if language != "zh-CN" and CHINESE.search(text)]
    assert left == []


async def test_machines_are_told_what_the_page_says(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    page = (await shopper.get(f"/b/{batch}")).text
    data, text = linked_data(page), words(page)
    certificate, licence = data["hasCertification"]
    assert data["@id"] == f"http://127.0.0.1:8000/b/{batch}"
    assert {certificate["certificationIdentification"], licence["certificationIdentification"]} == {
        scene.certificate,
        scene.licence,
    }
    assert certificate["certificationStatus"] == "https://schema.org/CertificationActive"
    told = [
        data["name"],
        data["gtin"],
        data["manufacturer"]["name"],
        data["identifier"]["value"],
        data["productionDate"],
    ]
    told += [each[key] for each in (certificate, licence) for key in ("validFrom", "expires")]
    told += [certificate["issuedBy"]["name"], licence["issuedBy"]["name"], certificate["certificationIdentification"]]
    assert [each for each in told if each not in text] == []
    scene.clock.moment = datetime(2027, 4, 1, tzinfo=UTC)
    later = linked_data((await shopper.get(f"/b/{batch}")).text)
    assert later["hasCertification"][0]["certificationStatus"] == "https://schema.org/CertificationInactive"


async def test_markup_in_names_stays_text(scene: Scene, shopper: Guest) -> None:
    evil = "</script><img src=x>"
    owner = scene.people.producer
    product = scene.do(
        add_product,
        owner,
        name=evil,
        category="tea",
        unit="kg",
        net_amount="50",
        net_unit="g",
        pack_unit="tin",
    )
    batch, _ = scene.do(
        open_batch,
        owner,
        product_id=product.id,
        lot="EVIL",
        step="harvest",
        values={"harvest_date": scene.clock().date().isoformat(), "grade": "<b>一级</b>"},
        take=Take("1"),
    )
    page = (await shopper.get(f"/b/{batch}")).text
    assert "<img src=x>" not in page
    assert "<b>一级" not in page
    assert linked_data(page)["name"] == evil


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_the_heaviest_page_stays_under_fifty_kilobytes_with_its_style(
    scene: Scene, shopper: Guest, language: str
) -> None:
    batch = scene.tea()
    for n in range(60):
        scene.step(scene.people.producer, batch, "store", {"store_place": f"合作社冷库第 {n} 间，避光，离墙离地"})
    scene.test(batch, report="OJ26-04-2000")
    page = await shopper.get(f"/b/{batch}?lang={language}")
    assert len(page.content) + len(assets()["public.css"].body) < 50_000
    whole = await shopper.get(f"/b/{batch}?lang={language}&steps=all")
    assert words(whole.text).count("合作社冷库第") == 60
    assert "合作社冷库第 59 间" in words(page.text)


async def test_a_page_sets_no_cookie_runs_no_script_and_is_revalidated(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    answer = await shopper.get(f"/b/{batch}")
    assert "set-cookie" not in answer.headers
    assert re.findall(r"<script(?! type=\"application/ld\+json\")", answer.text) == []
    assert re.findall(r"\sstyle=|\son\w+=", answer.text) == []
    assert "s-maxage=20" in answer.headers["cache-control"]
    assert answer.headers["vary"] == "Accept-Language, Accept-Encoding"
    again = await shopper.get(f"/b/{batch}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    scene.pass_time(minutes=1)
    later = await shopper.get(f"/b/{batch}", headers={"if-none-match": answer.headers["etag"]})
    assert later.status_code == 200


async def test_case_and_head_do_not_matter(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    plain = await shopper.get(f"/b/{batch}")
    shouted = await shopper.get(f"/B/{batch}")
    whispered = await shopper.get(f"/b/{batch.lower()}")
    head = await shopper.head(f"/b/{batch}")
    assert plain.status_code == shouted.status_code == whispered.status_code == head.status_code == 200
    canonical = f'<link rel="canonical" href="http://127.0.0.1:8000/b/{batch}">'
    assert canonical in shouted.text
    assert canonical in whispered.text
    assert (head.content, head.headers["etag"]) == (b"", plain.headers["etag"])


@pytest.mark.parametrize("batch", ["0000000000000000", "nonsense", "%00", "7K3M' OR 1=1"])
async def test_there_is_no_page_for_what_is_no_batch(scene: Scene, shopper: Guest, batch: str) -> None:
    del scene
    for path in ("", "/verify", "/bundle.json", "/qr.svg", "/qr.png"):
        assert (await shopper.get(f"/b/{batch}{path}")).status_code == 404
