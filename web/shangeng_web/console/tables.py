"""Tables of the console: forms that were carried out, and how printers are out. Neither is part of the record."""

from datetime import datetime
from decimal import Decimal

from sqlmodel import Field

from shangeng_trace.columns import Amount, Moment, Table


class SentForm(Table, table=True):
    """A form that was carried out: what it is known by (`sent_forms.form_key`), and the page it led to."""

    id: str = Field(primary_key=True, max_length=64)
    place: str = Field(max_length=200)
    sent_at: datetime = Field(sa_type=Moment)


class PrinterOffset(Table, table=True):
    """What an organisation's last sheet of a template was moved by, in millimetres to the right and down."""

    organisation_id: str = Field(primary_key=True, max_length=16)
    template: str = Field(primary_key=True, max_length=40)
    right_mm: Decimal = Field(sa_type=Amount)
    down_mm: Decimal = Field(sa_type=Amount)
