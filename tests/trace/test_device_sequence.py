"""What a phone counts for itself: late events are taken in, and what is missing or contradicts itself is told."""

from functools import partial
from itertools import permutations

import pytest
from sqlmodel import Session, select

from shangeng_trace.batch_tables import EventRecord
from shangeng_trace.device_sequence import Place, places
from shangeng_trace.enrolment import rotate_key
from shangeng_trace.keys import SigningKey
from shangeng_trace.recording import record_event
from shangeng_trace.statements import Sealed, Signer
from tests.phones import START_OF_SEQUENCE, Phone
from tests.trace.desk import HOST, Desk


def phone(desk: Desk) -> Phone:
    return desk.writer.run(lambda s: Phone.enrol(s, desk.office, desk.actors["tea"]))


def arrive(desk: Desk, *events: Sealed) -> None:
    for each in events:
        desk.writer.run(partial(record_event, office=desk.office, sealed=each))


def told(desk: Desk, *events: Sealed) -> list[Place | None]:
    def ask(session: Session) -> list[Place | None]:
        index = dict(session.exec(select(EventRecord.digest, EventRecord.index)).all())
        found = places(session, list(index.values()))
        return [found[index[each.digest]][1] if each.digest in index else None for each in events]

    return desk.read(ask)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_whatever_order_they_come_in(desk: Desk, order: tuple[int, ...]) -> None:
    sender, batch = phone(desk), desk.leaf()
    events = [sender.seen(batch) for _ in order]
    come: set[int] = set()
    for number in order:
        arrive(desk, events[number])
        come.add(number)
        expected = [
            None if at not in come else Place.IN_ORDER if at == 0 or at - 1 in come else Place.GAP for at in range(3)
        ]
        assert told(desk, *events) == expected
    assert told(desk, *events) == [Place.IN_ORDER] * 3


def test_a_phone_that_contradicts_itself(desk: Desk) -> None:
    sender, batch = phone(desk), desk.leaf()
    first, second = sender.seen(batch), sender.seen(batch)
    sender.counter, sender.prev = 1, first.digest
    other = sender.seen(batch)
    sender.counter, sender.prev = 2, "a" * 64
    stranger = sender.seen(batch)
    sender.counter, sender.prev = 0, "b" * 64
    again = sender.seen(batch)
    arrive(desk, first, second)
    assert told(desk, first, second) == [Place.IN_ORDER, Place.IN_ORDER]
    arrive(desk, other, stranger, again)
    assert told(desk, first, second, other, stranger, again) == [
        Place.FORKED,
        Place.FORKED,
        Place.FORKED,
        Place.BROKEN,
        Place.FORKED,
    ]


def test_a_first_event_names_none_before_it(desk: Desk) -> None:
    sender, batch = phone(desk), desk.leaf()
    sender.prev = "c" * 64
    wrong = sender.seen(batch)
    arrive(desk, wrong)
    assert told(desk, wrong) == [Place.BROKEN]


def test_the_sequence_goes_on_under_the_next_key_and_no_other(desk: Desk) -> None:
    sender, stranger, batch = phone(desk), phone(desk), desk.leaf()
    before, of_another = sender.seen(batch), stranger.seen(batch)
    arrive(desk, before, of_another)
    key = SigningKey.generate()
    new = desk.do(rotate_key, "tea", key_id=sender.signer.key_id, public=key.public)
    sender.signer = Signer.of(HOST, new.id, key)
    after = sender.seen(batch)
    arrive(desk, after)
    assert told(desk, before, of_another, after) == [Place.IN_ORDER] * 3
    assert sender.prev != START_OF_SEQUENCE


def test_who_counts_nothing_is_asked_nothing(desk: Desk) -> None:
    receipt = desk.step("tea", desk.leaf(), "store", {"store_place": "库房"})
    assert desk.read(lambda s: places(s, [receipt.index])) == {}
