"""What the demonstration holds, as `shangeng demo --json` prints it (design 6)."""

from datetime import datetime
from typing import TypedDict

from sqlmodel import Session, col, select

from shangeng_certs.standing import batch_mark, standing_of
from shangeng_certs.tables import Certificate, Licence
from shangeng_labels.tables import LabelCode, LabelRun
from shangeng_trace.batch_tables import Batch
from shangeng_trace.clock import Clock, now
from shangeng_trace.registry import platform_organisation
from shangeng_trace.registry_tables import Product
from shangeng_web.account_tables import Account
from shangeng_web.demo.cast import PASSWORD, PLATFORM, cast_data
from shangeng_web.platform import Platform
from shangeng_web.public.dossier import read_dossier
from shangeng_web.public.story import compose
from shangeng_web.public.verdict import State


class DemoBatch(TypedDict):
    """A batch, what its page says first (`shangeng_web.public.verdict.State`), and its labels' codes by number."""

    id: str
    lot: str
    gtin: str | None
    product: str
    state: str
    codes: list[str]


class DemoCertificate(TypedDict):
    """A certificate or licence, and how it stands today (`shangeng_certs.validity.Validity`)."""

    number: str
    state: str


class DemoLogin(TypedDict):
    """A person's login with one of their roles."""

    role: str
    organisation: str
    username: str
    password: str


class DemoReport(TypedDict):
    """Everything a visitor or a test needs to walk around; ready for JSON."""

    batches: list[DemoBatch]
    certificates: list[DemoCertificate]
    logins: list[DemoLogin]
    policy: str


def describe_demo(platform: Platform, *, clock: Clock = now) -> DemoReport:
    """Describe what is in the database, as of the moment that `clock` shows; what visitors have made is among it."""
    with platform.database.session() as session:
        return DemoReport(
            batches=_batches(session, platform, clock()),
            certificates=_certificates(session, clock()),
            logins=_logins(session),
            policy=platform.policy(session),
        )


def _batches(session: Session, platform: Platform, at: datetime) -> list[DemoBatch]:
    rows = session.exec(
        select(Batch, Product)
        .join(Product, col(Product.id) == col(Batch.product_id))
        .order_by(col(Batch.opened_at), col(Batch.lot))
    )
    return [
        DemoBatch(
            id=batch.id,
            lot=batch.lot,
            gtin=product.gtin,
            product=product.name,
            state=_state(session, platform, batch.id, at).value,
            codes=_codes(session, batch.id),
        )
        for batch, product in rows.all()
    ]


def _state(session: Session, platform: Platform, batch_id: str, at: datetime) -> State:
    """Return what the batch's page says first."""
    dossier = read_dossier(session, platform.office.catalogue, batch_id, at=at)
    assert dossier is not None
    # Goods that came packed were packed upstream.
    packings = (batch_mark(session, batch_id=one, at=at).packed for one in dossier.family)
    return compose(dossier, next((mark for mark in packings if mark is not None), None), "zh-CN").verdict.state


def _codes(session: Session, batch_id: str) -> list[str]:
    return list(
        session.exec(
            select(LabelCode.code)
            .join(LabelRun, col(LabelRun.id) == col(LabelCode.run_id))
            .where(LabelRun.batch_id == batch_id)
            .order_by(col(LabelRun.index), col(LabelCode.number))
        )
    )


def _certificates(session: Session, at: datetime) -> list[DemoCertificate]:
    rows: list[Certificate | Licence] = [
        *session.exec(select(Certificate).order_by(col(Certificate.index))),
        *session.exec(select(Licence).order_by(col(Licence.index))),
    ]
    standings = standing_of(session, rows, at)
    return [DemoCertificate(number=row.number, state=standings[row.number].validity.value) for row in rows]


def _logins(session: Session) -> list[DemoLogin]:
    """Return the cast's logins, one per role; whoever was disabled since is left out."""
    known = set(session.exec(select(Account.username).where(col(Account.disabled).is_(False))))
    names = {row.key: row.name for row in cast_data().organisations}
    names[PLATFORM] = platform_organisation(session).name
    return [
        DemoLogin(role=role.value, organisation=names[person.organisation], username=person.username, password=PASSWORD)
        for person in cast_data().people
        if person.username in known
        for role in person.roles
    ]
