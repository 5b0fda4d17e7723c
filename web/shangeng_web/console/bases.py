"""A member's bases and plots."""

from fastapi import APIRouter
from sqlmodel import Session, select
from starlette.responses import Response

from shangeng_certs.tables import Certificate, CertificatePlot
from shangeng_trace.acting import NotYours
from shangeng_trace.ids import read_id
from shangeng_trace.places import townships
from shangeng_trace.registry import ThingNotFound, add_base, add_plot
from shangeng_trace.registry_tables import Base, Plot
from shangeng_web.console.desk import Desk
from shangeng_web.console.doors import done
from shangeng_web.console.filled import Filled, save
from shangeng_web.console.registry import Books, Own, may_enter
from shangeng_web.console.registry_views import bases_of, county_options, place_words
from shangeng_web.deps import FormDep, ReadDep
from shangeng_web.i18n import N_

router = APIRouter(prefix="/console", include_in_schema=False)

BASES = "/console/bases"

BASE = {
    "name": N_("基地名称"),
    "county": N_("县（市、区）"),
    "township": N_("乡镇、街道"),
    "village": N_("村"),
}
PLOT = {
    "name": N_("地块名称"),
    "area_mu": N_("面积"),
    "altitude_m": N_("海拔"),
    "latitude": N_("纬度"),
    "longitude": N_("经度"),
}


@router.get("/bases")
async def bases(desk: Own, session: ReadDep) -> Response:
    """List the member's bases with their plots."""
    lines = await session.run_sync(bases_of, desk.login.organisation.id, language=desk.language)
    return desk.page("console/registry/bases.html", open=BASES, flash=done(desk), lines=lines, may=may_enter(desk))


@router.get("/bases/new")
async def base_form(desk: Books) -> Response:
    """Ask for a new base."""
    own = desk.login.organisation
    return ask_base(desk, Filled(desk.language, BASE, offered={"county": own.county, "township": own.township}))


@router.post("/bases/new")
async def register_base(desk: Books, form: FormDep) -> Response:
    """Register a base; the next page asks for its first plot."""
    filled, office = Filled(desk.language, BASE, form), desk.visitor.platform.office

    def command(session: Session) -> str:
        made = add_base(session, office, desk.login.actor, **{name: filled.text(name) for name in BASE})
        return f"{BASES}/{made.id}/plots/new?done=base"

    return await save(desk, filled, command) or ask_base(desk, filled)


@router.get("/bases/{base_id}/plots/new")
async def plot_form(base_id: str, desk: Books, session: ReadDep) -> Response:
    """Ask for a new plot on a base."""
    return ask_plot(desk, await session.run_sync(_own_base, desk, base_id), Filled(desk.language, PLOT))


@router.post("/bases/{base_id}/plots/new")
async def register_plot(base_id: str, desk: Books, session: ReadDep, form: FormDep) -> Response:
    """Register a plot."""
    base = await session.run_sync(_own_base, desk, base_id)
    filled, office = Filled(desk.language, PLOT, form), desk.visitor.platform.office

    def command(session: Session) -> str:
        values = {name: filled.text(name) for name in PLOT}
        made = add_plot(session, office, desk.login.actor, base_id=base.id, **values)
        return f"/console/plots/{made.id}?done=plot"

    return await save(desk, filled, command) or ask_plot(desk, base, filled)


@router.get("/plots/{plot_id}")
async def plot(plot_id: str, desk: Own, session: ReadDep) -> Response:
    """Show one plot, its private coordinates included, and the certificates that cover it."""
    row, base, certificates = await session.run_sync(_own_plot, desk, plot_id)
    return desk.page(
        "console/registry/plot.html",
        open=BASES,
        flash=done(desk),
        row=row,
        base=base,
        place=place_words(base, desk.language),
        certificates=certificates,
        may=may_enter(desk),
    )


def ask_base(desk: Desk, filled: Filled, row: Base | None = None, *, fixed: bool = False) -> Response:
    """Show the form of a new base, or of `row`; what is `fixed` is not asked any more."""
    known = townships(filled.text("county"))
    return desk.page(
        "console/registry/base_form.html",
        open=BASES,
        status=filled.status,
        form=filled,
        row=row,
        fixed=fixed,
        action=f"{BASES}/{row.id}/edit" if row else f"{BASES}/new",
        counties=county_options(desk.language),
        townships=[each.zh for each in known],
    )


def ask_plot(desk: Desk, base: Base, filled: Filled, row: Plot | None = None, *, fixed: bool = False) -> Response:
    """Show the form of a new plot, or of `row`; what is `fixed` is not asked any more."""
    return desk.page(
        "console/registry/plot_form.html",
        open=BASES,
        status=filled.status,
        flash=done(desk),
        form=filled,
        row=row,
        fixed=fixed,
        action=f"/console/plots/{row.id}/edit" if row else f"{BASES}/{base.id}/plots/new",
        base=base,
        place=place_words(base, desk.language),
    )


def _own_base(session: Session, desk: Desk, base_id: str) -> Base:
    known = read_id(base_id)
    row = session.get(Base, known) if known else None
    if row is None:
        raise ThingNotFound
    if row.organisation_id != desk.login.organisation.id:
        raise NotYours
    return row


def _own_plot(session: Session, desk: Desk, plot_id: str) -> tuple[Plot, Base, list[Certificate]]:
    known = read_id(plot_id)
    row = session.get(Plot, known) if known else None
    if row is None:
        raise ThingNotFound
    certificates = session.exec(select(Certificate).join(CertificatePlot).where(CertificatePlot.plot_id == row.id))
    return row, _own_base(session, desk, row.base_id), list(certificates)
