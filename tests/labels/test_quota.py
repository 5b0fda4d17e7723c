from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from shangeng_labels.lookup import codes_of, quota, runs_of
from shangeng_labels.run_refusals import GateClosed, LabelsAreOut, LabelVoidAlready, QuotaExceeded
from shangeng_labels.runs import void_codes
from shangeng_labels.void_reasons import VOID_REASONS
from shangeng_trace.batches import Take, pack, record_step
from shangeng_trace.db import Database
from shangeng_trace.ids import new_event_id
from shangeng_trace.recording import Telling
from tests.labels.cast import PACKING, World

DOINGS = st.lists(
    st.one_of(
        st.tuples(st.just("pack"), st.integers(1, 12)),
        st.tuples(st.just("issue"), st.integers(1, 12)),
        st.tuples(st.just("void"), st.integers(1, 12)),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all examples, each with a batch of its own; arithmetic is the same on every engine."""
    world = World(Database(f"sqlite:///{tmp_path_factory.mktemp('quota') / 'shangeng.db'}"))
    world.allow()
    yield world
    world.close()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(doings=DOINGS)
def test_labels_that_are_not_void_never_outnumber_packs(workshop: World, doings: list[tuple[str, int]]) -> None:
    batch = workshop.dried(f"L{workshop.entries()}")
    packed, issued, voided = 0, 0, 0
    for doing, number in doings:
        if doing == "pack":
            take = Take(f"{number * 50}", "g")
            workshop.do(pack, "tea", batch_id=batch, packs=number, values=PACKING, take=take)
            packed += number
        elif doing == "issue":
            if number <= packed - (issued - voided):
                workshop.issue(batch, number)
                issued += number
            else:
                event("refused")
                with pytest.raises(QuotaExceeded if packed else GateClosed):
                    workshop.issue(batch, number)
        else:
            voided += void_one(workshop, batch, number)
        have = workshop.ask(quota, batch)
        assert (have.packed, have.issued, have.voided) == (packed, issued, voided)
        assert have.left == packed - issued + voided >= 0
    valid = sum(len(workshop.ask(codes_of, run.id)) for run in workshop.ask(runs_of, batch))
    assert valid == issued - voided <= packed


def void_one(world: World, batch: str, number: int) -> int:
    """Make one label of the newest run void, or find that it is; return how many were made void."""
    for run in world.ask(runs_of, batch)[:1]:
        if number <= run.count:
            try:
                world.do(void_codes, "tea", run_id=run.id, numbers=[number], reason="damaged")
            except LabelVoidAlready:
                event("void already")
            else:
                return 1
    return 0


def test_a_corrected_packing_keeps_a_pack_for_every_label(workshop: World) -> None:
    batch, packing = workshop.dried(f"L{workshop.entries()}"), new_event_id()
    told = Telling(event_id=packing)
    workshop.do(pack, "tea", batch_id=batch, packs=164, values=PACKING, take=Take("8.2"), telling=told)
    run = workshop.issue(batch, 100)

    def correct(take: Take | None) -> None:
        error = "incorrect_data" if take else "did_not_occur"
        values = {"event": packing, "error": error, "reason": "数错了"}
        workshop.do(record_step, "tea", batch_id=batch, step="correct", values=values, take=take)

    for too_few in (Take("99", packs=True), None):
        with pytest.raises(LabelsAreOut):
            correct(too_few)
    assert workshop.ask(quota, batch).packed == 164
    correct(Take("100", packs=True))
    assert workshop.ask(quota, batch).left == 0
    reason = next(iter(VOID_REASONS))
    workshop.do(void_codes, "tea", run_id=run.id, numbers=list(range(1, 101)), reason=reason)
    correct(None)
    assert workshop.ask(quota, batch).left == 0
