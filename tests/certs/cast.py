"""The named cast of these tests, on a ledger of their own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Concatenate, TypeVar

from sqlmodel import Session, SQLModel

from shangeng_certs.certificates import issue_certificate
from shangeng_certs.licences import grant_licence
from shangeng_certs.tables import Certificate, Licence
from shangeng_trace.acting import Actor, Office
from shangeng_trace.catalogue import Catalogue
from shangeng_trace.custody import MasterKey
from shangeng_trace.db import Database
from shangeng_trace.keyring import Keyring, register_key
from shangeng_trace.ledger import Ledger
from shangeng_trace.log_keys import LogKeyring, found_log_key
from shangeng_trace.publishing import Publisher
from shangeng_trace.registry_tables import Base, Organisation, OrganisationKind, Plot, Product, Role
from shangeng_trace.writer import Writer

T = TypeVar("T")
Row = TypeVar("Row", bound=SQLModel)

HOST = "shangeng.example:8443"
START = datetime(2026, 4, 12, 2, 0, tzinfo=UTC)

ORGANISATIONS: Mapping[str, tuple[OrganisationKind, str]] = {
    "platform": (OrganisationKind.PLATFORM, "山耕溯源平台"),
    "association": (OrganisationKind.ASSOCIATION, "丽水市生态农业协会"),
    "rival_association": (OrganisationKind.ASSOCIATION, "另一家协会"),
    "body": (OrganisationKind.BODY, "浙西南认证中心"),
    "rival_body": (OrganisationKind.BODY, "山外认证公司"),
    "supervisor": (OrganisationKind.SUPERVISOR, "景宁县农业农村局"),
    "tea": (OrganisationKind.MEMBER, "景宁惠明茶合作社"),
    "rival_tea": (OrganisationKind.MEMBER, "松阳香茶合作社"),
    "household": (OrganisationKind.MEMBER, "蓝阿婆"),
}

ROLES: Mapping[OrganisationKind, Role] = {
    OrganisationKind.PLATFORM: Role.OPERATOR,
    OrganisationKind.ASSOCIATION: Role.OFFICER,
    OrganisationKind.BODY: Role.DECIDER,
    OrganisationKind.SUPERVISOR: Role.SUPERVISOR,
    OrganisationKind.MEMBER: Role.MANAGER,
}


@dataclass
class Hands:
    """A clock that tests turn."""

    moment: datetime = START

    def __call__(self) -> datetime:
        return self.moment


@dataclass
class World:
    """A ledger with its writer, and everybody registered."""

    database: Database
    clock: Hands = field(default_factory=Hands)

    def __post_init__(self) -> None:
        SQLModel.metadata.create_all(self.database.engine)
        self.ledger = Ledger("shangeng.example/log", clock=self.clock)
        keyring = Keyring(MasterKey(bytes(range(32))), host=HOST)
        with self.database.session() as session:
            self.ledger.create(session)
            found_log_key(session, keyring, self.ledger.origin)
            session.commit()
        self.writer = Writer(self.database, self.ledger, Publisher(LogKeyring(keyring)))
        self.writer.start()
        self.office = Office(keyring, Catalogue.load(), self.clock)
        self.writer.run(self._register)

    def _register(self, session: Session) -> None:
        signer = None
        for serial, (who, (kind, name)) in enumerate(ORGANISATIONS.items()):
            row = Organisation(
                id=organisation(who),
                kind=kind,
                number=f"H331127{serial:06d}" if who == "household" else f"9133112700000000{serial:02d}",
                is_household=who == "household",
                name=name,
                county="331127",
                created_at=self.clock(),
            )
            session.add(row)
            session.flush()
            register_key(session, self.office.keyring, row, registrar=signer, moment=self.clock())
            signer = signer or self.office.keyring.signer(session, row.id)
        for who in ("tea", "rival_tea", "household"):
            base = Base(
                id=thing("B", who), organisation_id=organisation(who), name="基地", county="331127", township="鹤溪"
            )
            session.add(base)
            session.flush()
            for name, altitude in (("high", 640), ("low", 420)):
                session.add(
                    Plot(
                        id=plot(who, name),
                        base_id=base.id,
                        organisation_id=base.organisation_id,
                        name=f"{ORGANISATIONS[who][1]}{name}",
                        area_mu=Decimal(12),
                        altitude_m=altitude,
                        latitude=Decimal("27.97"),
                        longitude=Decimal("119.63"),
                    )
                )
            for name, zh, category in (
                ("green", "惠明绿茶", "tea"),
                ("black", "惠明红茶", "tea"),
                ("duck", "麻鸭", "livestock"),
            ):
                session.add(
                    Product(
                        id=product(who, name),
                        organisation_id=base.organisation_id,
                        name=zh,
                        name_en=f"Huiming {name}",
                        category=category,
                        unit="kg",
                        net_amount=Decimal(50),
                        net_unit="g",
                        pack_unit="tin",
                    )
                )
        session.flush()

    def actor(self, who: str, *roles: Role) -> Actor:
        kind = ORGANISATIONS[who][0]
        return Actor(organisation(who), kind, frozenset(roles or (ROLES[kind],)))

    def do(
        self, verb: Callable[Concatenate[Session, Office, Actor, ...], T], who: str, *roles: Role, **values: Any
    ) -> T:
        """Let somebody do something, through the writer."""
        return self.writer.run(lambda session: verb(session, self.office, self.actor(who, *roles), **values))

    def ask(self, query: Callable[Concatenate[Session, ...], T], /, *values: Any, **named: Any) -> T:
        """Answer a query in a session of its own."""
        with self.database.session() as session:
            return query(session, *values, **named)

    def add(self, *rows: SQLModel) -> None:
        """Put rows into tables that another package writes, in this order."""
        with self.database.session() as session:
            for row in rows:
                session.add(row)
                session.flush()
            session.commit()

    def certify(
        self, *products: str, by: str = "body", roles: tuple[Role, ...] = (), holder: str = "tea", **values: Any
    ) -> Certificate:
        """Issue a certificate to the tea cooperative for its green tea from its high plot, unless told otherwise."""
        facts: dict[str, Any] = {
            "holder_id": organisation(holder),
            "product_ids": [product(holder, name) for name in products or ("green",)],
            "plot_ids": [plot(holder, "high")],
            "standard": "jingning600",
            "edition": "2025",
            "valid_from": self.clock().date(),
        }
        return self.do(issue_certificate, by, *roles, **(facts | values))

    def license(
        self,
        name: str = "green",
        *,
        by: str = "association",
        roles: tuple[Role, ...] = (),
        holder: str = "tea",
        **values: Any,
    ) -> Licence:
        """Grant a licence to the tea cooperative for its green tea for one year, unless told otherwise."""
        start = self.clock().date()
        facts: dict[str, Any] = {
            "holder_id": organisation(holder),
            "product_id": product(holder, name),
            "valid_from": start,
            "valid_until": start.replace(year=start.year + 1),
        }
        return self.do(grant_licence, by, *roles, **(facts | values))

    def close(self) -> None:
        self.writer.stop()
        self.database.engine.dispose()


def thing(letter: str, name: str) -> str:
    """Return an identifier that a failing test can be read by."""
    return f"{letter}{name.upper().replace('_', '')}"[:16].ljust(16, "0")


def organisation(who: str) -> str:
    return thing("G", who)


def plot(who: str, name: str) -> str:
    return thing("P", f"{name}{who}")


def product(who: str, name: str) -> str:
    return thing("M", f"{name}{who}")
