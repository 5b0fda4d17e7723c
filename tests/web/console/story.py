"""A small story for the console's tests: the cooperative's tea, made with the verbs, as far as a test needs it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from sqlmodel import Session

from shangeng_trace.acting import Actor
from shangeng_trace.batches import Take, open_batch, pack, record_step, ship
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.recording import Telling
from shangeng_trace.registry import add_base, add_plot, add_product
from shangeng_trace.registry_tables import Plot, Product
from shangeng_web.platform import Platform
from tests.people import People

T = TypeVar("T")


class Story:
    """What the cooperative has, and what has happened so far; every act goes through the writer."""

    def __init__(self, platform: Platform, people: People) -> None:
        self.platform, self.people = platform, people
        self.office = platform.office
        self.start = platform.office.clock() - timedelta(days=6)
        self.coop, self.rival = people.producer.actor, people.rival.actor
        self.plot: Plot = self.run(self._plot)
        self.tea: Product = self.run(self._tea)

    def run(self, command: Callable[[Session], T]) -> T:
        return self.platform.writer.run(command)

    @property
    def day(self) -> str:
        return self.start.astimezone(SHANGHAI).date().isoformat()

    def at(self, hours: float) -> Telling:
        return Telling(at=self.start + timedelta(hours=hours))

    def _plot(self, session: Session) -> Plot:
        base = add_base(
            session, self.office, self.coop, name="惠明寺", county="331127", township="红星街道", village="惠明寺村"
        )
        return add_plot(
            session, self.office, self.coop, base_id=base.id, name="3 号地块", area_mu="4.2", altitude_m="680"
        )

    def _tea(self, session: Session) -> Product:
        return add_product(
            session,
            self.office,
            self.coop,
            name="景宁惠明茶",
            name_en="Jingning Huiming tea",
            category="tea",
            unit="kg",
            net_amount="50",
            net_unit="g",
            pack_unit="tin",
        )

    def harvest(self, lot: str = "HM20260412", amount: str = "41", hours: float = 0) -> str:
        """Open a batch of fresh leaf."""
        return self.run(
            lambda session: open_batch(
                session,
                self.office,
                self.coop,
                product_id=self.tea.id,
                lot=lot,
                step="harvest",
                values={"harvest_date": self.day, "pick_standard": "bud_leaf_1"},
                plot_id=self.plot.id,
                take=Take(amount),
                telling=self.at(hours),
            )
        )[0]

    def step(
        self,
        batch_id: str,
        key: str,
        values: dict[str, object],
        hours: float,
        amount: str | None = None,
        *,
        actor: Actor | None = None,
        telling: Telling | None = None,
    ) -> None:
        """Record a step."""
        self.run(
            lambda session: record_step(
                session,
                self.office,
                actor or self.coop,
                batch_id=batch_id,
                step=key,
                values=values,
                take=Take(amount) if amount else None,
                telling=telling or self.at(hours),
            )
        )

    def dry(self, batch_id: str, amount: str = "8.9", hours: float = 8) -> None:
        """Make tea of the leaf."""
        self.step(batch_id, "spread", {"hours": "5", "temp_c": "21"}, hours - 4, "30.8")
        self.step(batch_id, "fix", {"temp_c": "280", "minutes": "4"}, hours - 2, "23.6")
        self.step(batch_id, "dry", {"moisture": "5.3"}, hours, amount)

    def test(self, batch_id: str, *, passed: bool = True, hours: float = 30) -> None:
        """Let the lab test it."""
        verdict = "pass" if passed else "fail"
        values: dict[str, object] = {
            "test_kind": "commissioned",
            "lab": "丽水农产品检测中心",
            "report_no": "OJ26-04-1302",
            "sampled_on": self.day,
            "reported_on": self.day,
            "verdict": verdict,
            "results.0.parameter": "联苯菊酯",
            "results.0.value": "0.02" if passed else "7.1",
            "results.0.unit": "mg_per_kg",
            "results.0.limit": "5",
            "results.0.verdict": verdict,
        }
        self.step(batch_id, "test", values, hours, actor=self.people.analyst.actor)

    def pack(self, batch_id: str, packs: int = 178, hours: float = 40) -> None:
        """Pack it into tins."""
        values = {
            "pack_size": "50 g",
            "prod_date": self.day,
            "best_before": (self.office.clock() + timedelta(days=540)).date().isoformat(),
            "std_code": "GB/T 14456",
        }
        self.run(
            lambda session: pack(
                session, self.office, self.coop, batch_id=batch_id, packs=packs, values=values, telling=self.at(hours)
            )
        )

    def ship(self, batch_id: str, packs: str = "20", hours: float = 50) -> None:
        """Send tins to the rival, who is a member too."""
        self.run(
            lambda session: ship(
                session,
                self.office,
                self.coop,
                batch_id=batch_id,
                recipient_id=self.people.rival.organisation.id,
                take=Take(packs, packs=True),
                values={"transport": "ambient", "vehicle": "浙K12345"},
                telling=self.at(hours),
            )
        )

    def clerks_entry(self, batch_id: str, hours: float = 3) -> str:
        """Let the clerk write for the farmer; return the event."""
        event_id = f"urn:uuid:01900000-0000-7000-8000-{int(hours * 1000):012d}"
        when: datetime = self.start + timedelta(hours=hours)
        telling = Telling(at=when, claimed_by=self.people.farmer.person_id, event_id=event_id)
        self.step(batch_id, "spread", {"hours": "5"}, hours, actor=self.people.clerk.actor, telling=telling)
        return event_id
