"""A unit label's page, and the box where a code is looked up."""

import re
import unicodedata
from dataclasses import dataclass

from fastapi import APIRouter
from sqlmodel import Session, select
from starlette.responses import RedirectResponse, Response

from shangeng_certs.register import find_by_number
from shangeng_labels.codes import printed_host, read_code, spell_code
from shangeng_labels.lookup import CodeUnknown, Found, find_code
from shangeng_labels.statement import LabelState
from shangeng_labels.void_reasons import void_reason_text
from shangeng_trace.batch_tables import Batch
from shangeng_trace.ids import CROCKFORD, read_id
from shangeng_trace.registry_tables import Organisation, OrganisationKind, Product
from shangeng_web.deps import ReadDep, Visit, Visitor
from shangeng_web.public.batch import story_page
from shangeng_web.public.pages import Page, ReaderDep
from shangeng_web.public.words import county_short, organisation_name, product_name, typed

router = APIRouter(include_in_schema=False)

CODE_LENGTH = 16
_LOOKS_LIKE = "ILO"
"""Letters that a code has not, but that are read as the digits they look like."""
_MOST_LOTS = 20
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Oddity:
    """What keeps a text from being a code: characters that no code has, each with its place, and the length."""

    strange: tuple[tuple[int, str], ...]
    length: int

    @property
    def short_by(self) -> int:
        """How many characters are missing; negative where there are too many."""
        return CODE_LENGTH - self.length

    @property
    def last_group_lacks(self) -> int:
        """How many characters the last group begun still lacks."""
        return -self.length % 4


def oddity(text: str) -> Oddity:
    """Say what is odd about a text that is not a code; blanks and hyphens do not count, case does not matter."""
    folded = unicodedata.normalize("NFKC", text).upper()
    characters = [char for char in folded if not char.isspace() and unicodedata.category(char) != "Pd"]
    allowed = set(CROCKFORD) | set(_LOOKS_LIKE)
    strange = tuple((at, char) for at, char in enumerate(characters, 1) if char not in allowed)
    return Oddity(strange, len(characters))


@router.get("/t/{code}")
@router.get("/T/{code}")
async def label_page(code: str, reader: ReaderDep) -> Response:
    """A unit label: the story of its batch, or what is known of a code that has none."""
    return await reader.page(lambda session: _label_page(session, reader.visit, code, reader))


@router.get("/find")
async def find(visit: Visit, session: ReadDep, reader: ReaderDep, code: str = "") -> Response:
    """Look up what was typed: a code, a batch, a lot, a certificate's number, or a whole address from a label."""
    text = typed(code, _LONGEST)
    address = await session.run_sync(_address_of, text) if text else "/"
    if address is not None:
        kept = visit.reading["kept"]
        query = "&".join(f"{name}={value}" for name, value in kept.items())
        return RedirectResponse(f"{address}?{query}" if query else address, 303, {"Cache-Control": "no-store"})
    return await reader.page(lambda session: _found_lots(session, visit, text) or _malformed(text))


def _address_of(session: Session, text: str) -> str | None:
    """Return where to go for what was typed, or None where it is no single thing we know."""
    if (asked := re.search(r"/b/([^/?#\s]+)", text, re.IGNORECASE)) is not None:
        batch = read_id(asked[1])
        return None if batch is None else f"/b/{batch}"
    code = read_code(text)
    if code is not None:
        return f"/b/{code}" if session.get(Batch, code) is not None else f"/t/{code}"
    number = find_by_number(session, text)
    if number is not None:
        return f"/c/{number.number}"
    lots = session.exec(select(Batch.id).where(Batch.lot == _lot(text)).limit(2)).all()
    return f"/b/{lots[0]}" if len(lots) == 1 else None


def _lot(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().upper()


def _found_lots(session: Session, visit: Visitor, text: str) -> Page | None:
    """Offer the batches of a lot number that several members use."""
    rows = session.exec(
        select(Batch, Product, Organisation)
        .join(Product, Product.id == Batch.product_id)  # type: ignore[arg-type]  # SQLModel's columns
        .join(Organisation, Organisation.id == Batch.owner)  # type: ignore[arg-type]  # as above
        .where(Batch.lot == _lot(text))
        .order_by(Batch.id)
        .limit(_MOST_LOTS)
    ).all()
    if not rows:
        return None
    found = [
        (
            batch.id,
            product_name(product, visit.language),
            organisation_name(owner, visit.language),
            county_short(owner.county, visit.language),
        )
        for batch, product, owner in rows
    ]
    return Page("public/lots.html", {"lot": _lot(text), "found": found})


def _label_page(session: Session, visit: Visitor, text: str, reader: ReaderDep) -> Page:
    code = read_code(text)
    if code is None:
        return _malformed(text)
    try:
        label = find_code(session, code)
    except CodeUnknown:
        context = {
            "code": code,
            "host": printed_host(visit.platform.settings.origin),
            "contact": _contact(session, visit),
        }
        return Page("public/code_unknown.html", context, status=404)
    if label.state is LabelState.ACTIVE:
        return story_page(session, visit, label.batch_id, at=reader.at, label=spell_code(code))
    return _inactive(session, visit, label)


def _malformed(text: str) -> Page:
    return Page(
        "public/code_malformed.html", {"typed": typed(text, 64), "oddity": oddity(typed(text, _LONGEST))}, status=404
    )


def _inactive(session: Session, visit: Visitor, label: Found) -> Page:
    """The page of a label that was never applied, or was made void; it says nothing of what may stick under it."""
    owner = session.get_one(Organisation, label.run.owner)
    context = {
        "code": label.code,
        "is_void": label.state is LabelState.VOID,
        "since": label.since,
        "reason": void_reason_text(label.reason, visit.language) if label.reason else "",
        "issued": label.run.issued_at,
        "owner": organisation_name(owner, visit.language),
        "contact": _contact(session, visit),
    }
    return Page("public/code_inactive.html", context)


def _contact(session: Session, visit: Visitor) -> tuple[object, str] | None:
    """Return the brand's office and its telephone."""
    office = session.exec(
        select(Organisation).where(Organisation.kind == OrganisationKind.ASSOCIATION).order_by(Organisation.id).limit(1)
    ).one_or_none()
    return None if office is None else (organisation_name(office, visit.language), office.phone)
