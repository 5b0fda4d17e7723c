"""Changing what is registered: putting a slip right, and taking out of use what is not needed any more.

Names and the like may change at any time. What events, certificates, licences or labels rest on may change only until
something rests on it: a product of which there are batches does not become another one. Nothing here touches the
ledger, and what was retired stays to be read.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from shangeng_trace.acting import Actor, Office
from shangeng_trace.batch_tables import Batch
from shangeng_trace.columns import plain
from shangeng_trace.errors import ConflictError, RejectedError
from shangeng_trace.fields import Fields
from shangeng_trace.numbers import MarkKind, is_example_gtin
from shangeng_trace.registry import (
    ThingNotFound,
    check_gtin_free,
    check_mark_new,
    check_mark_product,
    must_be_in_use,
    must_keep_books,
)
from shangeng_trace.registry_reading import read_base, read_mark, read_plot, read_product
from shangeng_trace.registry_tables import Base, OtherMark, Plot, Product

Thing = TypeVar("Thing", Base, Plot, Product, OtherMark)
Changes = Mapping[str, Any]
"""What is to be different, under the names that the verb for registering takes; what is absent stays."""

PRODUCT_FIXED = ("category", "unit", "net_amount", "net_unit", "pack_unit", "gtin")
PLOT_FIXED = ("area_mu", "altitude_m", "latitude", "longitude")
BASE_FIXED = ("county",)
"""Columns that do not change once something rests on the row; an empty coordinate may still be filled in."""


class FixedByUse(RejectedError):
    """A change of what batches, certificates or licences rest on."""

    code = "trace.fixed_by_use"
    zh = "已经有批次、证书或许可用到它，这一项不能再改。填错了请停用，另外登记一个。"
    en = "Batches, certificates or licences rest on this, so it cannot change. Retire it and register another one."


class ChangedMeanwhile(ConflictError):
    """Somebody else has changed the row since it was read."""

    code = "trace.changed_meanwhile"
    zh = "刚才有人改过这一项，请先看一遍现在的内容，再改。"
    en = "Somebody has changed this meanwhile. Please look at it as it is now, and change it then."


class StillHasPlots(ConflictError):
    """A base is retired after its plots."""

    code = "trace.still_has_plots"
    zh = "这个基地还有在用的地块，请先停用地块。"
    en = "This base still has plots in use. Please retire them first."


def version_of(row: Base | Plot | Product | OtherMark) -> str:
    """Return a short word that changes whenever the row does."""
    columns = sorted((row.model_dump() | {"retired_at": row.retired_at is not None}).items())
    written = [f"{name}={plain(value) if isinstance(value, Decimal) else value}" for name, value in columns]
    return sha256("\n".join(written).encode()).hexdigest()[:16]


def is_used(session: Session, row: Base | Plot | Product) -> bool:
    """Whether there are batches of a product, or from a plot or a base, so that it may not become another one."""
    match row:
        case Product():
            of_it = select(Batch.id).where(Batch.product_id == row.id)
        case Plot():
            of_it = select(Batch.id).where(Batch.plot_id == row.id)
        case Base():
            of_it = select(Batch.id).where(
                col(Batch.plot_id).in_(select(Plot.id).where(Plot.base_id == row.id)),
            )
    return session.exec(of_it.limit(1)).first() is not None


def change_product(
    session: Session,
    office: Office,
    actor: Actor,
    product_id: str,
    changes: Changes,
    *,
    cited: bool,
    version: str = "",
    allow_example_gtin: bool = False,
) -> Product:
    """Change a product of the actor's organisation; `cited` says whether a certificate or licence names it.

    With a `version` the row must still be the one that `version_of` said it of. Raises `FixedByUse` among the problems.
    """
    row = _own(session, actor, Product, product_id, version)
    fields = Fields()
    names = ("name", "name_en", "category", "unit", "net_amount", "net_unit", "pack_unit", "shelf_life")
    said: dict[str, Any] = {**{name: getattr(row, name) for name in names}, "gtin": row.gtin or "", **changes}
    had_example = row.gtin is not None and is_example_gtin(row.gtin)
    categories = [entry.id for entry in office.catalogue.categories]
    values = read_product(fields, categories, allow_example_gtin=allow_example_gtin or had_example, **said)
    if cited or is_used(session, row):
        _hold(fields, row, values, PRODUCT_FIXED)
    fields.done()
    check_gtin_free(session, values["gtin"], but=row.id)
    return _write(session, row, values)


def change_plot(
    session: Session, office: Office, actor: Actor, plot_id: str, changes: Changes, *, cited: bool, version: str = ""
) -> Plot:
    """Change a plot of the actor's organisation; `cited` says whether a certificate names it."""
    del office
    row = _own(session, actor, Plot, plot_id, version)
    fields = Fields()
    said: dict[str, Any] = {**{name: getattr(row, name) for name in ("name", *PLOT_FIXED)}, **changes}
    values = read_plot(fields, **{name: "" if value is None else value for name, value in said.items()})
    if cited or is_used(session, row):
        empty = {name for name in PLOT_FIXED if getattr(row, name) is None}
        _hold(fields, row, values, [name for name in PLOT_FIXED if name not in empty])
    fields.done()
    return _write(session, row, values)


