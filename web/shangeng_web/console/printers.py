"""How far an organisation's printer is out, so that it is measured once and not asked for again."""

from decimal import Decimal

from sqlmodel import Session

from shangeng_labels.refusals import OffsetTooLarge
from shangeng_labels.sheets import LARGEST_OFFSET
from shangeng_trace.fields import Fields
from shangeng_web.console.tables import PrinterOffset


def read_offset(right: str, down: str) -> tuple[Decimal, Decimal]:
    """Return what somebody entered as an offset, empty meaning none; raises `InvalidError` at its fields."""
    fields, most = Fields(), str(LARGEST_OFFSET)
    moved = [
        fields.number(name, value.strip().replace("−", "-") or "0", f"-{most}", most)
        for name, value in (("right", right), ("down", down))
    ]
    if fields.problems:
        fields.problems = [OffsetTooLarge(field=each.field, limit=LARGEST_OFFSET) for each in fields.problems]
    fields.done()
    return moved[0], moved[1]


def printer_offset(session: Session, organisation_id: str, template: str) -> tuple[Decimal, Decimal]:
    """Return what an organisation moved this template by last, nothing the first time."""
    known = session.get(PrinterOffset, (organisation_id, template))
    return (known.right_mm, known.down_mm) if known else (Decimal(0), Decimal(0))


def keep_offset(session: Session, *, organisation_id: str, template: str, offset: tuple[Decimal, Decimal]) -> None:
    """Keep what an organisation moves this template by."""
    session.merge(
        PrinterOffset(organisation_id=organisation_id, template=template, right_mm=offset[0], down_mm=offset[1])
    )
