"""Fruit: bayberry whose certificate has run out since, and pears whose labels wait to be applied."""

from datetime import date

from shangeng_web.demo.calendar import Story
from shangeng_web.demo.records import dose, lab_report, packing, used
from shangeng_web.demo.stage import Stage
from shangeng_web.demo.story_permissions import one_season


def bayberry(stage: Stage) -> Story:
    """Picked in the night, cooled within two hours, sold within days; certified for that season alone."""
    days = stage.calendar.season(4, 20, lasting=90)
    manager, shop = stage.hand("huangyang-manager"), stage.hand("shop-manager")
    yield days(0, "08:30")
    one_season(stage, first=date.fromisoformat(days.on(0)), last=date.fromisoformat(days.on(80)))
    yield days(1, "09:00")
    fruit = manager.open(
        "grow",
        "bayberry",
        days.lot("YM", 55),
        {"variety": "东魁", "started": days.on(1), "water_source": "雨水、山塘水"},
        plot="huangyang-1",
    )
    yield days(8, "17:20")
    manager.step(
        fruit,
        "fertilise",
        {
            "kind": "organic",
            "input_name": "商品有机肥",
            "input_source": "青田县农资公司，单号 0428",
            "method": "top",
            "dose": dose("200", "kg_per_mu"),
            **used(days, 7, 8),
        },
    )
    yield days(35, "16:50")
    manager.step(fruit, "pest_obs", {"target": "果蝇", "severity": "light", "control": "整株罩罗幔，挂诱捕器"})
    yield days(55, "08:10")
    manager.step(
        fruit,
        "harvest",
        {"harvest_date": days.on(55), "pick_no": "4", "season": "summer", "by": "hand", "weather": "sunny"},
        amount="620",
        ago=40,
        photos=["bayberry"],
    )
    yield days(55, "09:20")
    manager.step(fruit, "sort", {"grade": "特级", "minutes": "60"}, amount="560")
    yield days(55, "12:30")
    manager.step(fruit, "cooling", {"temp_c": "2", "hours": "2.5", "since_harvest": "1.5"})
    yield days(55, "13:10")
    manager.step(
        fruit,
        "test",
        lab_report(
            days,
            55,
            55,
            "SC-0055",
            {"有机磷和氨基甲酸酯类（速测）": ("12", "percent", "50"), "可溶性固形物": ("12.6", "percent", "")},
            kind="own",
            lab="青田红垟杨梅专业合作社速测室",
        ),
    )
    yield days(55, "13:30")
    manager.step(
        fruit,
        "certify",
        {"issued_cert": "HGZ-HY-0055", "issued_on": days.on(55), "basis_control": "yes", "basis_own_test": "yes"},
    )
    yield days(55, "15:40")
    manager.pack(fruit, 200, packing(days, 55, 60, "2.5 kg", "NY/T 1042"), photos=["bayberry-boxes"])
    yield days(55, "16:10")
    manager.label(fruit, 200)
    yield days(55, "17:30")
    sent = manager.ship(
        fruit, "shop", {"transport": "chilled", "vehicle": "浙K·示例04", "temp_c": "3"}, packs="150", photos=["van"]
    )
    yield days(55, "19:50")
    received = shop.receive(sent, days.lot("SL", 55) + "-3", {"condition": "good", "temp_c": "3.5"})
    yield days(58, "21:00")
    shop.step(received, "sale", {"channel": "shop"}, packs="141")
    yield days(60, "21:10")
    shop.step(received, "loss", {"cause": "spoiled", "disposal": "厨余处理"}, packs="9")
    yield days(61, "09:00")
    shop.step(received, "close", {"why": "sold_out"})


def pear(stage: Stage) -> Story:
    """Bagged on the tree, cooled and packed; the labels are printed and wait for the goods to be packed into cases."""
    days = stage.calendar.season(4, 1, lasting=190)
    manager = stage.hand("chongtou-manager")
    yield days(0, "10:00")
    fruit = manager.open(
        "grow",
        "pear",
        days.lot("XL", 167),
        {"variety": "云和雪梨（细花）", "started": days.on(0), "water_source": "山泉水"},
        plot="chongtou-2",
    )
    yield days(20, "17:00")
    manager.step(
        fruit,
        "fertilise",
        {
            "kind": "compost",
            "input_name": "腐熟牛粪",
            "input_source": "崇头镇养牛户",
            "method": "base",
            "dose": dose("1200", "kg_per_mu"),
            **used(days, 18, 20),
        },
    )
    yield days(55, "18:00")
    manager.step(
        fruit,
        "spray",
        {
            "input_name": "苯醚甲环唑水分散粒剂",
            "active_ingredient": "苯醚甲环唑 10%",
            "registration_no": "PD 示例 003",
            "input_source": "云和县农资公司",
            "target": "黑星病",
            "method": "spray",
            "dose": dose("6000", "dilution"),
            **used(days, 55),
            "phi_days": "14",
        },
        ago=120,
    )
    yield days(64, "11:15")
    manager.step(fruit, "pest_obs", {"target": "梨小食心虫", "severity": "light", "control": "全园套袋，挂性诱剂"})
    yield days(167, "15:30")
    manager.step(
        fruit,
        "harvest",
        {"harvest_date": days.on(167), "pick_no": "1", "season": "autumn", "by": "hand", "weather": "sunny"},
        amount="1480",
        photos=["pears"],
    )
    yield days(168, "10:20")
    manager.step(fruit, "sort", {"grade": "单果 500 g 以上"}, amount="1395", photos=["pears-sorted"])
    yield days(168, "18:00")
    manager.step(fruit, "cooling", {"temp_c": "3", "hours": "8", "since_harvest": "20"})
    yield days(174, "16:00")
    stage.hand("lab-analyst").step(
        fruit,
        "test",
        lab_report(
            days,
            169,
            174,
            "OJ-示例-0302",
            {
                "苯醚甲环唑": ("0.03", "mg_per_kg", "0.5"),
                "毒死蜱": ("", "mg_per_kg", "0.02"),
                "氧乐果": ("", "mg_per_kg", "0.02"),
                "铅": ("0.01", "mg_per_kg", "0.1"),
            },
            sample="鲜梨 3 kg",
        ),
    )
    yield days(175, "08:40")
    manager.step(
        fruit,
        "certify",
        {
            "issued_cert": "HGZ-CT-0175",
            "issued_on": days.on(175),
            "basis_control": "yes",
            "basis_commissioned_test": "yes",
        },
    )
    yield days(176, "17:00")
    manager.pack(fruit, 120, packing(days, 176, 236, "5 kg", "NY/T 423"))
    yield days(177, "09:30")
    manager.label(fruit, 120, activate=False)
