"""A member's other marks: green food, organic, geographical indication."""

from fastapi import APIRouter
from sqlmodel import Session, select
from starlette.responses import Response

from shangeng_trace.clock import SHANGHAI
from shangeng_trace.ids import read_id
from shangeng_trace.numbers import MarkKind
from shangeng_trace.registry import add_mark
from shangeng_trace.registry_tables import OtherMark, Product
from shangeng_web.console.desk import Desk
from shangeng_web.console.doors import done
from shangeng_web.console.filled import Filled, save
from shangeng_web.console.registry import PRODUCTS, Books, Own, may_enter
from shangeng_web.console.registry_views import MARKS, marks_of, product_name
from shangeng_web.deps import FormDep, ReadDep
from shangeng_web.i18n import N_, translator

router = APIRouter(prefix="/console", include_in_schema=False)

MARKS_PAGE = "/console/marks"

MARK = {
    "kind": N_("标志"),
    "number": N_("编号"),
    "product_id": N_("用于"),
    "valid_from": N_("开始日期"),
    "valid_until": N_("有效至"),
}


@router.get("/marks")
async def marks(desk: Own, session: ReadDep) -> Response:
    """List the member's other marks."""
    at = desk.visitor.platform.office.clock()
    lines = await session.run_sync(marks_of, desk.login.organisation.id, language=desk.language, at=at)
    return desk.page("console/registry/marks.html", open=PRODUCTS, flash=done(desk), lines=lines, may=may_enter(desk))


@router.get("/marks/new")
async def mark_form(desk: Books, session: ReadDep) -> Response:
    """Ask for another mark."""
    return await session.run_sync(ask_mark, desk, Filled(desk.language, MARK, offered={"kind": MarkKind.GREEN_FOOD}))


@router.post("/marks/new")
async def register_mark(desk: Books, session: ReadDep, form: FormDep) -> Response:
    """Register another mark."""
    filled, office = Filled(desk.language, MARK, form), desk.visitor.platform.office
    today = office.clock().astimezone(SHANGHAI).date()

    def command(session: Session) -> str:
        kind = filled.choice("kind", MarkKind, MarkKind.GREEN_FOOD)
        add_mark(
            session,
            office,
            desk.login.actor,
            kind=kind,
            number=filled.text("number"),
            valid_from=(start := filled.day("valid_from", today)),
            valid_until=filled.day("valid_until", start),
            product_id=read_id(filled.text("product_id")) if filled.text("product_id") else None,
        )
        return f"{MARKS_PAGE}?done=mark"

    saved = await save(desk, filled, command)
    return saved if saved is not None else await session.run_sync(ask_mark, desk, filled)


def ask_mark(session: Session, desk: Desk, filled: Filled, row: OtherMark | None = None) -> Response:
    """Show the form of a new mark, or of `row`."""
    own = session.exec(select(Product).where(Product.organisation_id == desk.login.organisation.id))
    kept = row.product_id if row else None
    say = translator(desk.language)
    return desk.page(
        "console/registry/mark_form.html",
        open=PRODUCTS,
        status=filled.status,
        form=filled,
        row=row,
        action=f"{MARKS_PAGE}/{row.id}/edit" if row else f"{MARKS_PAGE}/new",
        kinds=[(kind.value, say(words)) for kind, words in MARKS.items()],
        products=[
            (each.id, product_name(each, desk.language)) for each in own if each.retired_at is None or each.id == kept
        ],
    )
