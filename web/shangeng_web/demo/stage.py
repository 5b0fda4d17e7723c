"""The stage on which stories play: one transaction of the writer, the cast, and hands that act for people in it."""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from shangeng_labels import runs
from shangeng_trace import batches
from shangeng_trace.acting import Actor, Office
from shangeng_trace.attachments import Picture
from shangeng_trace.batches import Part, Take
from shangeng_trace.ledger import group_of
from shangeng_trace.recording import Telling
from shangeng_web.demo.calendar import Calendar, SeasonClock
from shangeng_web.demo.cast import Cast

Values = Mapping[str, object]

LABEL_TEMPLATE = "a4-63x38"

TYPING_MINUTES = 14
"""How long after something happened it is usually logged."""


@dataclass(frozen=True)
class Stage:
    """What stories need; `office.clock` is `clock`."""

    session: Session
    office: Office
    clock: SeasonClock
    calendar: Calendar
    cast: Cast
    pictures: Mapping[str, Picture]

    def hand(self, username: str) -> "Hand":
        """Return the hand of a person of the cast."""
        return Hand(self, self.cast.actors[username])

    def organisation(self, key: str) -> str:
        """Return an organisation's id."""
        return self.cast.organisations[key].id

    def product(self, key: str) -> str:
        """Return a product's id."""
        return self.cast.products[key].id

    def plot(self, key: str) -> str:
        """Return a plot's id."""
        return self.cast.plots[key].id


@dataclass(frozen=True)
class Hand:
    """A person at work: the verbs of batches with the words of the cast.

    Every verb takes how many minutes `ago` it happened, the `photos` taken, and for whom of their own organisation a
    clerk writes (`told_by`). Amounts are in the batch's own unit.
    """

    stage: Stage
    actor: Actor

    def open(
        self,
        step: str,
        product: str,
        lot: str,
        values: Values,
        *,
        plot: str = "",
        amount: str = "",
        ago: int = TYPING_MINUTES,
        photos: Sequence[str] = (),
        told_by: str = "",
    ) -> str:
        """Begin a batch; return its id."""
        stage = self.stage
        batch_id, _ = batches.open_batch(
            stage.session,
            stage.office,
            self.actor,
            product_id=stage.product(product),
            lot=lot,
            step=step,
            values=values,
            plot_id=stage.plot(plot) if plot else None,
            take=Take(amount) if amount else None,
            telling=self._telling(ago, photos, told_by),
        )
        return batch_id

    def step(
        self,
        batch_id: str,
        step: str,
        values: Values,
        *,
        amount: str = "",
        packs: str = "",
        ago: int = TYPING_MINUTES,
        photos: Sequence[str] = (),
        told_by: str = "",
    ) -> str:
        """Record a step on a batch; return the event's id."""
        telling = self._telling(ago, photos, told_by)
        batches.record_step(
            self.stage.session,
            self.stage.office,
            self.actor,
            batch_id=batch_id,
            step=step,
            values=values,
            take=_take(amount, packs),
            telling=telling,
        )
        return telling.event_id or ""

    def make(
        self,
        step: str,
        inputs: Mapping[str, str],
        *,
        product: str,
        lot: str,
        amount: str,
        values: Values,
        ago: int = TYPING_MINUTES,
        photos: Sequence[str] = (),
    ) -> str:
        """Make one batch out of amounts of several; return its id."""
        made, _ = batches.process(
            self.stage.session,
            self.stage.office,
            self.actor,
            step=step,
            inputs={batch_id: Take(taken) for batch_id, taken in inputs.items()},
            product_id=self.stage.product(product),
            parts=[Part(lot, Take(amount))],
            values=values,
            telling=self._telling(ago, photos),
        )
        return made[0]

    def split(self, batch_id: str, parts: Mapping[str, str], why: str) -> tuple[str, ...]:
        """Divide a batch into lots with their amounts; return their ids."""
        made, _ = batches.split(
            self.stage.session,
            self.stage.office,
            self.actor,
            batch_id=batch_id,
            parts=[Part(lot, Take(amount)) for lot, amount in parts.items()],
            values={"why": why},
            telling=self._telling(TYPING_MINUTES),
        )
        return made

    def pack(
        self, batch_id: str, packs: int, values: Values, *, ago: int = TYPING_MINUTES, photos: Sequence[str] = ()
    ) -> None:
        """Pack as many units; all the bulk there is goes in or is left as dust."""
        batches.pack(
            self.stage.session,
            self.stage.office,
            self.actor,
            batch_id=batch_id,
            packs=packs,
            values=values,
            telling=self._telling(ago, photos),
        )

    def ship(
        self,
        batch_id: str,
        to: str,
        values: Values,
        *,
        amount: str = "",
        packs: str = "",
        ago: int = TYPING_MINUTES,
        photos: Sequence[str] = (),
    ) -> str:
        """Send some of a batch to a member; return the shipment's id."""
        telling = self._telling(ago, photos)
        take = _take(amount, packs)
        assert take is not None
        batches.ship(
            self.stage.session,
            self.stage.office,
            self.actor,
            batch_id=batch_id,
            recipient_id=self.stage.organisation(to),
            take=take,
            values=values,
            telling=telling,
        )
        return telling.event_id or ""

    def receive(self, shipment: str, lot: str, values: Values, *, photos: Sequence[str] = ()) -> str:
        """Take a shipment in; return the id of the batch it becomes."""
        batch_id, _ = batches.receive(
            self.stage.session,
            self.stage.office,
            self.actor,
            shipment_id=shipment,
            lot=lot,
            values=values,
            telling=self._telling(TYPING_MINUTES, photos),
        )
        return batch_id

    def label(self, batch_id: str, count: int, *, activate: bool = True) -> str:
        """Issue labels for a packed batch; return the run's id."""
        stage = self.stage
        run = runs.issue_run(
            stage.session,
            stage.office,
            self.actor,
            batch_id=batch_id,
            count=count,
            template=LABEL_TEMPLATE,
            activate=activate,
        )
        return run.id

    def void(self, run_id: str, number: int, reason: str) -> None:
        """Make one label of a run void."""
        stage = self.stage
        runs.void_codes(stage.session, stage.office, self.actor, run_id=run_id, numbers=[number], reason=reason)

    def _telling(self, ago: int, photos: Sequence[str] = (), told_by: str = "") -> Telling:
        clock = self.stage.clock
        return Telling(
            at=clock() - timedelta(minutes=ago),
            claimed_by=self.stage.cast.actors[told_by].person_id if told_by else None,
            pictures=[self.stage.pictures[name] for name in photos],
            event_id=_event_id(clock),
        )


def turn_to(stage: Stage, moment: datetime) -> None:
    """Let it be a later moment: on the stage's clock, and in the entries that the open transaction appends next."""
    stage.clock.moment = moment
    group = group_of(stage.session)
    # As in the ledger itself, time never runs backwards; a ledger founded today logs everything today.
    group.time = max(group.time, moment)


def _take(amount: str, packs: str) -> Take | None:
    if packs:
        return Take(packs, packs=True)
    return Take(amount) if amount else None


def _event_id(clock: SeasonClock) -> str:
    """Return a fresh `urn:uuid:` version 7 of the story's time, not of the day on which the story is played."""
    milliseconds = int(clock().timestamp() * 1000)
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return f"urn:uuid:{uuid.UUID(int=value)}"
