"""Query: what a member has to do today, the most pressing first."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from shangeng_certs.credentials import State
from shangeng_certs.standing import certificates_of, licences_of
from shangeng_certs.tables import Certificate, Licence
from shangeng_trace.acting import Actor, Office
from shangeng_trace.batch_tables import Batch
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.registry_tables import Organisation, Product
from shangeng_trace.steps import BatchState
from shangeng_web.console.confirmations import denied
from shangeng_web.console.consignments import waiting_for
from shangeng_web.console.states import called, failed_tests, restricted, stock
from shangeng_web.i18n import Language, translator

SOON = timedelta(days=60)
VERY_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Task:
    """A thing to do: a line, its reason, and where it is done; `urgent` where somebody may be harmed meanwhile."""

    line: str
    reason: str
    path: str
    words: str
    urgent: bool = False


def tasks_for(session: Session, office: Office, actor: Actor, language: Language) -> list[Task]:
    """Return what waits for a member."""
    _, moment = translator(language), office.clock()
    tasks = _restricted_tasks(session, actor, language) + _test_tasks(session, actor, language)
    tasks += [
        Task(one.line, one.about, one.path, _("更正"), urgent=True) for one in denied(session, office, actor, language)
    ]
    tasks += [
        Task(
            _("%(other)s 发来一批货，等您接收", other=called(one.other, language)),
            _(
                "%(product)s %(lot)s，%(amount)s",
                product=called(one.product, language),
                lot=one.batch.lot,
                amount=one.amount,
            ),
            one.path,
            _("接收"),
        )
        for one in waiting_for(session, actor, language)
    ]
    tasks += _ready_tasks(session, office, actor, language)
    tasks += _expiring_tasks(session, actor, language, moment)
    return sorted(tasks, key=lambda task: not task.urgent)


def _own(session: Session, actor: Actor) -> list[tuple[Batch, Product]]:
    rows = session.exec(
        select(Batch, Product)
        .join(Product, col(Product.id) == col(Batch.product_id))
        .where(Batch.owner == actor.organisation_id, col(Batch.closed).is_(False))
        .order_by(col(Batch.changed_at).desc())
    )
    return list(rows)


def _restricted_tasks(session: Session, actor: Actor, language: Language) -> list[Task]:
    _, held = translator(language), restricted(session)
    tasks: list[Task] = []
    for batch, product in _own(session, actor):
        state = held.get(batch.id)
        if state is None:
            continue
        recalled = state is BatchState.RECALLED
        line = _("%(product)s %(lot)s 已召回", product=called(product, language), lot=batch.lot)
        if not recalled:
            line = _("%(product)s %(lot)s 已暂停", product=called(product, language), lot=batch.lot)
        reason = _("不要再发货、再卖。打开看原因。") if recalled else _("查清以前不能包装、发货。打开看原因。")
        tasks.append(Task(line, reason, f"/console/batches/{batch.id}", _("查看"), urgent=True))
    return tasks


def _test_tasks(session: Session, actor: Actor, language: Language) -> list[Task]:
    _, held = translator(language), restricted(session)
    own = _own(session, actor)
    failed = failed_tests(session, [batch.id for batch, _ in own])
    return [
        Task(
            _("%(product)s %(lot)s 检测不合格", product=called(product, language), lot=batch.lot),
            _("不能放行。先暂停这一批，再查原因。"),
            f"/console/batches/{batch.id}",
            _("查看"),
            urgent=True,
        )
        for batch, product in own
        if failed.get(batch.id) and batch.id not in held
    ]


def _ready_tasks(session: Session, office: Office, actor: Actor, language: Language) -> list[Task]:
    """Return batches whose latest test was passed and that are still in bulk."""
    _, held = translator(language), restricted(session)
    own = [(batch, product) for batch, product in _own(session, actor) if batch.bulk and not batch.packed]
    failed = failed_tests(session, [batch.id for batch, _ in own])
    pack = office.catalogue.step("pack")
    return [
        Task(
            _("%(product)s %(lot)s 检测合格，可以包装了", product=called(product, language), lot=batch.lot),
            _("现有 %(stock)s", stock=stock(batch, product, language)),
            f"/console/batches/{batch.id}/steps/{pack.key}",
            pack.name(language),
        )
        for batch, product in own
        if batch.id not in held and failed.get(batch.id) is False
    ]


def _expiring_tasks(session: Session, actor: Actor, language: Language, moment: datetime) -> list[Task]:
    _, today = translator(language), moment.astimezone(SHANGHAI).date()
    held: list[tuple[str, Licence | Certificate]] = []
    held += [(_("商标许可"), row) for row in licences_of(session, actor.organisation_id)]
    held += [(_("认证证书"), row) for row in certificates_of(session, actor.organisation_id)]
    ending = [(row.valid_until, what, row.number) for what, row in held if _ends_soon(row, today)]
    return [
        Task(
            _("%(what)s %(number)s 还有 %(n)s 天到期", what=what, number=number, n=(until - today).days),
            _("到 %(until)s。到期以后不能再用标志。", until=until.isoformat()),
            f"/c/{number}",
            _("查看"),
            urgent=until <= today + VERY_SOON,
        )
        for until, what, number in sorted(ending)
    ]


def _ends_soon(row: Licence | Certificate, today: date) -> bool:
    return row.state == State.ACTIVE and today <= row.valid_until <= today + SOON


@dataclass(frozen=True, slots=True)
class Ending:
    """A certificate or licence of one's own issuing that ends soon."""

    number: str
    holder: str
    until: date


def ending_soon(session: Session, actor: Actor, today: date) -> list[Ending]:
    """Return what a body or the association has issued and that ends within `SOON`, the first to end first."""
    issued: list[Licence | Certificate] = []
    issued += session.exec(select(Certificate).where(Certificate.body_id == actor.organisation_id)).all()
    issued += session.exec(select(Licence).where(Licence.association_id == actor.organisation_id)).all()
    soon = sorted((row for row in issued if _ends_soon(row, today)), key=lambda row: (row.valid_until, row.number))
    return [Ending(row.number, session.get_one(Organisation, row.holder_id).name, row.valid_until) for row in soon]
