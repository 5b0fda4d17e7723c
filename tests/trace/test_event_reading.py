"""Reading events: whatever comes gives an event or a refusal, and an event says nothing that is not read."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shangeng_trace.canonical import canonical, load, load_statement
from shangeng_trace.errors import MalformedError
from shangeng_trace.event_reading import MAX_PORTIONS, EventMalformed, read_event
from shangeng_trace.events import EPCIS_CONTEXT, Device, Event, Opened, Portion
from shangeng_trace.ids import new_event_id, new_id
from tests.trace.altering import Place, found, places, replaced

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
IDS = st.integers().map(lambda _: new_id())
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
AMOUNTS = st.decimals(min_value=0, max_value=10**6, places=3)
WORDS = st.text("abc茶椪𠮷é", min_size=1, max_size=12)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(  # noqa: DTZ001 - hypothesis wants naive bounds
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)


@st.composite
def portions(draw: st.DrawFn) -> Portion:
    packs = draw(st.booleans())
    amount = draw(st.none() | (AMOUNTS.map(round).map(Decimal) if packs else AMOUNTS))
    return Portion(draw(IDS), amount, packs, None if packs or amount is None else draw(st.sampled_from(["KGM", None])))


@st.composite
def events(draw: st.DrawFn) -> Event:
    some = st.lists(portions(), min_size=1, max_size=3).map(tuple)
    is_object = draw(st.booleans())
    made = st.builds(
        Opened,
        batch=IDS,
        lot=WORDS,
        product=IDS,
        name=WORDS,
        name_en=st.just("") | WORDS,
        category=WORDS,
        unit=WORDS,
        county=WORDS,
        gtin=st.none() | WORDS,
        plot=st.none() | IDS,
    )
    return Event(
        event_id=new_event_id(),
        type="ObjectEvent" if is_object else "TransformationEvent",
        step=draw(WORDS),
        action=draw(st.none() | WORDS),
        biz_step=draw(WORDS),
        disposition=draw(st.none() | WORDS),
        happened_at=draw(MOMENTS),
        subjects=draw(some) if is_object else (),
        inputs=() if is_object else draw(some),
        outputs=() if is_object else draw(some),
        opened=draw(st.lists(made, max_size=2).map(tuple)),
        record=draw(st.dictionaries(WORDS, st.integers(0, 9) | WORDS | st.booleans(), max_size=3)),
        plot=draw(st.none() | IDS),
        sender=draw(st.none() | IDS),
        recipient=draw(st.none() | IDS),
        shipment=draw(st.none() | st.builds(new_event_id)),
        lifts=draw(st.lists(st.builds(new_event_id), max_size=2).map(tuple)),
        basis=draw(st.none() | st.dictionaries(IDS, HASHES, min_size=1, max_size=2)),
        device=draw(st.none() | st.builds(Device, st.integers(0, 10**6), HASHES)),
        entered_by=draw(st.none() | IDS),
        claimed_by=draw(st.none() | IDS),
        commitments=draw(st.dictionaries(st.sampled_from(["note", "photo_1"]), HASHES, max_size=2)),
    )


def example() -> dict[str, Any]:
    batch = new_id()
    made = Opened(new_id(), "HM-1", new_id(), "惠明茶", "", "tea", "kg", "331127", plot=new_id())
    return Event(
        event_id=new_event_id(),
        type="TransformationEvent",
        step="dry",
        action=None,
        biz_step="transforming",
        disposition="in_progress",
        happened_at=datetime(2026, 4, 12, 6, 40, tzinfo=UTC),
        inputs=(Portion(batch, Decimal(38), uom="KGM"),),
        outputs=(Portion(made.batch, Decimal("8.2"), uom="KGM"), Portion(made.batch, Decimal(164), packs=True)),
        opened=(made,),
        record={"moisture": 5.1, "rows": [{"a": True}]},
        plot=made.plot,
        sender=new_id(),
        recipient=new_id(),
        shipment=new_event_id(),
        lifts=(new_event_id(),),
        basis={batch: "0" * 64},
        device=Device(3, "a" * 64),
        entered_by=new_id(),
        claimed_by=new_id(),
        commitments={"note": "b" * 64},
    ).document()


@given(event=events())
@settings(max_examples=150)
def test_what_is_written_is_read_again(event: Event) -> None:
    document = event.document()
    assert read_event(document) == event
    assert read_event({**load_statement(canonical(document)), "proof": {"type": "DataIntegrityProof"}}) == event


@given(document=st.dictionaries(st.sampled_from([*example(), "proof", "x"]), JSON))
@settings(max_examples=200)
def test_any_object_gives_an_event_or_a_refusal(document: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        read_event(document)


@given(data=st.data())
@settings(max_examples=400)
def test_any_change_gives_an_event_or_a_refusal(data: st.DataObject) -> None:
    document = example()
    place = data.draw(st.sampled_from([place for place in places(document) if place]))
    changed = replaced(document, place, data.draw(JSON))
    try:
        event = read_event(changed)
    except MalformedError:
        return
    again = event.document()
    for name in ("eventTime", "eventTimeZoneOffset"):
        again[name] = changed[name]
    assert canonical(again) == canonical(changed)


@pytest.mark.parametrize(
    "place",
    [
        (),
        ("inputQuantityList", 0),
        ("ilmd",),
        ("ilmd", "shangeng:batches", 0),
        ("readPoint",),
        ("sourceList", 0),
        ("destinationList", 0),
        ("bizTransactionList", 0),
        ("shangeng:device",),
        ("shangeng:basis",),
        ("shangeng:commitments",),
    ],
)
def test_a_member_that_nobody_reads_is_refused(place: Place) -> None:
    document = example()
    read_event(document)
    told = found(document, place)
    with pytest.raises(EventMalformed):
        read_event(replaced(document, place, {**told, "contact": "雷师傅 13857812345"}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "AggregationEvent"),
        ("@context", EPCIS_CONTEXT[0]),
        ("eventID", "urn:uuid:0190d8d0-4f9c-4c5e-8f43-000000000000"),
        ("eventTime", "2026-02-30T00:00:00+08:00"),
        ("eventTime", "2026-04-12T14:40:00"),
        ("eventTime", "0001-01-01T00:00:00+14:00"),
        ("eventTime", "20260412T144000+0800"),
        ("eventTime", "2026-04-12T14:40:00+99:00"),
        ("eventTimeZoneOffset", "+8"),
        ("eventTimeZoneOffset", ""),
        ("inputQuantityList", []),
        ("shangeng:step", "x" * 121),
        ("shangeng:step", ""),
        ("shangeng:basis", {}),
        ("shangeng:lifts", []),
        ("shangeng:commitments", {"note": "不是哈希"}),
        ("shangeng:commitments", {"雷师傅": "b" * 64}),
        ("shangeng:device", {"counter": True, "prev": "a" * 64}),
        ("shangeng:device", {"counter": -1, "prev": "a" * 64}),
        ("shangeng:enteredBy", "雷师傅"),
    ],
)
def test_values_that_cannot_be(name: str, value: Any) -> None:
    with pytest.raises(EventMalformed):
        read_event({**example(), name: value})


@pytest.mark.parametrize("amount", [-1, 10**9 + 1, 0.0000001, True, "8.2", None, [8]])
def test_amounts_that_cannot_be(amount: Any) -> None:
    with pytest.raises(EventMalformed):
        read_event(replaced(example(), ("outputQuantityList", 0, "quantity"), amount))


def test_too_many_batches() -> None:
    portion = example()["inputQuantityList"][0]
    with pytest.raises(EventMalformed):
        read_event({**example(), "inputQuantityList": [portion] * (MAX_PORTIONS + 1)})


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("2026-04-12T14:40:00+08:00", "+08:00"),
        ("2026-04-12T06:40:00Z", "+00:00"),
        ("2026-04-12T02:40:00.000-04:00", "-04:00"),
        ("2026-04-12T06:40:00.000999Z", "+08:00"),
    ],
)
def test_a_time_may_be_written_in_any_zone(text: str, offset: str) -> None:
    event = read_event({**example(), "eventTime": text, "eventTimeZoneOffset": offset})
    assert event.happened_at == datetime(2026, 4, 12, 14, 40, tzinfo=timezone(timedelta(hours=8)))


def test_a_document_survives_its_storage() -> None:
    document = example()
    assert read_event(load(canonical(document))) == read_event(document)
