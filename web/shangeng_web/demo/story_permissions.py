"""How licences and certificates came, and what became of two of them: one ran out, one was suspended."""

from datetime import date

from shangeng_certs.certificates import issue_certificate
from shangeng_certs.licences import grant_licence, suspend_licence
from shangeng_certs.scheme import LICENCE_MONTHS, last_day
from shangeng_certs.standing import licences_of
from shangeng_web.demo.calendar import Story
from shangeng_web.demo.stage import Stage

LICENSED = (
    "huiming-tea",
    "huiming-gardens-tea",
    "shiitake",
    "lingzhi",
    "bayberry",
    "pear",
    "duck-eggs",
    "jumi",
    "rice",
)

CERTIFIED = (
    ("huiming", "huiming-tea", "jingning600", ("huiming-3", "huiming-5")),
    ("huiming", "huiming-gardens-tea", "tea", ("huiming-3", "huiming-5")),
    ("baishan", "shiitake", "qingyuan800", ("baishan-a", "baishan-b")),
    ("lanju", "lingzhi", "mushroom", ("lanju-1",)),
    ("chongtou", "pear", "fruit", ("chongtou-2",)),
    ("huzhen", "duck-eggs", "livestock", ("huzhen-1",)),
    ("shilian", "jumi", "herb", ("shilian-1",)),
    ("fangshan", "rice", "grain", ("fangshan-up", "fangshan-low")),
)

SUSPENDED_DAYS_AGO = 6


def granted(stage: Stage) -> Story:
    """The association licenses and the body certifies, a year and a quarter ago."""
    days = stage.calendar.founding
    officer, decider = stage.cast.actors["association-officer"], stage.cast.actors["body-decider"]
    yield days(4, "10:00")
    start = date.fromisoformat(days.on(4))
    for key in LICENSED:
        product = stage.cast.products[key]
        grant_licence(
            stage.session,
            stage.office,
            officer,
            holder_id=product.organisation_id,
            product_id=product.id,
            valid_from=start,
            valid_until=last_day(start, LICENCE_MONTHS),
        )
    for number, (holder, product_key, standard, plots) in enumerate(CERTIFIED):
        yield days(5 + number, "15:20")
        issue_certificate(
            stage.session,
            stage.office,
            decider,
            holder_id=stage.organisation(holder),
            product_ids=[stage.product(product_key)],
            plot_ids=[stage.plot(plot) for plot in plots],
            standard=standard,
            edition="2025",
            valid_from=date.fromisoformat(days.on(5 + number)),
        )


def one_season(stage: Stage, *, first: date, last: date) -> None:
    """Certify the bayberry for a single season."""
    issue_certificate(
        stage.session,
        stage.office,
        stage.cast.actors["body-decider"],
        holder_id=stage.organisation("huangyang"),
        product_ids=[stage.product("bayberry")],
        plot_ids=[stage.plot("huangyang-1")],
        standard="fruit",
        edition="2025",
        valid_from=first,
        valid_until=last,
    )


def suspended(stage: Stage) -> Story:
    """The licence of the duck eggs is suspended while its holder puts its labels right."""
    yield stage.calendar.ago(SUSPENDED_DAYS_AGO)(0, "16:05")
    (licence,) = licences_of(stage.session, stage.organisation("huzhen"))
    suspend_licence(
        stage.session,
        stage.office,
        stage.cast.actors["association-officer"],
        number=licence.number,
        reason="mark_misuse",
    )
