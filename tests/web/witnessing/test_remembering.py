"""What others remember stops a log that forgot; what the log keeps of them is audited."""

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from shangeng_trace.audit_witnesses import audit_witnesses
from shangeng_trace.log_export import export_log
from shangeng_trace.note import Vkey
from shangeng_trace.publishing import latest_checkpoint
from shangeng_trace.witnessing import (
    RolledBack,
    Target,
    write_request,
)
from shangeng_web.outside import Answer, OutsideUnreachable, ask
from shangeng_web.platform import Platform
from shangeng_web.rollback import WitnessesUnusable
from shangeng_web.settings import Settings
from tests.waiting import until, until_signed
from tests.web.witnessing.growing import ONE_ENGINE, catches_up, kept_line, write
from tests.web.witnessing.network import (
    Lab,
)


def restore_older(settings: Settings, tmp_path: Path, grow: Callable[[Platform], object]) -> None:
    """Let the log grow, and then put back the database that it had before."""
    file, backup = tmp_path / "shangeng.sqlite", tmp_path / "backup.sqlite"
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    platform = Platform.open(settings)
    grow(platform)
    asyncio.run(platform.close())
    for each in tmp_path.glob("shangeng.sqlite*"):
        each.unlink()
    shutil.copy(backup, file)


def refusal(settings: Settings) -> RolledBack:
    """Open a platform that may only read, and return why."""
    platform = Platform.open(settings)
    cause = platform.standstill.of_everything
    assert isinstance(cause, RolledBack)
    with pytest.raises(RolledBack):
        write(platform, "refused")
    asyncio.run(platform.close())
    return cause


@ONE_ENGINE
def test_a_restored_older_database_signs_nothing(witnessed: Settings, known: list[Lab], tmp_path: Path) -> None:
    def grow(platform: Platform) -> None:
        for number in range(3):
            write(platform, f"entry {number}")
        until(lambda: {lab.size for lab in known} == {4})

    restore_older(witnessed, tmp_path, grow)
    for _ in range(2):
        cause = refusal(witnessed)
        assert (cause.parts["theirs"], cause.parts["ours"]) == (4, 1)
        assert str(cause.parts["who"]).startswith("lab")
    with closing(sqlite3.connect(tmp_path / "shangeng.sqlite")) as connection:
        assert connection.execute("SELECT max(size) FROM ledger_checkpoint").fetchone() == (1,)
    for lab in known:
        lab.stop()  # nobody answers: a dead witness does not keep the log down
    platform = Platform.open(witnessed)
    assert platform.standstill.cause is None
    asyncio.run(platform.close())


@ONE_ENGINE
def test_a_restored_database_that_has_outgrown_the_lost_one_is_a_fork(
    settings: Settings, witnessed: Settings, known: list[Lab], tmp_path: Path
) -> None:
    """Size alone would not tell: the log went on from the backup, with the check switched off."""

    def grow(platform: Platform) -> None:
        write(platform, "lost")
        until(lambda: {lab.size for lab in known} == {2})

    restore_older(witnessed, tmp_path, grow)
    unwatched = Platform.open(settings)
    for number in range(5):
        write(unwatched, f"other {number}")
    asyncio.run(unwatched.close())
    cause = refusal(witnessed)
    assert (cause.parts["theirs"], cause.parts["ours"]) == (2, 6)


@ONE_ENGINE
def test_what_the_log_forgot_of_its_witnesses_they_tell_it(witnessed: Settings, known: list[Lab]) -> None:
    platform = Platform.open(witnessed)
    write(platform, "before")
    until(lambda: {lab.size for lab in known} == {2})
    asyncio.run(platform.close())
    with platform.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM checkpoint_cosignature"))
        connection.execute(text("DELETE FROM witnessed_checkpoint"))
    platform.database.engine.dispose()
    platform = Platform.open(witnessed)
    catches_up(platform)
    write(platform, "after")
    catches_up(platform)
    asyncio.run(platform.close())


