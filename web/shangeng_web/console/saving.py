"""Writing what a form said: one event however often the form is sent."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session, select
from starlette.responses import RedirectResponse

from shangeng_trace.acting import Actor
from shangeng_trace.batch_tables import EventBatch, EventRecord, Part
from shangeng_trace.entry import Receipt
from shangeng_trace.recording import EventIdTaken
from shangeng_web.console.desk import PRIVATE
from shangeng_web.platform import Platform


@dataclass(frozen=True, slots=True)
class Saved:
    """An event in the ledger, and the batches it is about or made; `again` where it was there before."""

    event_id: str
    batches: tuple[str, ...]
    again: bool

    def redirect(self, batch_id: str | None = None) -> RedirectResponse:
        """Lead to the batch, where a notice says what was recorded."""
        again = "&again=1" if self.again else ""
        target = batch_id or self.batches[0]
        return RedirectResponse(f"/console/batches/{target}?saved={self.event_id}{again}", 303, headers=PRIVATE)


async def save(platform: Platform, actor: Actor, event_id: str, verb: Callable[[Session], Receipt]) -> Saved:
    """Run a verb in the writer; the same form sent again gives what it gave the first time.

    Raises what the verb refuses, and `EventIdTaken` for an identifier that another organisation has used.
    """

    def command(session: Session) -> Saved:
        if (known := recorded(session, actor, event_id)) is not None:
            return known
        receipt = verb(session)
        return Saved(event_id, _made(session, receipt.index), receipt.repeated)

    return await platform.write(command)


def recorded(session: Session, actor: Actor, event_id: str) -> Saved | None:
    """Return what an event gave when it was recorded, or None where it was not.

    A form asks before it looks at its values: what was right the first time need not be right any more. Raises
    `EventIdTaken` for an identifier that another organisation has used.
    """
    known = session.exec(select(EventRecord).where(EventRecord.event_id == event_id)).one_or_none()
    if known is None:
        return None
    if known.author != actor.organisation_id:
        raise EventIdTaken
    return Saved(event_id, _made(session, known.index), again=True)


def _made(session: Session, index: int) -> tuple[str, ...]:
    rows = session.exec(select(EventBatch).where(EventBatch.index == index)).all()
    return tuple(sorted({row.batch_id for row in rows if row.part is not Part.INPUT}))
