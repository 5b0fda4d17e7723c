"""The main job as people do it, form by form: from a new cooperative to a printed sheet of labels."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from shangeng_trace.clock import SHANGHAI
from tests.e2e.browsing import Visit
from tests.e2e.server import Server
from tests.people import uscc
from tests.pictures import photo

OpenWindow = Callable[[], Visit]
"""A window of somebody's own, with nobody signed in."""


def today() -> date:
    """Return the day it is where the pages are read."""
    return datetime.now(UTC).astimezone(SHANGHAI).date()


@dataclass(frozen=True)
class Cooperative:
    """What is asked about a new member, its place and its product."""

    number: int
    name: str
    username: str
    lot: str


@dataclass
class Play:
    """A story under way: who has a window open, and what was made so far."""

    server: Server
    open_window: OpenWindow
    cooperative: Cooperative
    member: Visit | None = None
    certificate: str = ""
    licence: str = ""
    batch: str = ""

    def sign_in(self, username: str) -> Visit:
        """Open a window and sign in as one of the demonstration's people."""
        opened = self.open_window()
        opened.log_in(*self.server.login(username))
        return opened

    @property
    def own(self) -> Visit:
        """The window of the cooperative's manager."""
        assert self.member is not None
        return self.member

    def register(self) -> None:
        """The association registers the cooperative; its manager signs in with the password shown once."""
        officer = self.sign_in("association-officer")
        officer.press("会员")
        officer.press("登记会员")
        officer.fill(
            {
                "sort": "cooperative",
                "name": self.cooperative.name,
                "number": uscc(self.cooperative.number),
                "name_en": "Wangdongyang Tea Cooperative",
                "county": "331127",
                "township": "东坑镇",
                "phone": "0578-5081234",
                "person_name": "雷望东",
                "username": self.cooperative.username,
            }
        )
        officer.save()
        username, password = (each.inner_text() for each in officer.page.locator("main dd b.mono").all())
        officer.press("已经记下，继续")
        assert self.cooperative.name in officer.text
        self.member = self.open_window()
        self.member.log_in(username, password.replace("\u00a0", " "))
        assert self.cooperative.name in self.member.text

    def settle(self) -> None:
        """The manager registers base, plot and product."""
        self.own.go("/console/bases/new")
        self.own.fill({"name": "望东垟茶园", "county": "331127", "township": "东坑镇", "village": "白鹤村"})
        self.own.save()
        if "登记地块" not in self.own.page.locator("h1").inner_text():
            self.own.press("登记地块")
        self.own.fill({"name": "垟头 1 号", "area_mu": "8.6", "altitude_m": "920"})
        self.own.save()
        assert "垟头 1 号" in self.own.text
        self.own.go("/console/products/new")
        answers = {"name": "望东垟高山茶", "name_en": "Wangdongyang mountain tea", "category": "tea"}
        self.own.fill({**answers, "net_amount": "50", "net_amount_unit": "g", "pack_unit": "tin", "unit": "kg"})
        self.own.save()
        assert "望东垟高山茶" in self.own.text

    def permit(self) -> None:
        """The association grants the licence, the body's decider issues the certificate."""
        officer = self.sign_in("association-officer")
        officer.go("/console/licences/new")
        self._choose_holder(officer)
        officer.page.get_by_label("望东垟高山茶").check()
        officer.save()
        self.licence = officer.path.rpartition("/")[2]
        decider = self.sign_in("body-decider")
        decider.go("/console/certificates/new")
        self._choose_holder(decider)
        decider.fill({"standard": "tea 2025"})
        decider.page.get_by_label("望东垟高山茶").check()
        decider.page.get_by_label("垟头 1 号").check()
        decider.save()
        self.certificate = decider.path.rpartition("/")[2]

    def _choose_holder(self, window: Visit) -> None:
        window.fill({"q": self.cooperative.name})
        with window.page.expect_navigation():
            window.field("q").press("Enter")
        window.press(self.cooperative.name)

    def harvest(self) -> None:
        """Open the batch with its harvest, a photo in it."""
        self.own.press("丽水山耕")
        self.own.press("开新批次")
        self.own.press("采摘")
        answers = {"lot": self.cooperative.lot, "quantity": "38", "pick_standard": "bud_leaf_1"}
        self.own.fill(
            {**answers, "photo": ("leaf.jpg", "image/jpeg", photo(800, 600, shade=self.cooperative.number % 10 * 50))}
        )
        self.own.save()
        assert "saved=" in self.own.page.url, self.own.text
        self.batch = self.own.path.split("/")[3]

    def step(self, key: str, answers: dict[str, str], *, by: Visit | None = None) -> None:
        """Log one step on the batch, from its own page."""
        window = by or self.own
        window.go(f"/console/batches/{self.batch}/steps/{key}")
        window.fill(answers)
        window.save()
        assert not window.path.endswith(key), window.text

    def make(self) -> None:
        """Fix, shape and dry the leaf, have it tested by the laboratory, and pack it."""
        self.step("fix", {"temp_c": "280", "minutes": "2"})
        self.step("shape", {})
        self.step("dry", {"quantity": "8.2", "moisture": "5.1"})
        analyst = self.sign_in("lab-analyst")
        analyst.fill({"q": self.cooperative.lot})
        analyst.press("查找")
        day = today().isoformat()
        report = {"test_kind": "commissioned", "lab": "瓯江源检测中心", "report_no": f"R-{self.cooperative.lot}"}
        result = {"parameter": "联苯菊酯", "value": "0.02", "unit": "mg_per_kg", "limit": "5", "verdict": "pass"}
        row = {f"results-0-{name}": value for name, value in result.items()}
        self.step("test", {**report, "sampled_on": day, "reported_on": day, "verdict": "pass", **row}, by=analyst)
        best = (today() + timedelta(days=540)).isoformat()
        self.step("pack", {"packs": "164", "prod_date": day, "best_before": best, "std_code": "GB/T 14456.2"})

    def print_labels(self, count: int) -> bytes:
        """Take labels, not to be scanned before they stick, and return the sheet that the browser downloads."""
        self.own.go(f"/console/batches/{self.batch}/labels")
        self.own.fill({"count": str(count), "template": "a4-63x38", "waiting": True})
        self.own.save()
        assert "/console/runs/" in self.own.path, self.own.text
        answer = self.own.context.request.get(f"{self.own.page.url.partition('?')[0]}/sheet.pdf")
        assert answer.ok
        return answer.body()

    def activate(self) -> None:
        """Say that the labels stick."""
        self.own.press("贴好了，启用")
        assert "已启用" in self.own.text
