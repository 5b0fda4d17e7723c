"""Goods between members: what is on its way here, what was sent, and taking it in."""

from fastapi import APIRouter
from sqlmodel import Session, select
from starlette.responses import Response

from shangeng_trace.batch_tables import EventRecord, Shipment
from shangeng_trace.batches import receive
from shangeng_trace.entry import Receipt
from shangeng_trace.errors import ConflictError, RejectedError
from shangeng_trace.ids import new_event_id
from shangeng_trace.refusals import ShipmentNotOpen
from shangeng_trace.registry_tables import OrganisationKind
from shangeng_web.console.answers import event_id, texts
from shangeng_web.console.asking import Sheet
from shangeng_web.console.choices import farmers_of
from shangeng_web.console.consignments import ReceiveForm, consignment, sent_by, waiting_for
from shangeng_web.console.desk import Desk, DeskDep
from shangeng_web.console.form_page import show_form
from shangeng_web.console.photos import take_photos
from shangeng_web.console.saving import recorded, save
from shangeng_web.console.states import called
from shangeng_web.deps import FormDep, PlatformDep, ReadDep
from shangeng_web.i18n import translator

router = APIRouter(prefix="/console", include_in_schema=False)


@router.get("/shipments")
async def shipments(desk: DeskDep, session: ReadDep) -> Response:
    """List what waits to be taken in, and what was sent lately."""
    desk.login.actor.must_be(OrganisationKind.MEMBER)
    waiting = await session.run_sync(waiting_for, desk.login.actor, desk.language)
    sent = await session.run_sync(sent_by, desk.login.actor, desk.language)
    return desk.page("console/shipments.html", open="/console/batches", waiting=waiting, sent=sent)


@router.get("/shipments/{shipment}")
async def receive_page(shipment: str, desk: DeskDep, session: ReadDep) -> Response:
    """Ask what arrived."""
    form = await session.run_sync(_prepare, desk, shipment, {})
    await session.run_sync(form.begin, desk.login.actor)
    return _show(desk, form, new_event_id())


@router.post("/shipments/{shipment}")
async def take_in(shipment: str, desk: DeskDep, platform: PlatformDep, session: ReadDep, posted: FormDep) -> Response:
    """Take a shipment in, or show the form again with what is wrong."""
    told, actor = event_id(posted), desk.login.actor
    if known := await session.run_sync(recorded, actor, told):
        return known.redirect()
    form = await session.run_sync(_prepare, desk, shipment, texts(posted))
    form.pictures, problems = await take_photos(platform.settings, posted, desk.login.csrf)
    form.sheet.problems += problems
    lot, take, values, telling = form.read(told)

    def verb(session: Session) -> Receipt:
        taken = form.goods.shipment.event_id
        made = receive(
            session, platform.office, actor, shipment_id=taken, lot=lot, values=values, take=take, telling=telling
        )
        return made[1]

    if not form.sheet.problems:
        try:
            saved = await save(platform, actor, told, verb)
        except (RejectedError, ConflictError) as problem:
            form.sheet.refuse(problem)
        else:
            return saved.redirect()
    return _show(desk, form, told, status=422)


def _prepare(session: Session, desk: Desk, shipment: str, given: dict[str, str]) -> ReceiveForm:
    """Raise `ShipmentNotOpen` for goods that were not sent here, or have been taken in."""
    actor, office = desk.login.actor, desk.visitor.platform.office
    row = session.get(Shipment, f"urn:uuid:{shipment}")
    if row is None or row.recipient != actor.organisation_id or row.received_by is not None:
        raise ShipmentNotOpen
    event = session.exec(select(EventRecord).where(EventRecord.event_id == row.event_id)).one()
    goods = consignment(session, row, event, row.sender, desk.language)
    step = office.catalogue.step("receive", goods.batch.category)
    return ReceiveForm(goods, step, Sheet(desk.language, office.clock(), given), farmers_of(session, actor))


def _show(desk: Desk, form: ReceiveForm, told: str, *, status: int = 200) -> Response:
    _, goods = translator(desk.language), form.goods
    return show_form(
        desk,
        form.sheet,
        form.questions(),
        title=_("接收这批货"),
        lead=_(
            "%(product)s %(lot)s，%(amount)s，%(other)s 发来",
            product=called(goods.product, desk.language),
            lot=goods.batch.lot,
            amount=goods.amount,
            other=called(goods.other, desk.language),
        ),
        action=goods.path,
        event_id=told,
        pictures=form.pictures,
        status=status,
        words=_("确认收到"),
    )
