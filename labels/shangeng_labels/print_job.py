"""What a run's labels say, frozen at issue: a reprint next year says the same, whatever the registry says by then."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from shangeng_certs.gate_rules import LabelCase
from shangeng_labels.fonts import check_glyphs
from shangeng_labels.refusals import FontUnusable
from shangeng_labels.templates import Template
from shangeng_trace.batch_tables import Batch
from shangeng_trace.places import county
from shangeng_trace.quantities import Quantity
from shangeng_trace.registry_tables import Base, Organisation, Plot, Product

PROVINCE = "浙江"
PREFECTURE = "丽水"


@dataclass(frozen=True, slots=True)
class PrintJob:
    """The words and the template of a run's labels; `font` is the SHA-256 of the font file, `until` included.

    `net` is what the product's packs usually hold; what was really packed stands in the packing event.
    """

    product: str
    net: str
    lot: str
    place: str
    producer: str
    certificate: str
    until: date
    font: str
    template: Template

    def to_json(self) -> str:
        """Return the job as it is stored."""
        return _JOB.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "PrintJob":
        """Return the job that `to_json` wrote."""
        return _JOB.validate_json(text)


_JOB = TypeAdapter(PrintJob)


def freeze(session: Session, batch: Batch, case: LabelCase, template: Template, *, font: Path | None) -> PrintJob:
    """Return what labels of a batch will say, given evidence with which its gate is open.

    Raises GlyphMissing where the font lacks a character; what is too long for the template shows when it is set.
    """
    permission = case.mark.certificate.permission
    assert permission is not None, "the gate is open only with a certificate"
    product = session.get_one(Product, batch.product_id)
    job = PrintJob(
        product=product.name,
        net=Quantity(product.net_amount, product.net_unit).words("zh"),
        lot=batch.lot,
        place=_place(session, case.plots),
        producer=session.get_one(Organisation, batch.owner).name,
        certificate=permission.number,
        until=permission.valid_until,
        font=font_digest(font),
        template=template,
    )
    words = {name: getattr(job, name) for name in ("product", "net", "lot", "place", "producer", "certificate")}
    check_glyphs(words, font_path=font)
    return job


@lru_cache(maxsize=4)
def font_digest(font: Path | None) -> str:
    """Return the SHA-256 of the font that labels are set in, the one that comes with the product where None.

    Raises FontUnusable where the file cannot be read.
    """
    source = font or files("justmytype_intl_cjk") / "fonts/ofl/notosanssc/NotoSansSC[wght].ttf"
    try:
        return sha256(source.read_bytes()).hexdigest()
    except OSError as reason:
        raise FontUnusable(path=source.name) from reason


def _place(session: Session, plots: frozenset[str]) -> str:
    """Return where it was grown, as short as a label needs: the county, or the prefecture where there are several."""
    counties = session.exec(
        select(Base.county).join(Plot, col(Plot.base_id) == col(Base.id)).where(col(Plot.id).in_(plots)).distinct()
    ).all()
    return PROVINCE + (county(counties[0]).short_zh if len(counties) == 1 else PREFECTURE)
