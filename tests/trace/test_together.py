"""Signed events recorded together come out as they would one after the other, whoever stands between them."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlmodel import Session, col, select

from shangeng_trace.batch_tables import Batch, EventBatch, EventRecord, Lineage, Restriction
from shangeng_trace.entry import Receipt
from shangeng_trace.errors import RejectedError, ShangengError
from shangeng_trace.events import Event, Portion
from shangeng_trace.ids import new_id
from shangeng_trace.ledger import append
from shangeng_trace.recording import Recording
from shangeng_trace.registry import get_product
from shangeng_trace.rules import facts
from shangeng_trace.signed_events import SignedEvent
from shangeng_trace.statements import Signer
from tests.trace.desk import Desk
from tests.trace.test_external_events import about, phone, signed
from tests.trace.test_ledger import assert_whole, put

Command = Callable[[Session], Any]
Act = tuple[str, int]

ACTS = st.tuples(
    st.sampled_from(["store", "loss", "hold", "release", "split", "again", "taken", "stray", "wrong", "verb", "bug"]),
    st.integers(0, 4),
)


class NoThanksError(RejectedError):
    """What a rule might raise."""


class World:
    """A batch of ten kilograms, and commands about it and what becomes of it, made from acts."""

    def __init__(self, desk: Desk, signer: Signer) -> None:
        self.desk, self.signer = desk, signer
        self.batches = [desk.made("10")]
        self.told: list[SignedEvent] = []
        self.held: list[str] = []

    def command(self, act: Act) -> Command:  # noqa: PLR0911 - one answer per act
        kind, n = act
        batch = self.batches[n % len(self.batches)]
        match kind:
            case "store" | "wrong":
                record = {"store_place": f"{n} 号库"} if kind == "store" else {"store_place": n}
                return self._record(about(self.desk, batch, "store", record))
            case "loss":
                lost = Portion(batch, Decimal(n + 1), uom="KGM")
                return self._record(replace(about(self.desk, batch, "loss", {"cause": "spoiled"}), subjects=(lost,)))
            case "hold":
                held = about(self.desk, batch, "hold", {"reason": "抽检"})
                self.held.append(held.event_id)
                return self._record(held)
            case "release":
                lifted = tuple(self.held[n : n + 1])
                return self._record(replace(about(self.desk, batch, "release", {"reason": "合格"}), lifts=lifted))
            case "split":
                return self._record(self._split(batch, Decimal(n) / 2))
            case "again" if self.told:
                return Recording(self.desk.office, self.told[n % len(self.told)])
            case "taken" if self.told:
                other = about(self.desk, batch, "store", {"store_place": "别处"})
                return self._record(replace(other, event_id=self.told[n % len(self.told)].event.event_id))
            case "stray":
                return self._record(about(self.desk, new_id(), "store", {"store_place": "库"}))
            case "bug":
                return self._breaks
            case _:
                return lambda session: put(session, f"{self.batches[0]} {n}", f"batch:{batch}", f"batch:{new_id()}")

    def _split(self, batch: str, half: Decimal) -> Event:
        desk = self.desk
        made = [
            desk.read(lambda s: facts(s, get_product(s, desk.product), batch=new_id(), lot=desk.lot(), plot_id=None))
            for _ in range(2)
        ]
        self.batches += [each.batch for each in made]
        return replace(
            about(self.desk, batch, "split", {}),
            subjects=(),
            inputs=(Portion(batch, half * 2, uom="KGM"),),
            outputs=tuple(Portion(each.batch, half, uom="KGM") for each in made),
            opened=tuple(made),
        )

    def _record(self, event: Event) -> Recording:
        sealed = SignedEvent.read(signed(event, self.signer))
        self.told.append(sealed)
        return Recording(self.desk.office, sealed)

    def _breaks(self, session: Session) -> None:
        put(session, f"broken {self.batches[0]}", f"batch:{self.batches[0]}")
        session.exec(select(EventRecord.index).limit(1)).all()
        raise NoThanksError

    def state(self) -> Any:
        """Return all that the tables say of the batches, by their place in this world."""
        return self.desk.read(self._state)

    def _state(self, session: Session) -> Any:
        place = {batch: n for n, batch in enumerate(self.batches)}
        ours = {told.event.event_id: n for n, told in enumerate(self.told)}
        rows = session.exec(select(Batch).where(col(Batch.id).in_(place))).all()
        assert all(row.bulk >= 0 for row in rows)
        parts = session.exec(
            select(EventBatch, EventRecord)
            .join(EventRecord, col(EventRecord.index) == col(EventBatch.index))
            .where(col(EventBatch.batch_id).in_(place))
        ).all()
        holds = session.exec(select(Restriction).where(col(Restriction.batch_id).in_(place))).all()
        family = session.exec(select(Lineage).where(col(Lineage.parent).in_(place))).all()
        return (
            sorted((place[row.id], row.bulk, row.closed, row.last_step) for row in rows),
            [
                (event.step, ours.get(event.event_id), place[part.batch_id], part.part, part.amount)
                for part, event in sorted(parts, key=lambda row: (row[1].index, row[0].part, place[row[0].batch_id]))
            ],
            sorted((place[row.batch_id], ours.get(row.event_id), row.lifted_by is not None) for row in holds),
            sorted((place[row.parent], place[row.child]) for row in family),
        )


def said(outcome: Any) -> Any:
    """Return what an outcome says, but for what was drawn."""
    if isinstance(outcome, ShangengError):
        return type(outcome), outcome.field
    assert isinstance(outcome, Receipt), outcome
    return outcome.repeated, [link.seq for link in outcome.links]


def _alone(command: Command, session: Session) -> Any:
    return command(session)


def one_by_one(desk: Desk, commands: Sequence[Command]) -> list[Any]:
    outcomes: list[Any] = []
    for command in commands:
        try:
            outcomes.append(desk.writer.run(partial(_alone, command)))
        except ShangengError as error:
            outcomes.append(error)
    return outcomes


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(acts=st.lists(ACTS, min_size=1, max_size=12))
def test_together_is_as_one_by_one(desk: Desk, acts: list[Act]) -> None:
    signer = _signer(desk)
    here, there = World(desk, signer), World(desk, signer)
    together = desk.writer.submit_all([here.command(act) for act in acts]).result(30)
    apart = one_by_one(desk, [there.command(act) for act in acts])
    assert [said(each) for each in together] == [said(each) for each in apart]
    assert here.state() == there.state()


_signers: dict[int, Signer] = {}


def _signer(desk: Desk) -> Signer:
    if id(desk) not in _signers:
        _signers[id(desk)] = phone(desk)
    return _signers[id(desk)]


def test_one_that_fails_after_it_wrote_takes_nobody_with_it(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug between append and projection: the run is undone, and everyone else is recorded all the same."""
    world = World(own_desk, phone(own_desk))
    commands = [world.command(("store", n)) for n in range(4)]
    unlucky = world.told[2].digest

    def failing(session: Session, *args: Any, digest: str, **kwargs: Any) -> Receipt:
        receipt = append(session, *args, digest=digest, **kwargs)
        if digest == unlucky:
            raise NoThanksError
        return receipt

    monkeypatch.setattr("shangeng_trace.recording.append", failing)
    outcomes = own_desk.writer.submit_all(commands).result(30)
    assert [said(each) for each in outcomes] == [(False, [1]), (False, [2]), (NoThanksError, None), (False, [3])]
    assert [event[1] for event in world.state()[1]] == [None, 0, 1, 3]
    assert_whole(own_desk)


def test_a_hundred_events_ask_as_often_as_two(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(own_desk, phone(own_desk))
    asked: list[int] = []

    def counting(execute: Callable[..., None]) -> Callable[..., None]:
        def counted(*given: Any) -> None:
            asked[-1] += 1
            execute(*given)

        return counted

    dialect = own_desk.database.engine.dialect
    for name in ("do_execute", "do_executemany", "do_execute_no_params"):
        monkeypatch.setattr(dialect, name, counting(getattr(dialect, name)))
    for size in (2, 100):
        commands = [world.command(("store", n)) for n in range(size)]
        asked.append(0)
        own_desk.writer.submit_all(commands).result(30)
        asked.append(0)  # the checkpoint that follows is counted apart
    assert asked[2] - asked[0] <= 2, "COPY and the tiles may differ"
