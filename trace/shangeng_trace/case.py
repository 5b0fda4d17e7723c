"""What the rules look at when they decide on one event."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from shangeng_trace.batch_tables import Batch, LedgerKey
from shangeng_trace.events import Event, Opened, Portion
from shangeng_trace.steps import Step


class Case(Struct, frozen=True):
    """Everything a rule looks at: the event, its step, who signed it, and the batches it names that exist."""

    event: Event
    step: Step
    category: str
    author: LedgerKey
    batches: Mapping[str, Batch]
    opened: Mapping[str, Opened]
    moment: datetime

    def portions(self) -> tuple[Portion, ...]:
        """Return every portion the event names."""
        return (*self.event.subjects, *self.event.inputs, *self.event.outputs)

    def unit(self, batch_id: str) -> str:
        """Return the unit of a batch's bulk, whether it exists or is opened here."""
        return self.batches[batch_id].unit if batch_id in self.batches else self.opened[batch_id].unit
