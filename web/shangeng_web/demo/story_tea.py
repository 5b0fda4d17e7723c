"""Tea of Jingning: one garden's own from plot to shop, a batch pooled from two neighbours, and next season's."""

from shangeng_web.demo.calendar import Days, Story
from shangeng_web.demo.records import dose, lab_report, packing, used
from shangeng_web.demo.stage import Hand, Stage

TEA_STANDARD = "GB/T 14456.2"
TEA_LICENCE = "SC11433112700018"


def own_garden(stage: Stage) -> Story:
    """38 kg of leaf become 8.2 kg of tea and 164 tins; the farmer confirms what the clerk wrote for him."""
    days = stage.calendar.season(2, 20, lasting=80)
    clerk, farmer, manager = (stage.hand(f"huiming-{role}") for role in ("clerk", "farmer", "manager"))

    yield days(0, "09:10")
    tea = clerk.open(
        "grow",
        "huiming-tea",
        days.lot("HM", 47),
        {"variety": "惠明 1 号", "started": days.on(0), "water_source": "山泉水"},
        plot="huiming-3",
        photos=["terraces"],
    )
    yield days(5, "17:30")
    manure = clerk.step(
        tea,
        "fertilise",
        {
            "kind": "cake",
            "input_name": "菜籽饼肥",
            "input_source": "红星街道农资店，单号 0214",
            "method": "base",
            "dose": dose("170", "kg_per_mu"),
            **used(days, 4, 5),
        },
        ago=60,
        told_by="huiming-farmer",
    )
    yield days(5, "20:05")
    farmer.step(tea, "confirm", {"event": manure, "answer": "yes"})
    yield days(24, "10:40")
    clerk.step(tea, "pest_obs", {"target": "小绿叶蝉", "severity": "light", "control": "每亩挂黄板 20 张"})
    yield days(26, "17:10")
    clerk.step(
        tea,
        "spray",
        {
            "input_name": "联苯菊酯乳油",
            "active_ingredient": "联苯菊酯 10%",
            "registration_no": "PD 示例 001",
            "input_source": "红星街道农资店，单号 0317",
            "target": "小绿叶蝉",
            "method": "spray",
            "dose": dose("25", "mL_per_mu"),
            **used(days, 26),
            "phi_days": "7",
        },
        ago=90,
    )
    yield days(38, "14:00")
    stage.hand("body-inspector").step(
        tea, "inspect", {"finding": "conforms", "seen": "地块海拔与边界、投入品仓库、田间记录，与申报一致"}, ago=120
    )
    yield days(47, "11:20")
    clerk.step(
        tea,
        "harvest",
        {
            "harvest_date": days.on(47),
            "pick_standard": "bud_leaf_1",
            "pick_no": "1",
            "season": "before_guyu",
            "by": "hand",
            "weather": "cloudy",
        },
        amount="38",
        ago=25,
        photos=["picking"],
    )
    yield days(47, "12:10")
    clerk.step(tea, "spread", {"hours": "6", "temp_c": "22", "on": "bamboo"}, photos=["trays"])
    yield days(47, "18:40")
    clerk.step(tea, "fix", {"temp_c": "280", "minutes": "2.5", "by": "drum"})
    yield days(47, "19:30")
    clerk.step(tea, "shape", {"minutes": "45", "form": "curl"})
    yield days(47, "23:05")
    clerk.step(
        tea, "dry", {"moisture": "5.1", "temp_c": "90", "hours": "2.5", "by": "oven"}, amount="8.2", photos=["drying"]
    )
    yield days(54, "15:30")
    stage.hand("lab-analyst").step(
        tea,
        "test",
        lab_report(
            days,
            49,
            54,
            "OJ-示例-0126",
            {
                "联苯菊酯": ("0.02", "mg_per_kg", "5"),
                "氯氟氰菊酯": ("", "mg_per_kg", "15"),
                "吡虫啉": ("", "mg_per_kg", "0.5"),
                "草甘膦": ("", "mg_per_kg", "1"),
                "铅": ("0.6", "mg_per_kg", "5"),
                "水分": ("5.1", "percent", "6.0"),
            },
            sample="成茶，同锅另取 250 g",
        ),
        photos=["report-tea"],
    )
    yield days(58, "16:20")
    clerk.pack(
        tea, 164, packing(days, 58, 58 + 547, "50 g", TEA_STANDARD, licence=TEA_LICENCE), ago=40, photos=["tins"]
    )
    yield days(59, "09:00")
    run = clerk.label(tea, 164)
    yield days(59, "10:15")
    clerk.void(run, 17, "damaged")
    yield days(60, "08:50")
    clerk.step(tea, "store", {"store_place": "合作社冷库，避光", "temp_c": "4"})
    yield from _to_the_shop(stage, manager, tea, days)


def _to_the_shop(stage: Stage, manager: Hand, tea: str, days: Days) -> Story:
    yield days(64, "08:30")
    sent = manager.ship(tea, "shop", {"transport": "ambient", "vehicle": "浙K·示例01"}, packs="60")
    yield days(65, "10:10")
    shop = stage.hand("shop-clerk")
    received = shop.receive(sent, days.lot("SL", 65) + "-1", {"condition": "good"}, photos=["shelf"])
    yield days(78, "20:30")
    shop.step(received, "sale", {"channel": "shop"}, packs="22")


