"""Field and yard: rice from two fields with fish in them, ducks and their eggs, chrysanthemum buds that are held."""

from shangeng_web.demo.calendar import Story
from shangeng_web.demo.records import dose, lab_report, packing, used
from shangeng_web.demo.stage import Stage

FIELDS = (("fangshan-up", "UP", "2680", "2290"), ("fangshan-low", "LOW", "2100", "1880"))
"""Plot, lot, kilograms of paddy cut and dried: below the 480 kg per mu that such fields yield."""


def rice(stage: Stage) -> Story:
    """Two fields' paddy becomes one batch of certified rice."""
    days = stage.calendar.season(5, 18, lasting=168)
    manager = stage.hand("fangshan-manager")
    fields: list[str] = []
    for plot, name, _, _ in FIELDS:
        yield days(0, "16:00")
        fields.append(
            manager.open(
                "grow",
                "paddy",
                f"{days.lot('DG', 138)}-{name}",
                {"variety": "中浙优 8 号", "started": days.on(0), "water_source": "山涧水，流经全田"},
                plot=plot,
                photos=["rice-fish"] if name == "UP" else [],
            )
        )
    yield days(12, "17:30")
    for field in fields:
        manager.step(
            field,
            "fertilise",
            {
                "kind": "compost",
                "input_name": "腐熟猪粪",
                "input_source": "自家猪栏",
                "method": "base",
                "dose": dose("500", "kg_per_mu"),
                **used(days, 11, 12),
            },
        )
    yield days(70, "10:10")
    for field in fields:
        manager.step(field, "pest_obs", {"target": "稻飞虱", "severity": "light", "control": "田鱼取食，未用药"})
    for number, (field, (_, name, cut, _)) in enumerate(zip(fields, FIELDS, strict=True)):
        yield days(138 + number, "17:00")
        manager.step(
            field,
            "harvest",
            {"harvest_date": days.on(138 + number), "season": "autumn", "by": "machine", "weather": "sunny"},
            amount=cut,
            photos=["rice-harvest"] if name == "UP" else [],
        )
    for number, (field, (_, _, _, dried)) in enumerate(zip(fields, FIELDS, strict=True)):
        yield days(142 + number, "16:30")
        manager.step(field, "dry", {"moisture": "13.6", "hours": "26", "by": "sun"}, amount=dried)
    yield days(155, "15:00")
    milled = manager.make(
        "mill",
        {field: dried for field, (_, _, _, dried) in zip(fields, FIELDS, strict=True)},
        product="rice",
        lot=days.lot("DM", 155),
        amount="2836",
        values={"moisture": "13.8", "milled_on": days.on(155)},
    )
    yield days(162, "11:30")
    stage.hand("lab-analyst").step(
        milled,
        "test",
        lab_report(
            days,
            156,
            162,
            "OJ-示例-0355",
            {
                "镉": ("0.05", "mg_per_kg", "0.2"),
                "无机砷": ("0.08", "mg_per_kg", "0.2"),
                "噻嗪酮": ("", "mg_per_kg", "0.3"),
                "水分": ("13.8", "percent", "14.5"),
            },
            sample="大米 2 kg",
        ),
        photos=["report-rice"],
    )
    yield days(164, "16:45")
    manager.pack(milled, 567, packing(days, 164, 164 + 365, "5 kg", "GB/T 1354"))


def ducks(stage: Stage) -> Story:
    """A flock that still lays."""
    days = stage.calendar.ago(198)
    manager = stage.hand("huzhen-manager")
    yield days(0, "13:00")
    flock = manager.open(
        "flock",
        "ducks",
        days.lot("MY"),
        {
            "variety": "缙云麻鸭",
            "started": days.on(0),
            "input_source": "缙云麻鸭原种场，单号 示例 19",
            "quarantine_no": "33 示例 0419",
        },
        plot="huzhen-1",
        amount="2000",
        photos=["ducks"],
    )
    yield days(10, "09:30")
    manager.step(
        flock,
        "vacc",
        {
            "kind": "vaccine",
            "input_name": "鸭病毒性肝炎活疫苗",
            "input_batch": "示例 2205",
            "input_source": "缙云县动物防疫站",
            "target": "鸭病毒性肝炎",
            "method": "injection",
            "dose": dose("0.5", "mL_per_head"),
            **used(days, 10),
            "phi_days": "0",
        },
    )
    yield days(60, "18:00")
    manager.step(
        flock,
        "rear",
        {
            "input_name": "蛋鸭育成料",
            "input_source": "壶镇饲料经销点",
            "method": "feed",
            "dose": dose("120", "g_per_head"),
            **used(days, 30, 60),
        },
    )
    yield days(61, "08:20")
    manager.step(flock, "loss", {"cause": "death", "disposal": "无害化处理"}, amount="34")
    yield days(150, "09:00")
    manager.step(flock, "pest_obs", {"target": "未见异常", "severity": "none"})


