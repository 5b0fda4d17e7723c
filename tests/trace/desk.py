"""A ledger with its writer and a named cast, ready for verbs: what the tests of batches and of the ledger stand on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import count
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlmodel import Session, SQLModel

from shangeng_trace import keyring, log_tables, private_tables, registry_tables
from shangeng_trace.acting import Actor, Office
from shangeng_trace.batch_tables import Batch
from shangeng_trace.batches import Take, get_batch, open_batch, pack, record_step
from shangeng_trace.bundle import build_bundle
from shangeng_trace.catalogue import Catalogue
from shangeng_trace.custody import MasterKey
from shangeng_trace.db import Database
from shangeng_trace.entry import Receipt
from shangeng_trace.ids import new_id
from shangeng_trace.keyring import Keyring, register_key
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.ledger import Ledger
from shangeng_trace.note import SignatureType, Vkey
from shangeng_trace.publishing import Publisher, always
from shangeng_trace.recording import Telling
from shangeng_trace.registry import add_base, add_person, add_plot, add_product
from shangeng_trace.registry_tables import Organisation, OrganisationKind, Role
from shangeng_trace.writer import Writer

T = TypeVar("T")
P = ParamSpec("P")

ORIGIN = "shangeng.example/log"
HOST = "shangeng.example:8443"
START = datetime(2026, 4, 20, 2, 0, tzinfo=UTC)
DAY = "2026-04-12"
LOG_KEY = SigningKey.from_bytes(Algorithm.ED25519, bytes(range(32)))
TABLES = (log_tables, private_tables, registry_tables, keyring)
"""Imported so that their tables are known; `create_all` makes them."""

PACKING = {"pack_size": "50 g", "prod_date": DAY, "best_before": "2027-10-01", "std_code": "GB/T 14456"}
SENDING = {"transport": "ambient", "vehicle": "浙K12345"}
RECALLING = {"level": "2", "known_on": "2026-04-19T08:00:00+08:00", "reason": "复检不合格", "advice": "请停止食用"}
TESTING = {
    "test_kind": "commissioned",
    "lab": "瓯江源检测",
    "report_no": "OJ26-04",
    "sampled_on": DAY,
    "reported_on": DAY,
    "verdict": "pass",
    "results.0.parameter": "联苯菊酯",
    "results.0.value": "0.02",
    "results.0.unit": "mg_per_kg",
    "results.0.limit": "5",
    "results.0.verdict": "pass",
}

CAST: Mapping[str, tuple[OrganisationKind, str, Role]] = {
    "platform": (OrganisationKind.PLATFORM, "山耕溯源平台", Role.OPERATOR),
    "tea": (OrganisationKind.MEMBER, "景宁惠明茶合作社", Role.MANAGER),
    "rival": (OrganisationKind.MEMBER, "松阳香茶合作社", Role.MANAGER),
    "shop": (OrganisationKind.MEMBER, "莲都山耕店", Role.MANAGER),
    "household": (OrganisationKind.MEMBER, "雷师傅", Role.MANAGER),
    "lab": (OrganisationKind.LAB, "瓯江源检测", Role.ANALYST),
    "supervisor": (OrganisationKind.SUPERVISOR, "景宁县农业农村局", Role.SUPERVISOR),
    "association": (OrganisationKind.ASSOCIATION, "丽水市生态农业协会", Role.OFFICER),
    "body": (OrganisationKind.BODY, "浙南认证中心", Role.MANAGER),
}
"""蓝惠明 manages `tea`; `rival` has no business with its batches and must be refused everywhere."""


@cache
def catalogue() -> Catalogue:
    return Catalogue.load()


@dataclass
class Hands:
    """A clock that tests turn."""

    moment: datetime = START

    def __call__(self) -> datetime:
        return self.moment


class Desk:
    """One server's ledger, writer and office, with everybody registered."""

    def __init__(self, database: Database, *, started: bool = True) -> None:
        SQLModel.metadata.create_all(database.engine)
        self.database = database
        self.clock = Hands()
        self.ledger = Ledger(ORIGIN, clock=self.clock)
        with database.session() as session:
            self.ledger.create(session)
            session.commit()
        self.publisher = Publisher(always(LOG_KEY))
        self.writer = Writer(database, self.ledger, self.publisher)
        self.office = Office(Keyring(MasterKey(bytes(range(32))), host=HOST), catalogue(), self.clock)
        self.actors: dict[str, Actor] = {}
        self._lots = count(1)
        if started:
            self.writer.start()
            self.writer.run(self._register)
            self.product = self._product("tea")
            self.rival_product = self._product("rival")
            self.plot = self._plot("tea")
            self.farmer = self.do(
                add_person,
                "tea",
                organisation_id=self.actors["tea"].organisation_id,
                name="雷阿福",
                roles=[Role.FARMER],
            ).id

    def _register(self, session: Session) -> None:
        signer = None
        for serial, (who, (kind, name, role)) in enumerate(CAST.items()):
            row = Organisation(
                id=new_id(),
                kind=kind,
                number=f"N{serial:016d}",
                is_household=who == "household",
                name=name,
                county="331127",
                created_at=self.clock(),
            )
            session.add(row)
            session.flush()
            register_key(session, self.office.keyring, row, registrar=signer, moment=self.clock())
            signer = signer or self.office.keyring.signer(session, row.id)
            self.actors[who] = Actor(row.id, kind, frozenset({role}))

    def _product(self, who: str) -> str:
        return self.do(
            add_product,
            who,
            name="惠明茶",
            category="tea",
            unit="kg",
            net_amount="50",
            net_unit="g",
            pack_unit="tin",
        ).id

    def _plot(self, who: str) -> str:
        base = self.do(add_base, who, name="惠明寺", county="331127", township="红星街道")
        return self.do(add_plot, who, base_id=base.id, name="3 号地块", area_mu="12.5", altitude_m="680").id

    @property
    def policy_key(self) -> Vkey:
        return Vkey(ORIGIN, SignatureType.ED25519, LOG_KEY.public.raw)

    def do(
        self,
        verb: Callable[Concatenate[Session, Office, Actor, P], T],
        who: str,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Let somebody do something, through the writer, and wait for its commit."""
        return self.writer.run(lambda session: verb(session, self.office, self.actors[who], *args, **kwargs))

    def step(self, who: str, batch: str, step: str, values: Mapping[str, Any], **kwargs: Any) -> Receipt:
        return self.do(record_step, who, batch_id=batch, step=step, values=values, **kwargs)

    def lot(self) -> str:
        return f"HM{next(self._lots):06d}"

    def leaf(self, amount: str = "38", *, who: str = "tea") -> str:
        """Open a batch with a harvest of this many kilograms."""
        return self._open(who, "harvest", {"harvest_date": DAY}, amount)

    def made(self, amount: str = "8.2", *, who: str = "tea") -> str:
        """Open a batch of made tea, bought in: it can be packed at once."""
        return self._open(who, "intake", {"origin": "大均乡", "supplier": "雷师傅", "received_on": DAY}, amount)

    def _open(self, who: str, step: str, values: Mapping[str, str], amount: str) -> str:
        batch, _ = self.do(
            open_batch,
            who,
            product_id=self.product if who == "tea" else self.rival_product,
            lot=self.lot(),
            step=step,
            values=values,
            plot_id=self.plot if who == "tea" else None,
            take=Take(amount),
            telling=self.at(0),
        )
        return batch

    def tins(self, packs: int = 164, bulk: str = "8.2") -> str:
        """Open a batch and pack all of it."""
        batch = self.made(bulk)
        self.do(pack, "tea", batch_id=batch, packs=packs, values=PACKING, telling=self.at(1))
        return batch

    def at(self, hours: float, **kwargs: Any) -> Telling:
        """Tell it as of some hours after the morning of 12 April 2026."""
        return Telling(at=START - timedelta(days=8) + timedelta(hours=hours), **kwargs)

    def batch(self, batch_id: str) -> Batch:
        return self.read(lambda session: get_batch(session, batch_id))

    def bundle(self, batch_id: str) -> dict[str, Any]:
        """Build a batch's proof bundle once a checkpoint covers the whole log."""
        self.publisher.publish(self.database, self.ledger)
        return self.read(lambda session: build_bundle(session, batch_id))

    def read(self, query: Callable[[Session], T]) -> T:
        with self.database.session() as session:
            return query(session)

    def close(self) -> None:
        self.writer.stop()
        self.database.engine.dispose()


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes as RFC 6962 2.1 defines it, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + naive_root(leaves[:half]) + naive_root(leaves[half:])).digest()
