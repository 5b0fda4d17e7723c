"""The plainest event there is, for tests that need one to sign: somebody saw a batch in store."""

from datetime import datetime
from typing import Any

from shangeng_trace.events import Event, Portion
from shangeng_trace.ids import new_event_id


def in_store(batch: str, moment: datetime, record: dict[str, Any] | None = None) -> Event:
    """Return an observation that moves nothing, under an identifier of its own."""
    return Event(
        event_id=new_event_id(),
        type="ObjectEvent",
        step="store",
        action="OBSERVE",
        biz_step="storing",
        disposition="in_progress",
        happened_at=moment,
        subjects=(Portion(batch),),
        record=record or {},
    )
