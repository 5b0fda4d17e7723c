"""Where a log is read from: its address, or a folder it was exported to. Nothing here believes what comes back."""

from pathlib import Path
from typing import Protocol

from shangeng_trace.errors import UnavailableError
from shangeng_trace.monitor.objects import largest, narrowed
from shangeng_trace.tiles import WIDTH, TilePath

LARGEST_CHECKPOINT = 1 << 16
CHECKPOINT = "checkpoint"
UNWITNESSED = "checkpoint.unwitnessed"
"""The newest head that the log has signed, under a name of this product's: what its witnesses may have refused."""


class LogUnreachable(UnavailableError):
    """The log could not be looked at."""

    code = "monitor.log_unreachable"
    zh = "看不到账本：{reason}"
    en = "The log cannot be looked at: {reason}"


class Source(Protocol):
    """Whoever serves a log's objects by their paths below its prefix."""

    @property
    def name(self) -> str:
        """Where that is, for evidence and people."""
        ...

    def fetch(self, path: str, largest: int) -> bytes | None:
        """Return an object, at most one octet more than `largest` of it; None where there is none.

        Raises:
            UnavailableError: it could not be asked for.
        """
        ...


class Folder:
    """A log as files, as `shangeng log export` writes them."""

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._folder = folder

    def fetch(self, path: str, largest: int) -> bytes | None:
        """Read a file of the export."""
        try:
            with (self._folder / path).open("rb") as file:
                return file.read(largest + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise LogUnreachable(reason=error.strerror) from error


def fetch_object(source: Source, path: TilePath) -> bytes | None:
    """Return a tile or bundle; a partial one that has gone is cut from the full one (C2SP tlog-tiles)."""
    found = source.fetch(str(path), largest(path))
    if found is not None or path.width == WIDTH:
        return found
    full = TilePath(path.level, path.number)
    found = source.fetch(str(full), largest(full))
    return None if found is None else narrowed(found, path)
