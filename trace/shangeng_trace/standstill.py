"""Why nothing is written: the one place that says so, whatever the cause.

Whoever finds a cause says it here (an older database, a changed log, a full disk); the writer asks before it takes a
command and before each group, the publisher before it signs, the ledger before it appends. Reading never asks.
"""

import logging
from typing import ClassVar, Self

from shangeng_trace.errors import ConflictError, UnavailableError

_log = logging.getLogger(__name__)


class WritingStopped(UnavailableError):
    """Reading goes on, writing does not, until what is said here has been set right.

    Where `only_log` holds, the log alone takes nothing more: logins, cosignatures and signing heads go on.
    """

    code = "trace.writing_stopped"
    zh = "系统现在只能查看，不能保存。请稍后再试，或联系平台维护人员。"
    en = "Only reading is possible now; nothing can be saved. Please try again later, or tell the operator."

    only_log: ClassVar[bool] = False

    def again(self) -> Self:
        """Return the same error anew, to be raised in another thread."""
        return type(self)(field=self.field, **self.parts)


class LogFrozen(ConflictError, WritingStopped):
    """The log was ended for good by a last entry that says so."""

    code = "trace.log_frozen"
    zh = "这本账本已经封存（第 {index} 条），不能再记录。已有的记录仍可查看、核验和下载。"
    en = "This log was ended for good by its entry {index}: nothing more is recorded. What it holds can still be read, verified and downloaded."

    only_log = True


class Standstill:
    """Why one process does not write, if it does not. Several threads may use it; a cause is known by its class."""

    def __init__(self) -> None:
        self._causes: dict[type[WritingStopped], WritingStopped] = {}

    @property
    def cause(self) -> WritingStopped | None:
        """The first thing that keeps the log from growing, or None."""
        return next(iter(tuple(self._causes.values())), None)

    @property
    def of_everything(self) -> WritingStopped | None:
        """The first thing that keeps anything at all from being written, or None."""
        return next((each for each in tuple(self._causes.values()) if not each.only_log), None)

    def has(self, kind: type[WritingStopped]) -> bool:
        """Whether a cause of exactly this class stands."""
        return kind in self._causes

    def stop(self, cause: WritingStopped) -> None:
        """Write no more, because of this. The first cause of a class stays until `resume`."""
        if self._causes.setdefault(type(cause), cause) is cause:
            _log.log(logging.INFO if isinstance(cause, LogFrozen) else logging.ERROR, "writing has stopped: %s", cause)

    def resume(self, kind: type[WritingStopped]) -> None:
        """Say that a cause is gone; others may remain."""
        if self._causes.pop(kind, None) is not None:
            _log.warning("writing goes on: %s is over", kind.code)

    def must_write(self) -> None:
        """Raise the cause where nothing at all may be written."""
        if self._causes and (cause := self.of_everything) is not None:
            raise cause.again()

    def must_append(self) -> None:
        """Raise the cause where the log may not grow."""
        if self._causes and (cause := self.cause) is not None:
            raise cause.again()