def eggs(stage: Stage) -> Story:
    """3,300 eggs in boxes with labels; their licence is suspended afterwards."""
    days = stage.calendar.ago(24)
    manager = stage.hand("huzhen-manager")
    yield days(0, "11:00")
    laid = manager.open(
        "eggs", "duck-eggs", days.lot("YD"), {"harvest_date": days.on(0)}, plot="huzhen-1", amount="3610"
    )
    yield days(0, "16:30")
    manager.step(laid, "sort", {"grade": "65 g 以上", "minutes": "180"}, amount="3420", photos=["eggs"])
    yield days(5, "15:00")
    stage.hand("lab-analyst").step(
        laid,
        "test",
        lab_report(
            days,
            1,
            5,
            "OJ-示例-0377",
            {
                "恩诺沙星": ("", "ug_per_kg", "10"),
                "氟苯尼考": ("", "ug_per_kg", "10"),
                "氟虫腈": ("", "mg_per_kg", "0.02"),
            },
            sample="鲜蛋 40 枚",
        ),
    )
    yield days(6, "08:30")
    manager.step(
        laid,
        "certify",
        {
            "issued_cert": "HGZ-XH-0006",
            "issued_on": days.on(6),
            "basis_control": "yes",
            "basis_commissioned_test": "yes",
        },
    )
    yield days(6, "14:00")
    manager.pack(laid, 110, packing(days, 6, 36, "30 egg", "GB 2749"))
    yield days(6, "15:10")
    manager.label(laid, 110)
    yield days(7, "07:30")
    manager.step(laid, "sale", {"channel": "market"}, packs="48")


def jumi(stage: Stage) -> Story:
    """Sprayed with what no label allows for on this plant: the interval is unknown, and the cooperative waits."""
    days = stage.calendar.season(6, 1, lasting=168)
    manager = stage.hand("shilian-manager")
    yield days(0, "09:30")
    buds = manager.open(
        "grow",
        "jumi",
        days.lot("JM", 146),
        {"variety": "石练菊米", "started": days.on(0), "water_source": "溪水"},
        plot="shilian-1",
    )
    yield days(25, "16:40")
    manager.step(
        buds,
        "fertilise",
        {
            "kind": "organic",
            "input_name": "商品有机肥",
            "input_source": "遂昌县农资公司",
            "method": "top",
            "dose": dose("300", "kg_per_mu"),
            **used(days, 24, 25),
        },
    )
    yield days(110, "17:30")
    manager.step(
        buds,
        "spray",
        {
            "input_name": "苦参碱水剂",
            "active_ingredient": "苦参碱 0.3%",
            "registration_no": "PD 示例 004",
            "input_source": "石练镇农资店",
            "target": "蚜虫",
            "method": "spray",
            "dose": dose("120", "mL_per_mu"),
            **used(days, 110),
        },
        ago=60,
    )
    yield days(146, "16:00")
    manager.step(
        buds,
        "harvest",
        {"harvest_date": days.on(146), "season": "autumn", "by": "hand", "weather": "sunny"},
        amount="105",
        photos=["jumi"],
    )
    yield days(146, "21:30")
    manager.step(buds, "fix", {"temp_c": "100", "minutes": "3", "by": "steam"})
    yield days(147, "18:00")
    manager.step(buds, "dry", {"moisture": "8.9", "temp_c": "65", "hours": "12", "by": "oven"}, amount="21")
    yield days(150, "10:30")
    manager.step(buds, "sort", {"grade": "一级"}, amount="20.2")
    yield days(158, "15:20")
    manager.pack(buds, 400, packing(days, 158, 158 + 547, "50 g", "DB33/T 示例", licence="SC11433112300021"))
    yield days(165, "09:40")
    manager.step(buds, "hold", {"reason": "用过的药没有菊米上的安全间隔期，送检结果出来前先不卖"})
