"""Mushrooms of Qingyuan and Longquan: logs that still grow, good goods, goods that are recalled, goods to be labelled."""

from shangeng_web.demo.calendar import Story
from shangeng_web.demo.records import lab_report, packing, used
from shangeng_web.demo.stage import Stage

SHIITAKE_STANDARD = "GB/T 38581"
LINGZHI_STANDARD = "Q/示例 0001S"


def logs(stage: Stage) -> Story:
    """3,200 substrate logs that fruit in these weeks."""
    days = stage.calendar.ago(96)
    clerk = stage.hand("baishan-clerk")
    yield days(0, "16:00")
    batch = clerk.open(
        "substrate",
        "shiitake-logs",
        days.lot("JB"),
        {
            "recipe": "杂木屑 78%、麸皮 20%、石膏 1%、糖 1%",
            "input_source": "百山祖镇木屑加工点，单号 088",
            "temp_c": "100",
            "hours": "16",
        },
        plot="baishan-b",
        amount="3200",
        photos=["shed-logs"],
    )
    yield days(2, "11:30")
    clerk.step(batch, "inoc", {"variety": "庆元 9015", "input_source": "庆元菌种场，批号 示例 31", "temp_c": "22"})
    yield days(30, "09:10")
    clerk.step(batch, "pest_obs", {"target": "未见异常", "severity": "none"})
    yield days(61, "08:50")
    clerk.step(
        batch,
        "input_use",
        {
            "input_name": "生石灰",
            "purpose": "棚地消毒",
            "input_source": "百山祖镇农资店",
            "method": "撒施",
            "dose": {"amount": "25", "unit": "kg"},
            **used(days, 60, 61),
        },
    )
    yield days(78, "07:40")
    clerk.step(batch, "fruit_body", {"temp_c": "16", "humidity": "88", "water_source": "山涧水"}, photos=["shed"])
    yield days(90, "07:55")
    clerk.step(batch, "fruit_body", {"temp_c": "14.5", "humidity": "90", "water_source": "山涧水"})


def good(stage: Stage) -> Story:
    """412 kg of fresh mushrooms become 40 kg, are divided, and 150 bags are packed."""
    days = stage.calendar.ago(74)
    clerk = stage.hand("baishan-clerk")
    yield days(0, "10:20")
    fresh = clerk.open(
        "harvest",
        "shiitake",
        days.lot("XG"),
        {"harvest_date": days.on(0), "pick_no": "2", "season": days.season(0), "by": "hand", "weather": "sunny"},
        plot="baishan-a",
        amount="412",
        photos=["mushrooms"],
    )
    yield days(0, "14:00")
    clerk.step(fresh, "sort", {"grade": "花菇、厚菇", "minutes": "150"}, amount="406")
    yield days(1, "17:30")
    clerk.step(
        fresh,
        "dry",
        {"moisture": "11.2", "temp_c": "55", "hours": "22", "by": "oven"},
        amount="40",
        photos=["drying-mushrooms"],
    )
    yield days(8, "15:10")
    stage.hand("lab-analyst").step(
        fresh,
        "test",
        lab_report(
            days,
            3,
            8,
            "OJ-示例-0288",
            {
                "镉": ("0.21", "mg_per_kg", "0.5"),
                "铅": ("0.14", "mg_per_kg", "0.5"),
                "总砷": ("0.1", "mg_per_kg", "0.5"),
                "多菌灵": ("", "mg_per_kg", ""),
                "二氧化硫": ("", "mg_per_kg", "50"),
                "水分": ("11.2", "percent", "13.0"),
            },
            sample="干菇 500 g，另取",
        ),
        photos=["report-mushroom"],
    )
    yield days(12, "09:00")
    bags, loose = clerk.split(fresh, {days.lot("XG") + "-A": "30", days.lot("XG") + "-B": "10"}, "A 装小袋，B 留作散装")
    yield days(13, "16:40")
    clerk.pack(bags, 150, packing(days, 13, 13 + 365, "200 g", SHIITAKE_STANDARD), photos=["bags"])
    yield days(14, "08:30")
    clerk.label(bags, 150)
    yield days(14, "09:20")
    clerk.step(loose, "store", {"store_place": "2 号干货库，密封避光", "temp_c": "12", "humidity": "45"})
    yield days(20, "08:10")
    clerk.step(bags, "sale", {"channel": "online"}, packs="64")