@ONE_ENGINE
def test_the_export_remembers_too(settings: Settings, log_key: Vkey, tmp_path: Path) -> None:
    folder = tmp_path / "export"

    def grow(platform: Platform) -> None:
        write(platform, "one more")
        until_signed(platform.database)
        with platform.database.session() as session:
            assert export_log(session, folder) == 2

    with_export = replace(settings, export_dir=folder)
    restore_older(with_export, tmp_path, grow)
    refusal(with_export)
    note = (folder / "checkpoint").read_text()
    for unsigned in (note.replace("\n2\n", "\n3\n"), "", "nonsense"):
        (folder / "checkpoint").write_text(unsigned)  # signed by nobody, so it stops nobody
        platform = Platform.open(with_export)
        assert platform.log_key == log_key
        asyncio.run(platform.close())


@ONE_ENGINE
@pytest.mark.parametrize("content", ["", "quorum none\n", "witness x y\nquorum x\n"])
def test_a_list_of_witnesses_that_says_nothing_is_refused(settings: Settings, tmp_path: Path, content: str) -> None:
    path = tmp_path / "witnesses.txt"
    path.write_text(content)
    with pytest.raises(WitnessesUnusable, match=r"witnesses\.txt"):
        Platform.open(replace(settings, witnesses=path))


@ONE_ENGINE
def test_a_witness_that_forgot_is_reminded_by_its_own_word(platform: Platform, known: list[Lab]) -> None:
    """Its answer to the head with its own cosignature on it is an error, never a second, contradicting word."""
    write(platform, "one")
    until(lambda: {lab.size for lab in known} == {2})
    lab = known[0]
    until(lambda: kept_line(platform, lab, 2) is not None)
    line = kept_line(platform, lab, 2)
    assert line is not None
    lab.stop()
    shutil.rmtree(lab.folder)
    lab.start()
    with platform.database.session() as session:
        signed = latest_checkpoint(session)
        assert signed is not None
        answer = ask(f"{lab.known.url}add-checkpoint", body=write_request(Target(2, signed.note, (line,)), 0, []))
    assert answer.status == 503
    assert lab.size == 0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("", "checkpoint_cosignature"),
        ("UPDATE checkpoint_cosignature SET witness = witness || 'x'", "checkpoint_cosignature"),
        ("UPDATE checkpoint_cosignature SET line = line || line", "checkpoint_cosignature"),
        ("UPDATE checkpoint_cosignature SET line = 'x'", "checkpoint_cosignature"),
        ("UPDATE witnessed_checkpoint SET note = replace(note, 'lab', 'bad')", "witnessed_checkpoint"),
        ("UPDATE witnessed_checkpoint SET note = 'x' || note", "witnessed_checkpoint"),
        ("DELETE FROM checkpoint_cosignature", "witnessed_checkpoint"),
    ],
)
def test_the_audit_names_what_was_altered(platform: Platform, known: list[Lab], change: str, named: str) -> None:
    assert known
    catches_up(platform)
    assert platform.collector is not None
    platform.collector.stop()
    platform.writer.stop()

    def flaws() -> set[str]:
        with platform.database.session() as session:
            return {each.table for each in audit_witnesses(session, platform.trust)}

    assert flaws() == set()
    with platform.database.engine.begin() as connection:
        if change:
            connection.execute(text(change))
        else:  # one character of a signature
            line = connection.execute(text("SELECT line FROM checkpoint_cosignature")).scalars().first()
            assert line is not None
            altered = line[:-6] + ("A" if line[-6] != "A" else "B") + line[-5:]
            connection.execute(
                text("UPDATE checkpoint_cosignature SET line = :new WHERE line = :old"), {"new": altered, "old": line}
            )
    assert named in flaws()


def test_nobody_waits_for_a_witness_that_hangs_to_say_goodbye(
    witnessed: Settings, known: list[Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert known
    asked, over = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> Answer:
        asked.set()
        over.wait(60)
        raise OutsideUnreachable(url="", reason="")

    monkeypatch.setattr("shangeng_web.contact.ask", hang)
    platform = Platform.open(witnessed)
    try:
        assert asked.wait(20)
        asyncio.run(asyncio.wait_for(platform.close(), 5))
    finally:
        over.set()
