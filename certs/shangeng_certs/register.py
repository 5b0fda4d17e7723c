"""Queries: the public register of certificates and licences, where a household appears by its number alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from shangeng_certs.credentials import Kind
from shangeng_certs.scheme import CERTIFICATE_NUMBERS, LICENCE_NUMBERS
from shangeng_certs.standing import standing_of
from shangeng_certs.tables import Certificate, CertificatePlot, CertificateProduct, CredentialStatus, Licence
from shangeng_certs.validity import Standing
from shangeng_trace.errors import RejectedError
from shangeng_trace.registry_tables import Organisation, Plot, Product

PAGE = 20
_LONGEST_QUERY = 80


class CursorUnknown(RejectedError):
    """A cursor that no page of the register gave."""

    code = "certs.cursor_unknown"
    zh = "页码不对，请从第一页重新查。"
    en = "This is not a page of the register. Please start from the first."


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """One line of the register; `standard` is None for a licence, `holder_name` for a household."""

    kind: Kind
    number: str
    holder_id: str
    holder_number: str
    holder_name: str | None
    issuer_id: str
    issuer_name: str
    standard: str | None
    edition: str | None
    products: tuple[Product, ...]
    standing: Standing
    digest: str
    index: int


@dataclass(frozen=True, slots=True)
class RegisterPage:
    """Some lines of the register, newest first; `next_cursor` leads to older ones, None at the end."""

    entries: tuple[RegisterEntry, ...]
    next_cursor: str | None


def register_page(
    session: Session, *, at: datetime, cursor: str | None = None, query: str = "", limit: int = PAGE
) -> RegisterPage:
    """Return the lines that match `query` (part of a number, a holder's or a product's name), with standing `at`.

    Raises `CursorUnknown` for a cursor that is not a page's `next_cursor`.
    """
    before, words = _read_cursor(cursor), query.strip()[:_LONGEST_QUERY]
    certificates = select(Certificate).order_by(col(Certificate.index).desc()).limit(limit + 1)
    licences = select(Licence).order_by(col(Licence.index).desc()).limit(limit + 1)
    if before is not None:
        certificates = certificates.where(col(Certificate.index) < before)
        licences = licences.where(col(Licence.index) < before)
    if words:
        certificates = certificates.where(_certificate_matches(words))
        licences = licences.where(_licence_matches(words))
    rows: list[Certificate | Licence] = [*session.exec(certificates), *session.exec(licences)]
    rows.sort(key=lambda row: row.index, reverse=True)
    page = rows[:limit]
    more = str(page[-1].index) if len(rows) > limit else None
    return RegisterPage(_entries(session, page, at), more)


def find_by_number(session: Session, number: str) -> Certificate | Licence | None:
    """Return the certificate or licence with this number, however it was typed, or None."""
    written = "".join(number.split()).upper()[:_LONGEST_QUERY]
    if CERTIFICATE_NUMBERS.fits(written):
        return session.get(Certificate, written)
    return session.get(Licence, written) if LICENCE_NUMBERS.fits(written) else None


def register_entry(session: Session, row: Certificate | Licence, *, at: datetime) -> RegisterEntry:
    """Return the line of one certificate or licence."""
    return _entries(session, [row], at)[0]


def status_history(session: Session, number: str) -> list[CredentialStatus]:
    """Return every change of state of a certificate or licence, oldest first."""
    return list(
        session.exec(
            select(CredentialStatus).where(CredentialStatus.number == number).order_by(col(CredentialStatus.index))
        )
    )


def plots_covered(session: Session, number: str) -> list[Plot]:
    """Return the plots that a certificate covers, by name. A household's plot names are not for public pages."""
    return list(
        session.exec(
            select(Plot)
            .join(CertificatePlot, col(CertificatePlot.plot_id) == col(Plot.id))
            .where(CertificatePlot.number == number)
            .order_by(col(Plot.name), col(Plot.id))
        )
    )


def _read_cursor(cursor: str | None) -> int | None:
    if not cursor:
        return None
    # An index has at most 19 digits; anything else never came from us.
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):  # noqa: PLR2004 - explained above
        raise CursorUnknown(field="cursor")
    return int(cursor)


def _holders(words: str) -> ColumnElement[bool]:
    return col(Organisation.is_household).is_(False) & or_(
        col(Organisation.name).icontains(words, autoescape=True),
        col(Organisation.name_en).icontains(words, autoescape=True),
    )


def _products(words: str) -> ColumnElement[bool]:
    return or_(
        col(Product.name).icontains(words, autoescape=True), col(Product.name_en).icontains(words, autoescape=True)
    )


def _certificate_matches(words: str) -> ColumnElement[bool]:
    products = (
        select(CertificateProduct.number)
        .join(Product, col(Product.id) == col(CertificateProduct.product_id))
        .where(_products(words))
    )
    return or_(
        col(Certificate.number).icontains(words, autoescape=True),
        col(Certificate.holder_id).in_(select(Organisation.id).where(_holders(words))),
        col(Certificate.number).in_(products),
    )


def _licence_matches(words: str) -> ColumnElement[bool]:
    return or_(
        col(Licence.number).icontains(words, autoescape=True),
        col(Licence.holder_id).in_(select(Organisation.id).where(_holders(words))),
        col(Licence.product_id).in_(select(Product.id).where(_products(words))),
    )


def _entries(session: Session, rows: Sequence[Certificate | Licence], at: datetime) -> tuple[RegisterEntry, ...]:
    standings = standing_of(session, rows, at)
    products = _products_of(session, rows)
    people = {row.holder_id for row in rows} | {_issuer(row) for row in rows}
    organisations = {row.id: row for row in session.exec(select(Organisation).where(col(Organisation.id).in_(people)))}
    return tuple(
        _entry(
            row, organisations[row.holder_id], organisations[_issuer(row)], products[row.number], standings[row.number]
        )
        for row in rows
    )


def _entry(
    row: Certificate | Licence,
    holder: Organisation,
    issuer: Organisation,
    products: Iterable[Product],
    standing: Standing,
) -> RegisterEntry:
    certificate = row if isinstance(row, Certificate) else None
    return RegisterEntry(
        kind=standing.kind,
        number=row.number,
        holder_id=holder.id,
        holder_number=holder.number,
        holder_name=None if holder.is_household else holder.name,
        issuer_id=issuer.id,
        issuer_name=issuer.name,
        standard=None if certificate is None else certificate.standard,
        edition=None if certificate is None else certificate.edition,
        products=tuple(products),
        standing=standing,
        digest=row.digest,
        index=row.index,
    )


def _issuer(row: Certificate | Licence) -> str:
    return row.body_id if isinstance(row, Certificate) else row.association_id


def _products_of(session: Session, rows: Sequence[Certificate | Licence]) -> dict[str, list[Product]]:
    scope = [(row.number, row.product_id) for row in rows if isinstance(row, Licence)]
    numbers = [row.number for row in rows if isinstance(row, Certificate)]
    scope += session.exec(
        select(CertificateProduct.number, CertificateProduct.product_id)
        .where(col(CertificateProduct.number).in_(numbers))
        .order_by(col(CertificateProduct.product_id))
    )
    known = {
        row.id: row
        for row in session.exec(select(Product).where(col(Product.id).in_({product for _, product in scope})))
    }
    products: dict[str, list[Product]] = {row.number: [] for row in rows}
    for number, product in scope:
        products[number].append(known[product])
    return products