def recalled(stage: Stage) -> Story:
    """An official sample fails after half of the goods have gone to a shop: all of it is recalled."""
    days = stage.calendar.ago(52)
    manager, clerk = stage.hand("baishan-manager"), stage.hand("baishan-clerk")
    shop = stage.hand("shop-clerk")
    yield days(0, "09:40")
    goods = clerk.open(
        "harvest",
        "shiitake",
        days.lot("XG"),
        {"harvest_date": days.on(0), "pick_no": "3", "season": days.season(0), "by": "hand", "weather": "overcast"},
        plot="baishan-b",
        amount="365",
    )
    yield days(1, "18:00")
    clerk.step(
        goods, "dry", {"moisture": "12.4", "temp_c": "58", "hours": "20", "by": "oven"}, amount="36.4", photos=["shed"]
    )
    yield days(3, "10:15")
    clerk.step(
        goods,
        "test",
        lab_report(
            days, 2, 3, "ZJ-0047", {"水分": ("12.4", "percent", "13.0")}, kind="own", lab="庆元百山云菇业有限公司化验室"
        ),
    )
    yield days(5, "16:30")
    clerk.pack(goods, 180, packing(days, 5, 5 + 365, "200 g", SHIITAKE_STANDARD))
    yield days(6, "08:40")
    clerk.label(goods, 180)
    yield days(8, "07:50")
    sent = manager.ship(goods, "shop", {"transport": "ambient", "vehicle": "浙K·示例03"}, packs="90")
    yield days(9, "09:30")
    on_shelf = shop.receive(sent, days.lot("SL", 9) + "-2", {"condition": "good"}, photos=["shelf-mushrooms"])
    yield days(16, "20:40")
    shop.step(on_shelf, "sale", {"channel": "shop"}, packs="31")
    yield days(44, "11:00")
    stage.hand("city-supervisor").step(
        goods,
        "test",
        lab_report(
            days,
            37,
            43,
            "JD-示例-0915",
            {
                "二氧化硫": ("126", "mg_per_kg", "50"),
                "镉": ("0.18", "mg_per_kg", "0.5"),
                "水分": ("12.6", "percent", "13.0"),
            },
            kind="official",
            sample="市场抽样，200 g 装 5 袋",
        ),
        photos=["report-failed"],
    )
    yield days(44, "14:20")
    stage.hand("qingyuan-supervisor").step(
        goods,
        "recall",
        {
            "level": "2",
            "known_on": days(44, "11:00"),
            "reason": "监督抽检二氧化硫残留 126 mg/kg，超过限量 50 mg/kg",
            "advice": "请停止食用，凭包装到购买处退货",
        },
        ago=5,
    )
    yield days(47, "17:00")
    clerk.step(goods, "loss", {"cause": "recalled", "disposal": "监管人员在场，集中销毁"}, packs="90")


def lingzhi(stage: Stage) -> Story:
    """Lingzhi grown on logs under trees, packed and ready to be labelled."""
    days = stage.calendar.season(3, 1, lasting=225)
    manager = stage.hand("lanju-manager")
    yield days(0, "15:00")
    batch = manager.open(
        "fell",
        "lingzhi",
        days.lot("LZ", 190),
        {"wood": "甜槠", "input_source": "凤岭林场，间伐", "permit": "示例采字 0007 号"},
        plot="lanju-1",
    )
    yield days(22, "10:30")
    manager.step(batch, "inoc", {"variety": "龙芝 1 号", "input_source": "龙泉菌种站，批号 示例 12", "temp_c": "20"})
    yield days(120, "08:10")
    manager.step(batch, "fruit_body", {"temp_c": "27", "humidity": "85", "water_source": "山泉水"}, photos=["lingzhi"])
    yield days(190, "16:20")
    manager.step(
        batch, "harvest", {"harvest_date": days.on(190), "pick_no": "1", "season": "autumn", "by": "hand"}, amount="86"
    )
    yield days(193, "09:30")
    manager.step(
        batch,
        "dry",
        {"moisture": "10.8", "temp_c": "60", "hours": "30", "by": "oven"},
        amount="26.1",
        photos=["lingzhi-slices"],
    )
    yield days(196, "11:00")
    manager.step(batch, "process", {"what": "切片、拣杂", "minutes": "240"}, amount="25.2")
    yield days(206, "15:40")
    stage.hand("lab-analyst").step(
        batch,
        "test",
        lab_report(
            days,
            198,
            206,
            "OJ-示例-0341",
            {
                "铅": ("0.3", "mg_per_kg", "1.0"),
                "镉": ("0.12", "mg_per_kg", "0.5"),
                "总汞": ("", "mg_per_kg", "0.1"),
                "水分": ("10.8", "percent", "13.0"),
            },
        ),
    )
    yield days(215, "16:10")
    manager.pack(batch, 250, packing(days, 215, 215 + 730, "100 g", LINGZHI_STANDARD))
