"""A tin of tea as a shopper meets it, told through the verbs on a clock that tests turn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from sqlmodel import Session

from shangeng_certs.certificates import issue_certificate
from shangeng_certs.licences import grant_licence
from shangeng_labels.lookup import codes_of
from shangeng_labels.runs import issue_run
from shangeng_labels.tables import LabelRun
from shangeng_trace.attachments import keep_picture
from shangeng_trace.batches import Take, open_batch, pack, record_step
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.numbers import MarkKind
from shangeng_trace.recording import Telling
from shangeng_trace.registry import add_base, add_mark, add_plot, add_product
from shangeng_trace.registry_tables import Plot, Product
from shangeng_web.platform import Platform
from tests.people import People, Somebody
from tests.pictures import photo
from tests.waiting import until_signed

T = TypeVar("T")

PICKED = datetime(2026, 4, 12, 6, 40, tzinfo=UTC) - timedelta(hours=8)
"""06:40 in Lishui."""


@dataclass
class Hands:
    """A clock that tests turn."""

    moment: datetime = PICKED - timedelta(days=300)

    def __call__(self) -> datetime:
        return self.moment


@dataclass
class Scene:
    """The cooperative's tea: a plot, a product, a licence and a certificate; batches are made by `tea`."""

    platform: Platform
    people: People
    clock: Hands
    product: Product = field(init=False)
    plot: Plot = field(init=False)
    certificate: str = field(init=False)
    licence: str = field(init=False)

    def __post_init__(self) -> None:
        owner = self.people.producer
        base = self.do(add_base, owner, name="惠明寺基地", county="331127", township="红星街道", village="惠明寺村")
        self.plot = self.do(add_plot, owner, base_id=base.id, name="3 号地块", area_mu="12.5", altitude_m="680")
        self.product = self.do(
            add_product,
            owner,
            name="景宁惠明茶",
            name_en="Jingning Huiming tea",
            category="tea",
            unit="kg",
            net_amount="50",
            net_unit="g",
            pack_unit="tin",
            gtin="09521234543213",
            allow_example_gtin=True,
        )
        self.do(
            add_mark,
            owner,
            kind=MarkKind.GREEN_FOOD,
            number="LB-44-2601112345A",
            valid_from=date(2026, 1, 1),
            valid_until=date(2028, 12, 31),
            product_id=self.product.id,
        )
        holder, start = owner.organisation.id, self.clock().astimezone(SHANGHAI).date()
        self.licence = self.do(
            grant_licence,
            self.people.officer,
            holder_id=holder,
            product_id=self.product.id,
            valid_from=start,
            valid_until=date(2026, 12, 31),
        ).number
        self.certificate = self.do(
            issue_certificate,
            self.people.decider,
            holder_id=holder,
            product_ids=[self.product.id],
            plot_ids=[self.plot.id],
            standard="tea",
            edition="2025",
            valid_from=start,
            valid_until=date(2027, 3, 31),
        ).number

    def run(self, command: Callable[[Session], T]) -> T:
        return self.platform.writer.run(command)

    def do(self, verb: Callable[..., T], who: Somebody, **values: Any) -> T:
        """Let somebody do something now."""
        return self.run(lambda session: verb(session, self.platform.office, who.actor, **values))

    def step(
        self,
        who: Somebody,
        batch: str,
        step: str,
        values: Mapping[str, str],
        *,
        take: Take | None = None,
        **telling: Any,
    ) -> None:
        """Record a step on a batch at the clock's moment."""
        self.do(record_step, who, batch_id=batch, step=step, values=values, take=take, telling=Telling(**telling))

    def pass_time(self, **by: float) -> None:
        self.clock.moment += timedelta(**by)

    def tea(self, lot: str = "HM20260412", *, tested: str | None = "pass", packed: bool = True) -> str:
        """Make a batch of tea from spraying to storing, every step logged as it happens, and return its id."""
        people, owner = self.people, self.people.producer
        self.clock.moment = PICKED - timedelta(days=25)
        batch, _ = self.do(
            open_batch,
            owner,
            product_id=self.product.id,
            lot=lot,
            step="grow",
            values={"variety": "景宁白茶 1 号", "started": "2026-03-18"},
            plot_id=self.plot.id,
        )
        self.pass_time(hours=2)
        self.step(owner, batch, "spray", SPRAY)
        self.clock.moment = PICKED
        picture = keep_picture(self.platform.settings.media_dir, photo(1280, 528))
        plucked = {"harvest_date": "2026-04-12", "pick_standard": "bud_leaf_1", "by": "hand", "weather": "sunny"}
        self.step(people.farmer, batch, "harvest", plucked, take=Take("38"), pictures=[picture])
        self.pass_time(hours=5)
        self.step(owner, batch, "spread", {"hours": "5", "temp_c": "21", "on": "bamboo"})
        self.pass_time(hours=5)
        self.step(owner, batch, "fix", {"temp_c": "280", "minutes": "2", "by": "drum"})
        self.pass_time(hours=1)
        self.step(owner, batch, "shape", {"minutes": "12", "form": "spiral"})
        self.pass_time(hours=3)
        self.step(owner, batch, "dry", {"moisture": "5.1"}, take=Take("8.2"))
        if tested:
            self.pass_time(days=6)
            self.test(batch, tested)
        if packed:
            self.clock.moment = PICKED + timedelta(days=8)
            self.do(pack, owner, batch_id=batch, packs=164, values=PACKING)
            self.pass_time(days=2)
            self.step(people.supervisor, batch, "inspect", {"finding": "conforms", "seen": "清点 164 罐，账物相符"})
        until_signed(self.platform.database)
        return batch

    def test(self, batch: str, verdict: str = "pass", value: str = "0.02", report: str = "OJ26-04-1187") -> None:
        """Let the laboratory report on a batch."""
        day = self.clock().date().isoformat()
        values = {
            "test_kind": "commissioned",
            "lab": "丽水农产品检测中心",
            "report_no": report,
            "sampled_on": day,
            "reported_on": day,
            "verdict": verdict,
        }
        rows = [
            ("联苯菊酯", value, "mg_per_kg", "5", verdict),
            ("氯氰菊酯", "", "mg_per_kg", "20", "pass"),
            ("铅", "0.6", "mg_per_kg", "5", "pass"),
            ("水分", "5.1", "percent", "6", "pass"),
        ]
        for at, row in enumerate(rows):
            for name, cell in zip(("parameter", "value", "unit", "limit", "verdict"), row, strict=True):
                values[f"results.{at}.{name}"] = cell
        self.step(self.people.analyst, batch, "test", values)

    def labels(self, batch: str, count: int = 3, *, activate: bool = True) -> tuple[LabelRun, list[str]]:
        """Issue labels for a packed batch and return the run with its codes."""
        run = self.do(
            issue_run, self.people.producer, batch_id=batch, count=count, template=TEMPLATE, activate=activate
        )
        return run, list(self.run(lambda session: codes_of(session, run.id)).values())


TEMPLATE = "a4-38x21"
SPRAY = {
    "input_name": "联苯菊酯 10% 乳油",
    "active_ingredient": "联苯菊酯 10%",
    "registration_no": "PD20260001",
    "input_source": "景宁农资店",
    "target": "茶小绿叶蝉",
    "method": "spray",
    "dose": "30",
    "dose.unit": "mL_per_mu",
    "use_start": "2026-03-18",
    "use_stop": "2026-03-18",
    "phi_days": "7",
}
PACKING = {
    "pack_size": "50 g",
    "prod_date": "2026-04-20",
    "best_before": "2027-10-19",
    "std_code": "GB/T 14456.2",
    "licence_no": "SC11433112700012",
}
RECALL = {
    "level": "2",
    "known_on": "2026-06-08T10:00:00+08:00",
    "reason": "联苯菊酯 6.1 mg/kg，限量 5，市场复检不合格",
    "advice": "请停止食用，原罐退回购买处，可全额退款。",
}
