"""A batch of tea from the plot to the shop, told through the verbs: what tests of whole databases look at."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from sqlmodel import Session

from shangeng_certs.certificates import issue_certificate, reinstate_certificate, suspend_certificate
from shangeng_certs.licences import grant_licence
from shangeng_labels.runs import activate_run, issue_run, void_codes
from shangeng_labels.void_reasons import VOID_REASONS
from shangeng_trace.acting import Actor
from shangeng_trace.attachments import keep_picture
from shangeng_trace.batches import Part, Take, open_batch, pack, process, receive, record_step, ship, split
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.ids import new_event_id
from shangeng_trace.numbers import MarkKind
from shangeng_trace.recording import Telling
from shangeng_trace.registry import add_base, add_mark, add_plot, add_product, register_organisation
from shangeng_trace.registry_tables import Organisation, OrganisationKind, Plot, Product, Role
from shangeng_web.platform import Platform
from tests.people import People, uscc
from tests.pictures import photo
from tests.waiting import until_signed

T = TypeVar("T")


@dataclass
class Story:
    """Where the story ends: 164 tins, 100 of them at the shop, and a recalled batch with its descendants."""

    platform: Platform
    people: People
    shop: Actor
    shop_organisation: Organisation
    product: Product
    plot: Plot
    leaf: str
    """The batch from plucking to packing."""
    at_shop: str
    """What the shop received of it."""
    recalled: str
    """Another batch, recalled; `halves` descend from it."""
    halves: tuple[str, ...]
    certificate: str
    licence: str


def tell_story(platform: Platform, people: People) -> Story:
    """Tell it; about forty statements of every kind."""
    return _Teller(platform, people).tell()


class _Teller:
    def __init__(self, platform: Platform, people: People) -> None:
        self.platform, self.people, self.office = platform, people, platform.office
        self.start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=40)

    def run(self, command: Callable[[Session], T]) -> T:
        return self.platform.writer.run(command)

    def at(self, hours: float, *, event_id: str | None = None, claimed_by: str | None = None) -> Telling:
        return Telling(at=self.start + timedelta(hours=hours), event_id=event_id, claimed_by=claimed_by)

    @property
    def day(self) -> str:
        return self.start.date().isoformat()

    def tell(self) -> Story:
        office, people = self.office, self.people
        owner = people.producer.actor
        base = self.run(
            lambda s: add_base(
                s, office, owner, name="惠明寺基地", county="331127", township="红星街道", village="惠明寺村"
            )
        )
        plot = self.run(
            lambda s: add_plot(
                s,
                office,
                owner,
                base_id=base.id,
                name="3 号地块",
                area_mu="12.5",
                altitude_m="680",
                latitude="27.98",
                longitude="119.63",
            )
        )
        product = self.run(
            lambda s: add_product(
                s,
                office,
                owner,
                name="景宁惠明茶",
                name_en="Jingning Huiming tea",
                category="tea",
                unit="kg",
                net_amount="50",
                net_unit="g",
                pack_unit="tin",
                gtin="09521234543213",
                shelf_life="18 个月",
                allow_example_gtin=True,
            )
        )
        self.run(
            lambda s: add_mark(
                s,
                office,
                owner,
                kind=MarkKind.GREEN_FOOD,
                number="LB-44-2601112345A",
                valid_from=date(2026, 1, 1),
                valid_until=date(2028, 12, 31),
                product_id=product.id,
            )
        )
        licence, certificate = self.permissions(product, plot)
        shop_organisation, shop = self.open_shop()
        leaf = self.tea(product, plot)
        at_shop = self.to_shop(leaf, shop)
        recalled, halves = self.recall(product)
        until_signed(self.platform.database)
        return Story(
            self.platform,
            people,
            shop,
            shop_organisation,
            product,
            plot,
            leaf,
            at_shop,
            recalled,
            halves,
            certificate,
            licence,
        )

    def permissions(self, product: Product, plot: Plot) -> tuple[str, str]:
        people, office = self.people, self.office
        start = datetime.now(SHANGHAI).date()
        holder = people.producer.organisation.id
        licence = self.run(
            lambda s: grant_licence(
                s,
                office,
                people.officer.actor,
                holder_id=holder,
                product_id=product.id,
                valid_from=start,
                valid_until=start + timedelta(days=400),
            )
        ).number
        certificate = self.run(
            lambda s: issue_certificate(
                s,
                office,
                people.decider.actor,
                holder_id=holder,
                product_ids=[product.id],
                plot_ids=[plot.id],
                standard="tea",
                edition="2025",
                valid_from=start,
            )
        ).number
        decider = people.decider.actor
        self.run(lambda s: suspend_certificate(s, office, decider, number=certificate, reason="duties_unmet"))
        self.run(lambda s: reinstate_certificate(s, office, decider, number=certificate, reason="corrected"))
        return licence, certificate

    def open_shop(self) -> tuple[Organisation, Actor]:
        organisation = self.run(
            lambda s: register_organisation(
                s,
                self.office,
                self.people.officer.actor,
                kind=OrganisationKind.MEMBER,
                name="丽水山耕莲都店",
                name_en="Lishui Shangeng Liandu shop",
                number=uscc(77),
                county="331102",
            )
        )
        return organisation, Actor(organisation.id, organisation.kind, frozenset({Role.MANAGER}))

    def tea(self, product: Product, plot: Plot) -> str:
        office, people = self.office, self.people
        owner, clerk = people.producer.actor, people.clerk.actor
        batch, _ = self.run(
            lambda s: open_batch(
                s,
                office,
                owner,
                product_id=product.id,
                lot="HM20260412",
                step="grow",
                values={"variety": "景宁白茶 1 号", "started": self.day},
                plot_id=plot.id,
                telling=self.at(0),
            )
        )
        spray = {
            "input_name": "联苯菊酯 10% 乳油",
            "active_ingredient": "联苯菊酯 10%",
            "registration_no": "PD20260001",
            "input_source": "景宁农资店",
            "target": "茶小绿叶蝉",
            "method": "spray",
            "dose": "30",
            "dose.unit": "mL_per_mu",
            "use_start": self.day,
            "use_stop": self.day,
            "phi_days": "7",
        }
        self.step(clerk, batch, "spray", spray, self.at(8, claimed_by=people.farmer.person_id))
        plucked = {"harvest_date": (self.start + timedelta(days=25)).date().isoformat(), "pick_standard": "bud_leaf_1"}
        picture = keep_picture(self.platform.settings.media_dir, photo())
        telling = Telling(at=self.start + timedelta(days=25), pictures=[picture])
        self.step(owner, batch, "harvest", plucked, telling, take=Take("76", "斤"))
        self.step(owner, batch, "fix", {"temp_c": "280", "minutes": "2"}, self.at(25 * 24 + 6))
        self.step(owner, batch, "dry", {"moisture": "5.1"}, self.at(25 * 24 + 9), take=Take("8.2"))
        report = {
            "test_kind": "commissioned",
            "lab": "丽水农产品检测中心",
            "report_no": "OJ26-04-1187",
            "sampled_on": (self.start + timedelta(days=27)).date().isoformat(),
            "reported_on": (self.start + timedelta(days=28)).date().isoformat(),
            "verdict": "pass",
            "results.0.parameter": "联苯菊酯",
            "results.0.value": "0.02",
            "results.0.unit": "mg_per_kg",
            "results.0.limit": "5",
            "results.0.verdict": "pass",
        }
        self.step(people.analyst.actor, batch, "test", report, self.at(28 * 24))
        packing = {
            "pack_size": "50 g",
            "prod_date": (self.start + timedelta(days=29)).date().isoformat(),
            "best_before": (self.start + timedelta(days=569)).date().isoformat(),
            "std_code": "GB/T 14456.2",
        }
        self.run(lambda s: pack(s, office, owner, batch_id=batch, packs=164, values=packing, telling=self.at(29 * 24)))
        issued = self.run(
            lambda s: issue_run(s, office, owner, batch_id=batch, count=164, template="a4-63x38", activate=False)
        )
        self.run(lambda s: activate_run(s, office, owner, run_id=issued.id))
        reason = next(iter(VOID_REASONS))
        self.run(lambda s: void_codes(s, office, owner, run_id=issued.id, numbers=[3, 4], reason=reason))
        return batch

    def step(
        self, actor: Actor, batch: str, step: str, values: dict[str, str], telling: Telling, *, take: Take | None = None
    ) -> None:
        self.run(
            lambda s: record_step(
                s, self.office, actor, batch_id=batch, step=step, values=values, take=take, telling=telling
            )
        )

    def to_shop(self, batch: str, shop: Actor) -> str:
        sent = new_event_id()
        values = {"transport": "ambient", "vehicle": "浙K12345"}
        owner = self.people.producer.actor
        self.run(
            lambda s: ship(
                s,
                self.office,
                owner,
                batch_id=batch,
                recipient_id=shop.organisation_id,
                take=Take("100", packs=True),
                values=values,
                telling=self.at(30 * 24, event_id=sent),
            )
        )
        received, _ = self.run(
            lambda s: receive(
                s,
                self.office,
                shop,
                shipment_id=sent,
                lot="IN-001",
                values={"condition": "good"},
                telling=self.at(31 * 24),
            )
        )
        return received

    def recall(self, product: Product) -> tuple[str, tuple[str, ...]]:
        office, owner, harvest = self.office, self.people.producer.actor, new_event_id()
        leaf, _ = self.run(
            lambda s: open_batch(
                s,
                office,
                owner,
                product_id=product.id,
                lot="HM20260420",
                step="harvest",
                values={"harvest_date": self.day},
                take=Take("400"),
                telling=self.at(5, event_id=harvest),
            )
        )
        slip = {"event": harvest, "error": "incorrect_data", "reason": "多写了一个零"}
        self.step(owner, leaf, "correct", slip, self.at(6), take=Take("40"))
        (fixed,), _ = self.run(
            lambda s: process(
                s,
                office,
                owner,
                step="fix",
                inputs={leaf: Take("30")},
                product_id=product.id,
                parts=[Part("HM20260420-A", Take("24"))],
                values={"temp_c": "260"},
                telling=self.at(8),
            )
        )
        halves, _ = self.run(
            lambda s: split(
                s,
                office,
                owner,
                batch_id=fixed,
                parts=[Part("HM20260420-B", Take("10")), Part("HM20260420-C", Take("14"))],
                telling=self.at(9),
            )
        )
        self.step(owner, halves[0], "hold", {"reason": "自查"}, self.at(10))
        self.step(owner, halves[0], "release", {"reason": "自查无误"}, self.at(11))
        recall = {
            "level": "2",
            "known_on": (self.start + timedelta(hours=20)).isoformat(),
            "reason": "复检不合格",
            "advice": "请停止食用，退回购买处",
        }
        self.step(self.people.supervisor.actor, leaf, "recall", recall, self.at(48))
        return leaf, halves
