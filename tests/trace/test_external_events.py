"""Events signed outside of the server: opened, checked by the same rules, taken in."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace
from sqlmodel import Session, col, select, update

from shangeng_trace.acting import NotYours, WrongOffice
from shangeng_trace.batch_tables import Batch, LedgerKey
from shangeng_trace.catalogue import StepOutOfOrder
from shangeng_trace.entry import Receipt
from shangeng_trace.errors import InvalidError, MalformedError, ShangengError, VerificationError
from shangeng_trace.events import Event, Opened, Portion
from shangeng_trace.ids import new_event_id, new_id
from shangeng_trace.keyring import KeyRevoked, KeyUnknown, public_key, register_key
from shangeng_trace.keys import Algorithm, SignatureInvalid, SigningKey
from shangeng_trace.recording import EventIdTaken, commitment, record_event
from shangeng_trace.refusals import EventInconsistent, LotTaken, MoreThanThere, QuantityMissing
from shangeng_trace.registry import get_organisation, get_product, platform_organisation
from shangeng_trace.rules import facts
from shangeng_trace.statements import Sealed, Signer, open_sealed, seal
from tests.trace.desk import DAY, HOST, START, Desk

Change = Callable[[Event], Event]


def phone(desk: Desk, who: str = "tea") -> Signer:
    """Register a key whose private half never reaches the server."""
    key = SigningKey.generate(Algorithm.ED25519)

    def register(session: Session) -> str:
        keyring = desk.office.keyring
        platform = keyring.signer(session, platform_organisation(session).id)
        organisation = get_organisation(session, desk.actors[who].organisation_id)
        return register_key(session, keyring, organisation, registrar=platform, public=key.public).id

    return Signer.of(HOST, desk.writer.run(register), key)


def post(desk: Desk, document: dict[str, Any]) -> Receipt:
    """What the server does with a document that arrives signed."""
    opened = desk.read(lambda s: open_sealed(document, partial(public_key, s), host=HOST))
    return desk.writer.run(lambda s: record_event(s, desk.office, opened))


def observation(desk: Desk, batch: str) -> Event:
    return about(desk, batch, "store", {"store_place": "库房"})


def about(desk: Desk, batch: str, step_key: str, record: dict[str, Any]) -> Event:
    """Say that a step was taken on a batch of tea, which moves nothing."""
    step = desk.office.catalogue.step(step_key, "tea")
    return Event(
        event_id=new_event_id(),
        type=step.epcis,
        step=step.key,
        action=step.action,
        biz_step=step.biz_step,
        disposition=step.disposition,
        happened_at=START,
        subjects=(Portion(batch),),
        record=record,
    )


def harvest(desk: Desk, amount: str = "10") -> Event:
    step = desk.office.catalogue.step("harvest", "tea")
    opened = desk.read(
        lambda s: facts(s, get_product(s, desk.product), batch=new_id(), lot=desk.lot(), plot_id=desk.plot)
    )
    return Event(
        event_id=new_event_id(),
        type=step.epcis,
        step=step.key,
        action=step.action,
        biz_step=step.biz_step,
        disposition=step.disposition,
        happened_at=START,
        subjects=(Portion(opened.batch, Decimal(amount), uom="KGM"),),
        opened=(opened,),
        record={"harvest_date": DAY},
        plot=desk.plot,
    )


def signed(event: Event, signer: Signer) -> Sealed:
    return seal(event.document(), signer, created=START)


def test_a_phone_records_and_may_repeat_itself(desk: Desk) -> None:
    signer = phone(desk)
    event = harvest(desk)
    sealed = signed(event, signer)
    first, again = post(desk, sealed.document), post(desk, sealed.document)
    assert (first.digest, first.index) == (sealed.digest, again.index)
    assert (first.repeated, again.repeated) == (False, True)
    row = desk.batch(event.opened[0].batch)
    assert (row.owner, row.bulk) == (desk.actors["tea"].organisation_id, Decimal(10))
    other = signed(replace(event, happened_at=START.replace(hour=1)), signer)
    with pytest.raises(EventIdTaken):
        post(desk, other.document)


def test_a_phone_without_ed25519_signs_with_p256(desk: Desk) -> None:
    key = SigningKey.generate(Algorithm.P256)

    def register(session: Session) -> str:
        keyring = desk.office.keyring
        platform = keyring.signer(session, platform_organisation(session).id)
        organisation = get_organisation(session, desk.actors["tea"].organisation_id)
        return register_key(session, keyring, organisation, registrar=platform, public=key.public).id

    signer = Signer.of(HOST, desk.writer.run(register), key)
    assert not post(desk, signed(observation(desk, desk.leaf()), signer).document).repeated


def test_signatures_that_do_not_hold(desk: Desk) -> None:
    mine, other = phone(desk), phone(desk)
    document = signed(observation(desk, desk.leaf()), mine).document
    with pytest.raises(VerificationError):
        post(desk, {**document, "eventTime": "2026-04-20T10:00:01.000+08:00"})
    with pytest.raises(SignatureInvalid):
        post(desk, {**document, "proof": {**document["proof"], "verificationMethod": other.method}})
    unknown = Signer.of(HOST, new_id(), mine.key)
    with pytest.raises(KeyUnknown):
        post(desk, signed(observation(desk, desk.leaf()), unknown).document)
    elsewhere = Signer.of("other.example", mine.key_id, mine.key)
    with pytest.raises(MalformedError):
        post(desk, signed(observation(desk, desk.leaf()), elsewhere).document)
    with pytest.raises(MalformedError):
        post(desk, {name: member for name, member in document.items() if name != "proof"})


def test_a_revoked_key_signs_nothing_more(desk: Desk) -> None:
    signer = phone(desk)
    batch = desk.leaf()
    receipt = post(desk, signed(observation(desk, batch), signer).document)
    desk.writer.run(
        lambda s: s.exec(
            update(LedgerKey).where(col(LedgerKey.id) == signer.key_id).values(last_valid_index=receipt.index)
        )
    )
    with pytest.raises(KeyRevoked):
        post(desk, signed(observation(desk, batch), signer).document)


def test_only_the_own_batches(desk: Desk) -> None:
    batch = desk.leaf()
    for who in ("rival", "household", "supervisor"):
        with pytest.raises(NotYours):
            post(desk, signed(observation(desk, batch), phone(desk, who)).document)
    with pytest.raises((NotYours, WrongOffice)):
        post(desk, signed(harvest(desk), phone(desk, "lab")).document)
    with pytest.raises(NotYours):
        post(desk, signed(harvest(desk), phone(desk, "rival")).document)


def opened(event: Event, **changes: Any) -> Event:
    return replace(event, opened=(replace(event.opened[0], **changes),))


HARVESTS: dict[str, Change] = {
    "name": lambda event: opened(event, name="西湖龙井"),
    "county": lambda event: opened(event, county="330106"),
    "unit": lambda event: opened(event, unit="L"),
    "category": lambda event: opened(event, category="mushroom"),
    "gtin": lambda event: opened(event, gtin="09521234543213"),
    "product": lambda event: opened(event, product=new_id()),
    "lot": lambda event: opened(event, lot="批次 一"),
    "lower case lot": lambda event: opened(event, lot=event.opened[0].lot.lower()),
    "plot": lambda event: opened(event, plot=new_id()),
    "no plot": lambda event: opened(event, plot=None),
    "read point": lambda event: replace(event, plot=new_id()),
    "opened twice": lambda event: replace(event, opened=event.opened * 2),
    "opened besides": lambda event: replace(event, opened=(*event.opened, replace(event.opened[0], batch=new_id()))),
    "no amount": lambda event: replace(event, subjects=(Portion(event.subjects[0].batch),)),
    "nothing": lambda event: replace(event, subjects=(replace(event.subjects[0], amount=Decimal(0)),)),
    "packs": lambda event: replace(event, subjects=(replace(event.subjects[0], packs=True, uom=None),)),
    "unit of measure": lambda event: replace(event, subjects=(replace(event.subjects[0], uom="LTR"),)),
    "no unit of measure": lambda event: replace(event, subjects=(replace(event.subjects[0], uom=None),)),
    "twice": lambda event: replace(event, subjects=event.subjects * 2),
    "action": lambda event: replace(event, action="OBSERVE"),
    "business step": lambda event: replace(event, biz_step="packing"),
    "step": lambda event: replace(event, step="teleport"),
    "other step": lambda event: replace(event, step="grow"),
    "record": lambda event: replace(event, record={}),
    "record besides": lambda event: replace(event, record={**event.record, "phone": "13857812345"}),
    "private in public": lambda event: replace(event, record={**event.record, "note": "雷师傅"}),
    "record respelled": lambda event: replace(event, record={**event.record, "harvest_date": f" {DAY}"}),
    "commitment of nothing": lambda event: replace(event, commitments={"nothing": "0" * 64}),
    "lifts": lambda event: replace(event, lifts=(new_event_id(),)),
    "shipment": lambda event: replace(event, shipment=new_event_id()),
    "recipient": lambda event: replace(event, recipient=new_id()),
    "claimed by": lambda event: replace(event, claimed_by=new_id()),
    "future": lambda event: replace(event, happened_at=START.replace(year=2027)),
    "past": lambda event: replace(event, happened_at=START.replace(year=1999)),
}


@pytest.mark.parametrize("change", HARVESTS.values(), ids=HARVESTS.keys())
def test_a_harvest_that_says_what_cannot_be(desk: Desk, change: Change) -> None:
    signer, event = phone(desk), harvest(desk)
    with pytest.raises(ShangengError):
        post(desk, signed(change(event), signer).document)
    assert desk.read(lambda s: s.get(Batch, event.opened[0].batch)) is None
    post(desk, signed(event, signer).document)
    with pytest.raises(LotTaken):
        post(
            desk,
            signed(opened(replace(harvest(desk)), lot=event.opened[0].lot), signer).document,
        )


def processing(desk: Desk, inputs: dict[str, str], outputs: dict[str, str], *made: Opened) -> Event:
    step = desk.office.catalogue.step("fix", "tea")
    return Event(
        event_id=new_event_id(),
        type=step.epcis,
        step=step.key,
        action=step.action,
        biz_step=step.biz_step,
        disposition=step.disposition,
        happened_at=START,
        inputs=tuple(Portion(batch, Decimal(amount), uom="KGM") for batch, amount in inputs.items()),
        outputs=tuple(Portion(batch, Decimal(amount), uom="KGM") for batch, amount in outputs.items()),
        opened=made,
        record={"temp_c": 280},
    )


def test_processing_never_runs_in_a_circle(desk: Desk) -> None:
    signer = phone(desk)
    one, two = desk.leaf("10"), desk.leaf("10")
    made = harvest(desk).opened[0]
    bad = [
        processing(desk, {one: "5"}, {two: "5"}),
        processing(desk, {one: "5", two: "5"}, {two: "10"}),
        processing(desk, {one: "5", two: "5"}, {one: "5", two: "5"}),
        processing(desk, {one: "5", two: "1"}, {one: "2", made.batch: "3"}, made),
        processing(desk, {made.batch: "5"}, {made.batch: "4"}, made),
        processing(desk, {one: "5", made.batch: "5"}, {made.batch: "4"}, made),
        processing(desk, {one: "5"}, {one: "0"}),
    ]
    for event in bad:
        with pytest.raises((EventInconsistent, QuantityMissing, StepOutOfOrder)):
            post(desk, signed(event, signer).document)
    with pytest.raises(MoreThanThere):
        post(desk, signed(processing(desk, {one: "10.000001"}, {one: "1"}), signer).document)
    made = replace(made, plot=None, county="331127")
    post(desk, signed(processing(desk, {one: "10"}, {one: "6", made.batch: "3"}, made), signer).document)
    assert [desk.batch(batch).bulk for batch in (one, made.batch)] == [6, 3]


def test_a_required_private_field_needs_its_commitment(desk: Desk) -> None:
    signer, batch = phone(desk), desk.leaf()
    step = desk.office.catalogue.step("fertilise", "tea")
    kind, method = step.field("kind"), step.field("method")
    assert kind is not None
    assert method is not None
    event = replace(
        observation(desk, batch),
        step=step.key,
        biz_step=step.biz_step,
        disposition=step.disposition,
        record={
            "kind": kind.choices[0].key,
            "input_name": "菜籽饼",
            "method": method.choices[0].key,
            "dose": {"amount": 50, "unit": "kg_per_mu"},
            "use_start": DAY,
            "use_stop": DAY,
        },
    )
    with pytest.raises((EventInconsistent, InvalidError)) as caught:
        post(desk, signed(event, signer).document)
    assert "input_source" in caught.value.sentence("en")
    commitments = {"input_source": commitment(bytes(16), '"农资店"'.encode()), "photo_1": "0" * 64}
    post(desk, signed(replace(event, commitments=commitments), signer).document)


def test_the_keys_of_a_member_stand_in_its_chain(desk: Desk) -> None:
    signer = phone(desk, "shop")
    keys = desk.read(
        lambda s: s.exec(select(LedgerKey).where(LedgerKey.controller == desk.actors["shop"].organisation_id)).all()
    )
    assert {key.custody for key in keys} == {"server", "external"}
    assert signer.key_id in {key.id for key in keys}
