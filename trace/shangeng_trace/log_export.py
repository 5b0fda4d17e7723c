"""The log as plain files that any file server or CDN can serve unchanged (C2SP tlog-tiles).

Objects are written whole or not at all, and the checkpoint last: a reader of a half-finished export sees the log as
it was at the export before. Running it again continues where it stopped and rewrites nothing.
"""

from collections.abc import Callable
from pathlib import Path

from sqlmodel import Session

from shangeng_trace.checkpoint import Checkpoint, parse_checkpoint
from shangeng_trace.durable import write_whole
from shangeng_trace.errors import ConflictError, NotFoundError
from shangeng_trace.head_clock import dated_note
from shangeng_trace.log_objects import objects, read_object
from shangeng_trace.note import split_note
from shangeng_trace.witnessing import published_checkpoint, stored_root

NAME = "checkpoint"


class NothingToExport(NotFoundError):
    """The log has no checkpoint yet."""

    code = "trace.nothing_to_export"
    zh = "日志还没有检查点，没有可导出的。"
    en = "The log has no checkpoint yet; there is nothing to export."


class ExportKnowsMore(ConflictError):
    """The folder holds a larger or another log: this database was rolled back, or the folder is another log's."""

    code = "trace.export_knows_more"
    zh = (
        "导出目录里的日志（{theirs} 条）与数据库（{ours} 条）对不上。数据库可能是从旧备份恢复的：先核对，不要继续写入。"
    )
    en = "The export ({theirs} entries) does not fit the database ({ours} entries). The database may come from an old backup: find out before anything more is written."


class ExportDiffers(ConflictError):
    """A file of the export is not what the database says."""

    code = "trace.export_differs"
    zh = "导出目录里的 {path} 与数据库不一致，已停止导出。"
    en = "{path} in the export differs from the database; the export has stopped."


def export_log(
    session: Session,
    folder: Path,
    *,
    witnessed: bool = False,
    progress: Callable[[str], object] = lambda _path: None,
) -> int:
    """Write what `folder` lacks of the published log and return its size; see `published_checkpoint`.

    Raises `NothingToExport`, or `ExportKnowsMore` where the folder's checkpoint is of another log, or of a tree that
    this one does not continue: what was published stays there as it was, and is what shows that it was rewritten.
    """
    newest = published_checkpoint(session, witnessed=witnessed)
    if newest is None:
        raise NothingToExport
    done = exported(folder)
    origin = newest.note.split("\n", 1)[0]
    if done is not None and (
        done.origin != origin or done.size > newest.size or stored_root(session, done.size) != done.root
    ):
        raise ExportKnowsMore(theirs=done.size, ours=newest.size)
    for path in objects(done.size if done else 0, newest.size):
        _keep(folder / str(path), read_object(session, path))
        progress(str(path))
    write_whole(folder / NAME, (newest.note if witnessed else dated_note(session, newest)).encode())
    return newest.size


def exported(folder: Path) -> Checkpoint | None:
    """Return the checkpoint of an export, unverified, or None where there is none."""
    try:
        note = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return None
    return parse_checkpoint(split_note(note)[0])


def _keep(path: Path, data: bytes) -> None:
    """Write an object unless it is there already: what was published is never rewritten, and never differs."""
    if not path.exists():
        write_whole(path, data)
    elif path.read_bytes() != data:
        raise ExportDiffers(path=path)
