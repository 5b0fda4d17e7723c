"""Confirming what a clerk entered, and correcting what oneself entered: both name one record, and nobody else's."""

from sqlmodel import select

from shangeng_trace.acting import Actor
from shangeng_trace.batch_tables import EventRecord
from shangeng_trace.batches import record_step
from shangeng_trace.ids import new_event_id
from shangeng_trace.refusals import NotThisRecord, NotYoursToConfirm
from shangeng_trace.registry_tables import Role
from tests.trace.desk import TESTING, Desk
from tests.trace.test_refusals import harvest, refused


def test_only_the_person_it_was_entered_for_confirms(desk: Desk) -> None:
    batch, claimed = harvest(desk), new_event_id()
    store = {"store_place": "冷库"}
    telling = desk.at(1, event_id=claimed, claimed_by=desk.farmer)
    desk.do(record_step, "tea", batch_id=batch, step="store", values=store, telling=telling)
    answer = {"event": claimed, "answer": "yes"}
    with refused(desk, NotYoursToConfirm, "event"):
        desk.do(record_step, "tea", batch_id=batch, step="confirm", values=answer, telling=desk.at(2))
    own = desk.do(record_step, "tea", batch_id=batch, step="store", values=store, telling=desk.at(1)).digest
    unclaimed = desk.read(lambda s: s.exec(select(EventRecord.event_id).where(EventRecord.digest == own)).one())
    with refused(desk, NotYoursToConfirm, "event"):
        values = {"event": unclaimed, "answer": "yes"}
        desk.do(record_step, "tea", batch_id=batch, step="confirm", values=values, telling=desk.at(2))
    tea = desk.actors["tea"]
    desk.actors["farmer"] = Actor(tea.organisation_id, tea.kind, frozenset({Role.FARMER}), desk.farmer)
    desk.do(record_step, "farmer", batch_id=batch, step="confirm", values=answer, telling=desk.at(2))


def test_a_correction_names_a_record_of_ones_own_on_this_batch(desk: Desk) -> None:
    batch, other = harvest(desk), harvest(desk)
    on_other, by_lab = new_event_id(), new_event_id()
    desk.do(
        record_step,
        "tea",
        batch_id=other,
        step="store",
        values={"store_place": "冷库"},
        telling=desk.at(1, event_id=on_other),
    )
    desk.do(record_step, "lab", batch_id=batch, step="test", values=TESTING, telling=desk.at(1, event_id=by_lab))
    for named in (on_other, by_lab, new_event_id()):
        values = {"event": named, "error": "incorrect_data", "reason": "称重有误"}
        with refused(desk, NotThisRecord, "event"):
            desk.do(record_step, "tea", batch_id=batch, step="correct", values=values, telling=desk.at(2))
