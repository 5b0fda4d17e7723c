"""Restoring a backup into an empty database, on either engine, whichever it was made on.

A restored database is an older one: witnesses and the exported files may know more, and then nothing may be signed
(`shangeng_web.rollback`). Whoever restores is told so at once.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from shangeng_trace.attachments import restore_attachment
from shangeng_trace.backup_file import Backup, Manifest
from shangeng_trace.backup_rows import load, tables_of
from shangeng_trace.db import Database
from shangeng_trace.durable import write_whole
from shangeng_trace.errors import ConflictError, MalformedError, UnavailableError
from shangeng_trace.flaws import Flaw
from shangeng_trace.keyring import Keyring
from shangeng_trace.log_keys import every_vkey
from shangeng_trace.log_tables import LedgerState
from shangeng_trace.master_keys import MasterKeys
from shangeng_trace.one_server import sole_server
from shangeng_trace.witnessing import RolledBack
from shangeng_web.auditing import audit
from shangeng_web.backing_up import Progress
from shangeng_web.migrations import alembic_config, take_turn
from shangeng_web.platform import master_key_file, master_keys
from shangeng_web.rollback import must_not_be_rolled_back, read_policy
from shangeng_web.settings import Settings


class BackupUnreadable(MalformedError):
    """There is no such file, or it may not be read."""

    code = "web.backup_unreadable"
    zh = "读不了备份文件 {what}。"
    en = "Cannot read the backup {what}."


class TargetNotEmpty(ConflictError):
    """There is something where the backup was to be restored."""

    code = "web.target_not_empty"
    zh = "{url} 里已经有数据。恢复只写入空的数据库：请换一个数据目录或数据库，旧的留着备查。"
    en = "{url} is not empty. A backup is restored into an empty database only: choose another folder or database, and keep the old one as evidence."


class OtherLog(ConflictError):
    """The backup is another log's."""

    code = "web.backup_of_other_log"
    zh = "备份属于日志“{stored}”，设置里是“{configured}”。"
    en = "The backup holds the log “{stored}”, but the settings say “{configured}”."


class BackupTooNew(ConflictError):
    """The backup was made by a later version."""

    code = "web.backup_too_new"
    zh = "备份是较新的版本（{software}，数据库结构 {schema}）做的，请用那个版本或更新的版本恢复。"
    en = "The backup was made by a later version ({software}, schema {schema}). Restore it with that version or a later one."


class NotRestored(UnavailableError):
    """The database refused the rows; it is empty as before."""

    code = "web.not_restored"
    zh = "数据库没有接受备份的内容，什么也没有写入：{reason}"
    en = "The database did not take what the backup holds, and nothing was written: {reason}"


@dataclass(frozen=True, slots=True)
class Restored:
    """How it went: what the backup says of itself, what an audit finds, and who outside knows more."""

    manifest: Manifest
    flaws: list[Flaw]
    behind: RolledBack | None


def restore(settings: Settings, source: Path, *, progress: Progress = lambda _: None) -> Restored:
    """Restore a backup into an empty database, audit it, and ask who is outside whether they know more.

    All rows are written in one transaction. What is wrong with the backup, the target or the master key is raised
    before anything is written.
    """
    try:
        file = source.open("rb")
    except OSError as error:
        raise BackupUnreadable(what=f"{source} ({error.strerror})") from error
    with file, sole_server(settings.database_url):
        backup = Backup(file)
        backup.check()
        _must_fit(backup.manifest, settings)
        database = Database(settings.database_url)
        try:
            _must_be_empty(database)
            keyring = Keyring(_keys_of(settings, backup), host=settings.hostname)
            for name in backup.manifest.media:
                restore_attachment(settings.media_dir, name, backup.photo(name))
            progress("media")
            _load(database, backup, progress)
            flaws = asyncio.run(_audit(settings, keyring))
            return Restored(backup.manifest, flaws, _known_outside(database, settings))
        finally:
            database.engine.dispose()


def _load(database: Database, backup: Backup, progress: Progress) -> None:
    """Make the tables as the backup knows them, fill them, and bring them to this version: all of it, or nothing."""
    parts = backup.manifest.tables
    try:
        with database.engine.begin() as connection:
            take_turn(connection)
            command.upgrade(alembic_config(connection), backup.manifest.schema)
            for table in tables_of(connection):
                load(connection, table, parts[table.name].columns, backup.rows(table.name))
                progress(table.name)
            command.upgrade(alembic_config(connection), "head")
    except (DBAPIError, KeyError, ValueError) as error:
        raise NotRestored(reason=str(error).split("\n", 1)[0]) from error


async def _audit(settings: Settings, keyring: Keyring) -> list[Flaw]:
    database = Database(settings.database_url)
    try:
        async with database.read() as session:
            return await session.run_sync(_flaws, settings, keyring)
    finally:
        await database.dispose()


def _flaws(session: Session, settings: Settings, keyring: Keyring) -> list[Flaw]:
    """Audit; that the newest entries of that moment were not signed yet is no flaw: the next start signs them."""
    unsigned = ("ledger_checkpoint", str(session.get_one(LedgerState, 1).size), "size")
    found = audit(session, settings, keyring)
    return [flaw for flaw in found if (flaw.table, flaw.row, flaw.column) != unsigned]


def _known_outside(database: Database, settings: Settings) -> RolledBack | None:
    with database.session() as session:
        known = every_vkey(session)
    try:
        must_not_be_rolled_back(database, settings, read_policy(settings).witnesses, known)
    except RolledBack as error:
        return error
    return None


def _must_fit(manifest: Manifest, settings: Settings) -> None:
    if manifest.origin != settings.log_origin:
        raise OtherLog(stored=manifest.origin, configured=settings.log_origin)
    try:
        ScriptDirectory.from_config(alembic_config()).get_revision(manifest.schema)
    except CommandError as error:
        raise BackupTooNew(software=manifest.software, schema=manifest.schema) from error


def _must_be_empty(database: Database) -> None:
    with database.engine.connect() as connection:
        if inspect(connection).get_table_names():
            raise TargetNotEmpty(url=database.url)


def _keys_of(settings: Settings, backup: Backup) -> MasterKeys:
    """Return the master keys of the settings; where there is no file of them yet, put the backup's in its place."""
    path = master_key_file(settings)
    if path is not None and backup.manifest.master_key and not path.exists():
        write_whole(path, backup.master_key(), private=True)
    return master_keys(settings)
