"""Query: how batches stand, many at once, for lists; and the words and colours for it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session, col, select

from shangeng_certs.gate import may_label
from shangeng_trace.batch_tables import Batch, BatchTest, EventRecord, Lineage, Restriction
from shangeng_trace.catalogue import Catalogue
from shangeng_trace.quantities import UNITS, Quantity
from shangeng_trace.registry_tables import Organisation, Product
from shangeng_trace.steps import BatchState
from shangeng_web.i18n import N_, Language, translator

Chip = tuple[str, str, str | None]
"""Words, kind and icon, as the macro `chip` takes them."""

STATES: tuple[tuple[BatchState, str], ...] = (
    (BatchState.ACTIVE, N_("在做")),
    (BatchState.HELD, N_("已暂停")),
    (BatchState.RECALLED, N_("已召回")),
    (BatchState.CLOSED, N_("已结束")),
)
"""The states a list can be narrowed to."""


@dataclass(frozen=True, slots=True)
class Line:
    """A batch as one line of a list."""

    batch: Batch
    product: Product
    owner: Organisation
    tile: str
    stock: str
    last_step: str
    chip: Chip


def restricted(session: Session) -> dict[str, BatchState]:
    """Return every batch that a hold or recall stands against, its own or one upstream, with the worse of the two."""
    standing = session.exec(
        select(Restriction.batch_id, Restriction.kind).where(col(Restriction.lifted_by).is_(None))
    ).all()
    recalled = _reached(session, {batch for batch, kind in standing if kind == "recall"})
    held = _reached(session, {batch for batch, _ in standing})
    return {batch: BatchState.RECALLED if batch in recalled else BatchState.HELD for batch in held}


def _reached(session: Session, start: set[str]) -> set[str]:
    """Return these batches and everything that was made from them."""
    reached, wave = set(start), set(start)
    while wave:
        wave = set(session.exec(select(Lineage.child).where(col(Lineage.parent).in_(wave)))) - reached
        reached |= wave
    return reached


def failed_tests(session: Session, ids: Collection[str]) -> dict[str, bool]:
    """Return each of these batches that was tested, and whether its latest test was failed."""
    rows = session.exec(
        select(BatchTest.batch_id, BatchTest.passed)
        .join(EventRecord, col(EventRecord.index) == col(BatchTest.index))
        .where(col(BatchTest.batch_id).in_(ids))
        .order_by(col(BatchTest.happened_at), col(EventRecord.index))
    )
    return {batch: not passed for batch, passed in rows}


def read_lines(
    session: Session, catalogue: Catalogue, batches: Iterable[Batch], *, language: Language, at: datetime
) -> list[Line]:
    """Return batches as lines of a list, in their order."""
    batches = list(batches)
    held = restricted(session)
    failed = failed_tests(session, [batch.id for batch in batches])
    return [
        Line(
            batch=batch,
            product=product,
            owner=session.get_one(Organisation, batch.owner),
            tile=catalogue.category(batch.category).tile,
            stock=stock(batch, product, language),
            last_step=catalogue.step(batch.last_step, batch.category).name(language),
            chip=_chip(session, batch, held.get(batch.id), language, at=at, failed=failed.get(batch.id, False)),
        )
        for batch in batches
        for product in [session.get_one(Product, batch.product_id)]
    ]


def _chip(
    session: Session, batch: Batch, held: BatchState | None, language: Language, *, at: datetime, failed: bool
) -> Chip:
    _ = translator(language)
    state = held or (BatchState.CLOSED if batch.closed else BatchState.ACTIVE)
    if state is BatchState.ACTIVE and failed:
        return _("检测不合格"), "stop", "stop"
    if state is BatchState.ACTIVE and batch.packed:
        unmet = sum(not finding.ok for finding in may_label(session, batch_id=batch.id, at=at))
        return gate_chip(unmet, language, brief=True)
    return state_chip(state, language)


def state_chip(state: BatchState, language: Language) -> Chip:
    """Return the chip of a state."""
    words = translator(language)(dict(STATES).get(state, state.value))
    kind, sign = {
        BatchState.HELD: ("stop", "pause"),
        BatchState.RECALLED: ("stop", "stop"),
    }.get(state, ("", None))
    return words, kind, sign


def gate_chip(unmet: int, language: Language, *, brief: bool = False) -> Chip:
    """Return the chip of the gate, with the number of rules that do not hold; `brief` for a line of a list."""
    _ = translator(language)
    if unmet and brief:
        return _("%(n)s 项不符", n=unmet), "mind", "mind"
    if unmet:
        return _("不能放行：%(n)s 项不符", n=unmet), "stop", "stop"
    return _("可放行"), "ok", "tick"


def measure(amount: Decimal | int, unit: str, language: Language) -> str:
    """Write an amount with its unit: `38 kg`, `164 罐`."""
    return Quantity(Decimal(amount), unit).words(language)


def stock(batch: Batch, product: Product, language: Language) -> str:
    """Write what is left of a batch: in bulk, in packs, both, or nothing."""
    _ = translator(language)
    parts: list[str] = []
    if batch.bulk:
        parts.append(measure(batch.bulk, batch.unit, language))
    if batch.units:
        parts.append(measure(batch.units, product.pack_unit, language))
    return _("、").join(parts)


def unit_words(unit: str, language: Language) -> str:
    """Return a unit's word as it stands behind a number."""
    known = UNITS[unit]
    return known.plural if language == "en" else known.zh


def called(named: Organisation | Product, language: Language) -> str:
    """Return the name of an organisation or product for a reader of `language`."""
    return named.name_en if language == "en" and named.name_en else named.name
