"""Certificate, licence and other marks as the page shows them. Pure."""

from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from shangeng_certs.standards import STANDARDS
from shangeng_certs.validity import Standing
from shangeng_trace.clock import SHANGHAI
from shangeng_web.i18n import Language
from shangeng_web.public.dossier import Dossier
from shangeng_web.public.words import in_its_language, organisation_name, product_name


@dataclass(frozen=True, slots=True)
class Permit:
    """Certificate or licence: how it stands now, and what it covers."""

    standing: Standing
    issuer: Markup
    valid_from: date
    valid_until: date
    title: str
    number: Markup
    edition: str
    scope: tuple[Markup, ...]
    plots: int
    voided: bool
    """Whether a signature on it no longer counts."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Another mark that the member says to hold."""

    kind: str
    number: str
    valid_from: date
    valid_until: date
    is_valid: bool


def certificate(dossier: Dossier, language: Language) -> Permit | None:
    """Return the certificate that matters, or None where there is none at all."""
    row, standing = dossier.certificate, dossier.mark.now.certificate
    if row is None:
        return None
    standard = STANDARDS.get(row.standard)
    return Permit(
        standing=standing,
        issuer=organisation_name(dossier.organisations[row.body_id], language),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        title=standard.title(language) if standard else row.standard,
        number=in_its_language(standard.number if standard else "", language),
        edition=row.edition,
        scope=tuple(product_name(dossier.products[key], language) for key in dossier.covered_products),
        plots=len(dossier.covered_plots),
        voided=row.number in dossier.voided,
    )


def licence(dossier: Dossier, language: Language) -> Permit | None:
    """Return the mark licence that matters, or None where there is none at all."""
    row = dossier.licence
    if row is None:
        return None
    return Permit(
        standing=dossier.mark.now.licence,
        issuer=organisation_name(dossier.organisations[row.association_id], language),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        title="",
        number=Markup(""),
        edition="",
        scope=(product_name(dossier.product, language),),
        plots=0,
        voided=row.number in dossier.voided,
    )


def marks(dossier: Dossier) -> tuple[Mark, ...]:
    """Return the other marks, each with whether today lies within its validity."""
    today = dossier.at.astimezone(SHANGHAI).date()
    return tuple(
        Mark(row.kind, row.number, row.valid_from, row.valid_until, row.valid_from <= today <= row.valid_until)
        for row in dossier.other_marks
    )
