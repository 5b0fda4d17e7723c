"""The named cast of these tests, and a batch of tea that may carry labels; everybody comes in by the registry's verbs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Concatenate, TypeVar

from sqlmodel import Session, SQLModel, select

from shangeng_certs.certificates import issue_certificate
from shangeng_certs.licences import grant_licence
from shangeng_labels.packings import check_labels_have_packs
from shangeng_labels.runs import issue_run
from shangeng_labels.tables import LabelRun
from shangeng_trace.acting import Actor, Office
from shangeng_trace.batches import Take, open_batch, pack, record_step
from shangeng_trace.catalogue import Catalogue
from shangeng_trace.custody import MasterKey
from shangeng_trace.db import Database
from shangeng_trace.ids import new_id
from shangeng_trace.keyring import Keyring, register_key
from shangeng_trace.ledger import Ledger
from shangeng_trace.log_keys import LogKeyring, found_log_key
from shangeng_trace.log_tables import LedgerEntry
from shangeng_trace.numbers import uscc_check_character
from shangeng_trace.publishing import Publisher
from shangeng_trace.registry import add_base, add_plot, add_product, register_organisation
from shangeng_trace.registry_tables import Organisation, OrganisationKind, Product, Role
from shangeng_trace.writer import Writer

T = TypeVar("T")

HOST = "shangeng.example:8443"
SITE = "https://lssg.cn"
START = datetime(2026, 4, 12, 2, 0, tzinfo=UTC)
TEMPLATE = "a4-63x38"

CAST = {
    "association": (OrganisationKind.ASSOCIATION, "丽水市生态农业协会", Role.OFFICER),
    "body": (OrganisationKind.BODY, "浙西南认证中心", Role.DECIDER),
    "supervisor": (OrganisationKind.SUPERVISOR, "景宁县农业农村局", Role.SUPERVISOR),
    "tea": (OrganisationKind.MEMBER, "景宁惠明茶合作社", Role.MANAGER),
    "rival": (OrganisationKind.MEMBER, "松阳香茶合作社", Role.MANAGER),
    "household": (OrganisationKind.MEMBER, "蓝阿婆", Role.MANAGER),
}
PACKING = {"pack_size": "50 g", "prod_date": "2026-04-12", "best_before": "2027-10-11", "std_code": "GB/T 14456.2"}
FAILED_TEST = {
    "test_kind": "commissioned",
    "lab": "丽水农产品检测中心",
    "report_no": "OJ26-04-1187",
    "sampled_on": "2026-04-12",
    "reported_on": "2026-04-12",
    "verdict": "fail",
    "results.0.parameter": "联苯菊酯",
    "results.0.value": "9",
    "results.0.unit": "mg_per_kg",
    "results.0.limit": "5",
    "results.0.verdict": "fail",
}


@dataclass
class Hands:
    """A clock that tests turn."""

    moment: datetime = START

    def __call__(self) -> datetime:
        return self.moment


@dataclass
class World:
    """A ledger with its writer, everybody registered, and the cooperative's tea under certificate and licence."""

    database: Database
    clock: Hands = field(default_factory=Hands)
    actors: dict[str, Actor] = field(default_factory=dict[str, Actor])

    def __post_init__(self) -> None:
        SQLModel.metadata.create_all(self.database.engine)
        ledger = Ledger("shangeng.example/log", clock=self.clock)
        keyring = Keyring(MasterKey(bytes(range(32))), host=HOST)
        with self.database.session() as session:
            ledger.create(session)
            found_log_key(session, keyring, ledger.origin)
            session.commit()
        self.writer = Writer(self.database, ledger, Publisher(LogKeyring(keyring)))
        self.writer.start()
        self.office = Office(keyring, Catalogue.load(), self.clock, (check_labels_have_packs,))
        self.actors["platform"] = self.writer.run(self._found)
        for who, (kind, name, role) in CAST.items():
            number = "" if who == "household" else uscc(len(self.actors))
            row = self.do(register_organisation, "platform", kind=kind, name=name, county="331127", number=number)
            self.actors[who] = Actor(row.id, kind, frozenset({role}))
        base = self.do(add_base, "tea", name="惠明寺", county="331127", township="红星街道", village="惠明寺村")
        self.plot = self.do(add_plot, "tea", base_id=base.id, name="3 号地块", area_mu="12.5", altitude_m="680").id
        self.product = self.do(
            add_product,
            "tea",
            name="景宁惠明茶",
            name_en="Jingning Huiming tea",
            category="tea",
            unit="kg",
            net_amount="100",
            net_unit="g",
            pack_unit="tin",
        ).id

    def _found(self, session: Session) -> Actor:
        row = Organisation(
            id=new_id(),
            kind=OrganisationKind.PLATFORM,
            number=uscc(99),
            name="山耕溯源平台",
            county="331102",
            created_at=self.clock(),
        )
        session.add(row)
        session.flush()
        register_key(session, self.office.keyring, row, registrar=None, moment=self.clock())
        return Actor(row.id, row.kind, frozenset({Role.OPERATOR}))

    def do(
        self, verb: Callable[Concatenate[Session, Office, Actor, ...], T], who: str, *roles: Role, **values: Any
    ) -> T:
        """Let somebody do something, through the writer."""
        actor = self.actors[who]
        if roles:
            actor = Actor(actor.organisation_id, actor.kind, frozenset(roles))
        return self.writer.run(lambda session: verb(session, self.office, actor, **values))

    def ask(self, query: Callable[Concatenate[Session, ...], T], /, *values: Any, **named: Any) -> T:
        """Answer a query in a session of its own."""
        with self.database.session() as session:
            return query(session, *values, **named)

    def entries(self) -> int:
        """Count the entries of the log."""
        with self.database.session() as session:
            return len(session.exec(select(LedgerEntry.index)).all())

    def rename(self, name: str) -> None:
        """Give the product another name in the registry."""
        with self.database.session() as session:
            session.get_one(Product, self.product).name = name
            session.commit()

    def allow(self) -> tuple[str, str]:
        """Certify and license the tea for a year; return the numbers of certificate and licence."""
        holder = self.actors["tea"].organisation_id
        certificate = self.do(
            issue_certificate,
            "body",
            holder_id=holder,
            product_ids=[self.product],
            plot_ids=[self.plot],
            standard="jingning600",
            edition="2025",
            valid_from=self.clock().date(),
            valid_until=date(2027, 3, 31),
        )
        licence = self.do(
            grant_licence,
            "association",
            holder_id=holder,
            product_id=self.product,
            valid_from=self.clock().date(),
            valid_until=date(2027, 3, 31),
        )
        return certificate.number, licence.number

    def dried(self, lot: str = "HM20260412", made: str = "8.2") -> str:
        """Make a batch of dried tea from the plot, ready to be packed."""
        batch, _ = self.do(
            open_batch,
            "tea",
            product_id=self.product,
            lot=lot,
            step="harvest",
            values={"harvest_date": "2026-04-12"},
            plot_id=self.plot,
            take=Take("3800"),
        )
        self.do(record_step, "tea", batch_id=batch, step="fix", values={"temp_c": "280"})
        self.do(record_step, "tea", batch_id=batch, step="dry", values={"moisture": "5.1"}, take=Take(made))
        return batch

    def tins(self) -> str:
        """Make a batch of 164 tins of 50 g under certificate and licence."""
        self.allow()
        batch = self.dried()
        self.do(pack, "tea", batch_id=batch, packs=164, values=PACKING)
        return batch

    def issue(self, batch: str, count: int | str = 164, by: str = "tea", **values: Any) -> LabelRun:
        """Issue labels, in the one way most tests do."""
        return self.do(issue_run, by, **({"batch_id": batch, "count": count, "template": TEMPLATE} | values))

    def close(self) -> None:
        self.writer.stop()
        self.database.engine.dispose()


def uscc(number: int) -> str:
    """Return a well-formed unified social credit code, one for every number."""
    first = f"93331127MA2E{number:05d}"
    return first + uscc_check_character(first)