def change_base(
    session: Session, office: Office, actor: Actor, base_id: str, changes: Changes, *, cited: bool, version: str = ""
) -> Base:
    """Change a base of the actor's organisation; `cited` says whether a certificate names one of its plots."""
    del office
    row = _own(session, actor, Base, base_id, version)
    fields = Fields()
    names = ("name", "county", "township", "village")
    said: dict[str, Any] = {**{name: getattr(row, name) for name in names}, **changes}
    values = read_base(fields, **said)
    if cited or is_used(session, row):
        _hold(fields, row, values, BASE_FIXED)
    fields.done()
    return _write(session, row, values)


def change_mark(
    session: Session, office: Office, actor: Actor, mark_id: str, changes: Changes, *, version: str = ""
) -> OtherMark:
    """Change another mark that the actor's organisation says to hold; nothing rests on it."""
    del office
    row = _own(session, actor, OtherMark, mark_id, version)
    fields = Fields()
    names = ("number", "valid_from", "valid_until", "product_id")
    said: dict[str, Any] = {"kind": MarkKind(row.kind), **{name: getattr(row, name) for name in names}, **changes}
    values = read_mark(fields, **said)
    if values["product_id"] != row.product_id:
        check_mark_product(session, actor, values["product_id"])
    fields.done()
    check_mark_new(session, actor, values, but=row.id)
    return _write(session, row, values)


def retire(session: Session, office: Office, actor: Actor, kind: type[Thing], thing_id: str) -> Thing:
    """Take something of the actor's organisation out of use; it stays to be read. A base goes after its plots."""
    row = _own(session, actor, kind, thing_id)
    if (
        isinstance(row, Base)
        and session.exec(select(Plot.id).where(Plot.base_id == row.id, col(Plot.retired_at).is_(None)).limit(1)).first()
    ):
        raise StillHasPlots
    return _write(session, row, {"retired_at": row.retired_at or office.clock()})


def restore(session: Session, office: Office, actor: Actor, kind: type[Thing], thing_id: str) -> Thing:
    """Bring something back into use; a plot only on a base in use."""
    del office
    row = _own(session, actor, kind, thing_id)
    if isinstance(row, Plot):
        must_be_in_use(session.get_one(Base, row.base_id))
    return _write(session, row, {"retired_at": None})


def _own(session: Session, actor: Actor, kind: type[Thing], thing_id: str, version: str = "") -> Thing:
    must_keep_books(actor)
    row = session.get(kind, thing_id)
    if row is None:
        raise ThingNotFound
    actor.must_own(row.organisation_id)
    if version and version != version_of(row):
        raise ChangedMeanwhile
    return row


def _hold(fields: Fields, row: Plot | Product | Base, values: Changes, fixed: Iterable[str]) -> None:
    """Remember each fixed column that would change."""
    known = {problem.field for problem in fields.problems}
    changed = [name for name in fixed if values[name] != getattr(row, name) and name not in known]
    fields.problems += [FixedByUse(field=name) for name in changed]


def _write(session: Session, row: Thing, values: Changes) -> Thing:
    for name, value in values.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    return row