def neighbours(stage: Stage) -> Story:
    """Leaf of a household and a family farm is pooled; no certificate covers their gardens."""
    days = stage.calendar.season(3, 1, lasting=70)
    lan, daji = stage.hand("lan-farmer"), stage.hand("daji-manager")
    clerk = stage.hand("huiming-clerk")

    yield days(0, "08:20")
    lan_leaf = lan.open(
        "grow", "lan-leaf", days.lot("LAN", 40), {"variety": "惠明群体种", "started": days.on(0)}, plot="lan-1"
    )
    yield days(1, "09:45")
    daji_leaf = daji.open(
        "grow",
        "daji-leaf",
        days.lot("DJ", 40),
        {"variety": "龙井 43", "started": days.on(1), "water_source": "山泉水"},
        plot="daji-1",
    )
    yield days(9, "16:30")
    lan.step(
        lan_leaf,
        "fertilise",
        {
            "kind": "compost",
            "input_name": "腐熟羊粪",
            "input_source": "自家羊圈",
            "method": "base",
            "dose": dose("600", "kg_per_mu"),
            **used(days, 8, 9),
        },
    )
    yield days(20, "18:15")
    daji.step(
        daji_leaf,
        "spray",
        {
            "input_name": "苦参碱水剂",
            "active_ingredient": "苦参碱 0.5%",
            "registration_no": "PD 示例 002",
            "input_source": "大漈乡农资服务点",
            "target": "茶尺蠖",
            "method": "spray",
            "dose": dose("90", "mL_per_mu"),
            **used(days, 20),
            "phi_days": "7",
        },
        ago=75,
    )
    plucked = {"harvest_date": days.on(40), "pick_standard": "bud_leaf_2", "season": "spring", "by": "hand"}
    yield days(40, "10:05")
    lan.step(lan_leaf, "harvest", plucked, amount="26.5")
    yield days(40, "10:30")
    daji.step(daji_leaf, "harvest", plucked, amount="31.5", photos=["leaf-bags"])
    certified = {"issued_on": days.on(40), "basis_control": "yes"}
    yield days(40, "10:50")
    lan.step(lan_leaf, "certify", {"issued_cert": "HGZ-LAN-0040", **certified})
    daji.step(daji_leaf, "certify", {"issued_cert": "HGZ-DJ-0112", **certified})
    yield days(40, "11:20")
    from_lan = lan.ship(lan_leaf, "huiming", {"transport": "ambient", "vehicle": "三轮车"}, amount="26.5")
    from_daji = daji.ship(daji_leaf, "huiming", {"transport": "ambient", "vehicle": "浙K·示例02"}, amount="31.5")
    yield days(40, "12:40")
    first = clerk.receive(from_lan, days.lot("SQ", 40) + "-1", {"condition": "good"})
    second = clerk.receive(from_daji, days.lot("SQ", 40) + "-2", {"condition": "good"})
    yield days(40, "13:00")
    pooled = clerk.make(
        "purchase",
        {first: "26.5", second: "31.5"},
        product="huiming-gardens-tea",
        lot=days.lot("LH", 40),
        amount="58",
        values={"purchased_on": days.on(40), "collected_cert": "HGZ-LAN-0040\nHGZ-DJ-0112", "grade": "二级鲜叶"},
        photos=["weighing"],
    )
    yield days(40, "20:00")
    clerk.step(
        pooled,
        "spread",
        {"hours": "5.5", "temp_c": "23", "on": "trough"},
        ago=90,
    )
    yield days(40, "21:10")
    clerk.step(pooled, "fix", {"temp_c": "275", "minutes": "2.5", "by": "drum"})
    yield days(40, "22:30")
    clerk.step(pooled, "shape", {"minutes": "50", "form": "strip"})
    yield days(41, "01:40")
    clerk.step(pooled, "dry", {"moisture": "5.6", "temp_c": "95", "hours": "2.5", "by": "oven"}, amount="12.6")
    yield days(46, "09:30")
    clerk.step(pooled, "sort", {"grade": "二级"}, amount="12.1")
    yield days(52, "14:20")
    clerk.step(
        pooled,
        "test",
        lab_report(
            days,
            47,
            52,
            "OJ-示例-0131",
            {
                "联苯菊酯": ("", "mg_per_kg", "5"),
                "吡虫啉": ("0.01", "mg_per_kg", "0.5"),
                "水分": ("5.6", "percent", "6.0"),
            },
        ),
    )
    yield days(60, "10:00")
    clerk.pack(pooled, 120, packing(days, 60, 60 + 547, "100 g", TEA_STANDARD, licence=TEA_LICENCE))


def next_season(stage: Stage) -> Story:
    """A garden cared for towards its next picking; what the clerk wrote for the farmer waits for his answer."""
    days = stage.calendar.ago(33)
    clerk = stage.hand("huiming-clerk")
    yield days(0, "09:00")
    garden = clerk.open(
        "grow",
        "huiming-tea",
        days.lot("HM-5-"),
        {"variety": "惠明 2 号", "started": days.on(0), "water_source": "山泉水"},
        plot="huiming-5",
        photos=["garden"],
    )
    yield days(11, "17:40")
    clerk.step(
        garden,
        "fertilise",
        {
            "kind": "organic",
            "input_name": "商品有机肥",
            "input_source": "红星街道农资店，单号 1102",
            "method": "base",
            "dose": dose("170", "kg_per_mu"),
            **used(days, 9, 11),
        },
        ago=45,
        told_by="huiming-farmer",
    )
    yield days(29, "10:20")
    clerk.step(garden, "pest_obs", {"target": "未见异常", "severity": "none"})
