"""Queries: certificates and licences as the console shows them, and the words for how they stand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, func, select

from shangeng_certs.credentials import State
from shangeng_certs.register import RegisterEntry, plots_covered, register_entry, status_history
from shangeng_certs.scheme import reason_text
from shangeng_certs.standards import STANDARDS
from shangeng_certs.tables import Certificate, Licence
from shangeng_certs.validity import Validity
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.registry_tables import Organisation, Plot
from shangeng_web.console.member_views import organisation_name
from shangeng_web.console.registry_views import product_name
from shangeng_web.console.states import Chip
from shangeng_web.i18n import N_, Language, translator

PAGE = 20
SOON = 60
"""Days before its end from which a permission asks for attention."""

CHIPS: dict[Validity, Chip] = {
    Validity.VALID: (N_("有效"), "ok", "tick"),
    Validity.NOT_YET: (N_("未生效"), "", "clock"),
    Validity.EXPIRED: (N_("已到期"), "mind", "clock"),
    Validity.SUSPENDED: (N_("已暂停"), "stop", "pause"),
    Validity.WITHDRAWN: (N_("已撤销"), "stop", "stop"),
}
STATES = {State.ACTIVE: N_("恢复"), State.SUSPENDED: N_("暂停"), State.WITHDRAWN: N_("撤销")}


@dataclass(frozen=True, slots=True)
class PermissionLine:
    """A certificate or licence as a line; `days` are those left while it is valid."""

    number: str
    href: str
    holder: str
    below: str
    until: date
    days: int | None
    chip: Chip


@dataclass(frozen=True, slots=True)
class Permission:
    """Everything on record about one certificate or licence; `history` holds moment, change and reason, newest first."""

    line: PermissionLine
    issuer: str
    sentence: str
    products: tuple[str, ...]
    plots: list[Plot]
    standard: str
    start: date
    state: State
    history: list[tuple[datetime, str, str]]


def page_of(
    session: Session, table: type[Certificate] | type[Licence], *, issuer_id: str | None, number: int
) -> tuple[list[Certificate | Licence], int]:
    """Return some of what an issuer issued (everybody, for None), newest first, and how many there are."""
    issuer = col(Certificate.body_id) if table is Certificate else col(Licence.association_id)
    wanted = [] if issuer_id is None else [issuer == issuer_id]
    total = session.exec(select(func.count()).select_from(table).where(*wanted)).one()
    issued = (
        select(Certificate).order_by(col(Certificate.index).desc())
        if table is Certificate
        else select(Licence).order_by(col(Licence.index).desc())
    )
    return [*session.exec(issued.where(*wanted).offset((number - 1) * PAGE).limit(PAGE))], total


def permission_lines(
    session: Session, rows: Iterable[Certificate | Licence], *, language: Language, at: datetime
) -> list[PermissionLine]:
    """Return certificates and licences as lines, in their order."""
    return [_line(session, row, register_entry(session, row, at=at), language, at) for row in rows]


def permission(session: Session, row: Certificate | Licence, *, language: Language, at: datetime) -> Permission:
    """Return everything about one certificate or licence."""
    entry, say = register_entry(session, row, at=at), translator(language)
    return Permission(
        line=_line(session, row, entry, language, at),
        issuer=organisation_name(session.get_one(Organisation, entry.issuer_id), language),
        sentence=entry.standing.sentence(language),
        products=tuple(product_name(product, language) for product in entry.products),
        plots=plots_covered(session, row.number),
        standard=standard_words(entry.standard, entry.edition, language),
        start=row.valid_from,
        state=State(row.state),
        history=[
            (change.effective, say(STATES[State(change.state)]), reason_text(change.reason, language))
            for change in reversed(status_history(session, row.number))
        ],
    )


def standard_words(key: str | None, edition: str | None, language: Language) -> str:
    """Write a standard with its edition, or its key where this deployment no longer knows it; nothing for None."""
    if key is None:
        return ""
    known = STANDARDS.get(key)
    title = f"{known.number} {known.title(language)}" if known else key
    return f"{title} ({edition})" if language == "en" else f"{title}（{edition}）"


def standard_options(language: Language) -> list[tuple[str, str]]:
    """Return every standard in every edition to choose from, as key and edition."""
    return [
        (f"{standard.key} {edition.edition}", standard_words(standard.key, edition.edition, language))
        for standard in STANDARDS.values()
        for edition in reversed(standard.editions)
    ]


def _line(
    session: Session, row: Certificate | Licence, entry: RegisterEntry, language: Language, at: datetime
) -> PermissionLine:
    is_certificate = isinstance(row, Certificate)
    products = (", " if language == "en" else "、").join(product_name(product, language) for product in entry.products)
    validity = entry.standing.validity
    days = (row.valid_until - at.astimezone(SHANGHAI).date()).days if validity is Validity.VALID else None
    words, kind, sign = CHIPS[validity]
    if days is not None and days <= SOON:
        words, kind, sign = N_("快到期"), "mind", "clock"
    return PermissionLine(
        number=row.number,
        href=f"/console/{'certificates' if is_certificate else 'licences'}/{row.number}",
        holder=organisation_name(session.get_one(Organisation, row.holder_id), language),
        below=products,
        until=row.valid_until,
        days=days,
        chip=(translator(language)(words), kind, sign),
    )
