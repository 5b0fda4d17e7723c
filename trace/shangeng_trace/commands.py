"""The commands of one group: each undone alone where it fails, and those of one kind run together (design 4.3).

A command runs in a savepoint of its own, which costs more than a small command does. A `Joint` command refuses before
it writes, so that a refused one leaves nothing to undo: a run of them shares one savepoint, or none where it is the whole
group, and what all of them will ask is asked once. Should one fail after it has written, the whole run is undone, and
each is run alone.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, Protocol, Self, TypeVar, cast

from sqlalchemy.exc import DatabaseError, InterfaceError, InternalError, OperationalError
from sqlmodel import Session

from shangeng_trace.errors import ShangengError
from shangeng_trace.ledger import Group
from shangeng_trace.pending import drop_pending, settle
from shangeng_trace.sight import forget_sight
from shangeng_trace.storage import cause_of

T = TypeVar("T")
Command = Callable[[Session], T]

Outcome = tuple[Any, Exception | None]
"""What a command returned, or what it raised."""

_STORAGE = (OperationalError, InterfaceError, InternalError)
"""These fail the whole group: nobody knows what the database holds of it."""


class RunSpoiledError(Exception):
    """A joint command failed after it had written, with no savepoint before it: begin the group again, each alone."""


class Joint(Protocol):
    """A command that may be run with others of its class: it writes nothing before its last chance to refuse."""

    def __call__(self, session: Session, /) -> object:
        """Do it."""

    @classmethod
    def look_ahead(cls, session: Session, commands: Sequence[Self], /) -> None:
        """See at once what all of these will ask for."""


def run_commands(
    session: Session, group: Group, commands: Iterable[Command[Any]], *, together: bool = True
) -> list[Outcome]:
    """Run them in order; a refusal or a bug undoes its command alone, a storage error is raised.

    Raises `RunSpoiledError` where nothing but the whole transaction can be undone; not if they are not run `together`.
    """
    runs = [(kind, list(run)) for kind, run in groupby(commands, type)]
    outcomes: list[Outcome] = []
    for kind, run in runs:
        if not together or not hasattr(kind, "look_ahead"):
            outcomes += [_alone(session, group, command) for command in run]
        elif len(runs) == 1:
            outcomes = _as_the_whole_group(session, group, cast("list[Joint]", run))
        else:
            outcomes += _together(session, group, cast("list[Joint]", run))
    return outcomes


def _as_the_whole_group(session: Session, group: Group, commands: Sequence[Joint]) -> list[Outcome]:
    try:
        return _run(session, group, commands)
    except _STORAGE:
        raise
    except Exception as error:
        raise RunSpoiledError from error


def _run(session: Session, group: Group, commands: Sequence[Joint]) -> list[Outcome]:
    type(commands[0]).look_ahead(session, commands)
    outcomes = [_lightly(session, group, command) for command in commands]
    settle(session)
    session.flush()
    return outcomes


def _together(session: Session, group: Group, commands: Sequence[Joint]) -> list[Outcome]:
    mark = group.mark()
    try:
        with session.begin_nested():
            outcomes = _run(session, group, commands)
    except _STORAGE:
        raise
    except Exception:  # noqa: BLE001 - the one that it belongs to meets it again, alone
        _undo(session, group, mark)
        return [_alone(session, group, command) for command in commands]
    return outcomes


def _lightly(session: Session, group: Group, command: Joint) -> Outcome:
    mark = group.mark()
    try:
        return command(session), None
    except ShangengError as error:
        if group.mark() != mark:
            raise
        return None, error


def _alone(session: Session, group: Group, command: Command[Any]) -> Outcome:
    mark = group.mark()
    try:
        with session.begin_nested():
            result = command(session)
            settle(session)
    except _STORAGE:
        raise
    except Exception as error:
        if isinstance(error, DatabaseError) and cause_of(error) is not None:  # a garbled file, for one
            raise
        _undo(session, group, mark)
        return None, error
    return result, None


def _undo(session: Session, group: Group, mark: tuple[int, int, int]) -> None:
    """Forget in memory what the savepoint has undone in the tables."""
    group.rollback(mark)
    drop_pending(session)
    forget_sight(session)
