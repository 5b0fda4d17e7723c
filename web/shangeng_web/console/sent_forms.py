"""A form counts once: pressed twice, or sent again over a bad line, it leads to what it made the first time."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from sqlmodel import Session, col, delete

from shangeng_web.console.tables import SentForm

_KEPT = timedelta(days=7)


def form_key(person_id: str, path: str, values: Mapping[str, list[str]]) -> str:
    """Return what makes two forms the same: who sent it, where to, and everything in it.

    Among the values is the identifier that the form was shown with, so that somebody may well enter the same thing
    again, on a fresh form. What was changed after going back in the browser is another form.
    """
    said = {name: value for name, value in values.items() if name != "csrf"}
    return sha256(json.dumps([person_id, path, said], sort_keys=True).encode()).hexdigest()


def once(session: Session, *, key: str, moment: datetime, command: Callable[[Session], str]) -> tuple[str, bool]:
    """Run a command that returns the page it leads to, unless this form was carried out before.

    Return the page, and whether it was known already. Raises what the command raises.
    """
    if (before := session.get(SentForm, key)) is not None:
        return before.place, True
    place = command(session)
    session.exec(delete(SentForm).where(col(SentForm.sent_at) < moment - _KEPT))
    session.add(SentForm(id=key, place=place, sent_at=moment))
    session.flush()
    return place, False
