"""What an authority decides is on the shopper's screen with the next request, on everything made of the batch."""

from dataclasses import dataclass

import pytest

from tests.e2e.browsing import DESK, PHONE, Visit
from tests.e2e.conftest import OpenWindow
from tests.e2e.server import Server

SUPERVISOR = "city-supervisor"


@dataclass(frozen=True)
class Family:
    """A batch, one that was made of it, and a label on the latter, open on a shopper's phone."""

    ancestor: str
    descendant: str
    shopper: Visit
    supervisor: Visit

    def decide(self, step: str, answers: dict[str, str]) -> None:
        """Let the supervisor log a decision on the ancestor, confirming what wants to be confirmed."""
        self.supervisor.go(f"/console/batches/{self.ancestor}/steps/{step}")
        self.supervisor.fill(answers)
        self.supervisor.save()
        if self.supervisor.path.endswith(f"/steps/{step}"):
            self.supervisor.save()
        assert self.supervisor.path == f"/console/batches/{self.ancestor}", self.supervisor.text

    def seen(self) -> str:
        """Return what the label's page says after one more request."""
        self.shopper.page.reload()
        return self.shopper.text


@pytest.fixture
def family(server: Server, window: OpenWindow) -> Family:
    rows = {row["lot"]: row for row in server.demo["batches"]}
    labelled = next(row for lot, row in rows.items() if row["codes"] and lot.rpartition("-")[0] in rows)
    ancestor = rows[labelled["lot"].rpartition("-")[0]]
    shopper, supervisor = window(size=PHONE, script=False), window(size=DESK)
    supervisor.log_in(*server.login(SUPERVISOR))
    shopper.go(f"/t/{labelled['codes'][0]}")
    return Family(ancestor["id"], labelled["id"], shopper, supervisor)


def test_a_hold_shows_with_the_next_request_and_ends_with_the_release(family: Family) -> None:
    assert "认证有效" in family.shopper.text
    family.decide("hold", {"reason": "抽检样品正在复检"})
    held = family.seen()
    assert "已暂停，请勿购买" in held
    assert "抽检样品正在复检" in held
    assert "证书、许可、检测都有效" not in held
    family.decide("release", {"reason": "复检合格"})
    assert "证书、许可、检测都有效" in family.seen()


def test_a_recall_reaches_every_label_of_every_descendant(family: Family, window: OpenWindow) -> None:
    family.decide(
        "recall", {"level": "2", "reason": "复检不合格：联苯菊酯", "advice": "请停止食用，退回购买处，全额退款。"}
    )
    recalled = family.seen()
    for words in ("召回中，请勿食用", "复检不合格：联苯菊酯", "请停止食用，退回购买处"):
        assert words in recalled
    for batch in (family.ancestor, family.descendant):
        assert "召回中，请勿食用" in (page := window()).go(f"/b/{batch}").locator("body").inner_text(), page.page.url
    family.shopper.press("English")
    assert "recall" in family.shopper.text.lower()
    family.supervisor.go(f"/console/batches/{family.ancestor}")
    assert "召回" in family.supervisor.text
