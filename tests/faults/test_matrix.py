"""Storage fails at every statement and COMMIT of a story, and at every step of writing a file; nothing is half there."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from shangeng_trace.attachments import keep_picture, read_attachment
from shangeng_trace.db import Database
from shangeng_trace.durable import NotWritten
from shangeng_trace.errors import UnavailableError
from shangeng_trace.log_export import export_log
from shangeng_trace.log_tables import LedgerStatement
from tests import outside_log
from tests.faults.injecting import Faults, Shape, contents, in_database, in_files
from tests.faults.matrix import Matrix
from tests.pictures import photo


@pytest.fixture
def matrix(database_url: str, tmp_path: Path) -> Iterator[Matrix]:
    made = Matrix(database_url, tmp_path, thorough=False)
    yield made
    made.close()


def test_every_point_in_both_shapes(matrix: Matrix) -> None:
    met: list[str] = []
    matrix.explore(met.append)
    assert len(matrix.points) == 5 * len(Shape), "every step met faults of both shapes"
    for step in ("events", "transformation", "credential", "run", "cosignature"):
        assert f"{step}: COMMIT" in met
        assert any(each.startswith(f"{step}: INSERT INTO") for each in met)
    assert any("INSERT INTO ledger_checkpoint" in each for each in met), "signing was met too"


def test_when_nobody_can_tell_the_author_asks_again(matrix: Matrix) -> None:
    """The commit took effect, its answer was lost, and so was the connection: refused, but there. A repeat finds it."""
    (command, *_) = matrix.events()
    first = matrix.world.writer.run(command)
    matrix.until_signed()
    (command, *_) = matrix.events()
    until_commit(matrix.faults)
    with pytest.raises(UnavailableError):
        matrix.world.writer.run(command)
    matrix.faults.disarm()
    again = matrix.world.writer.run(command)
    assert (again.index, again.repeated) == (first.index + 1, True)
    with matrix.looking.session() as session:
        assert session.exec(select(LedgerStatement.index).where(LedgerStatement.digest == again.digest)).all() == [
            again.index
        ]
    matrix.reload()
    matrix.must_be_sound()


def test_a_failed_commit_holds_nobody_up(database: Database) -> None:
    """Its transaction is over when its author hears of it: somebody else may write, without waiting."""
    faults = in_database(database.engine)
    with database.session() as session:
        session.connection().exec_driver_sql("UPDATE ledger_state SET size = size")
        faults.arm(1, Shape.NOT_STORED)
        with pytest.raises(OperationalError):
            session.commit()
    other = Database(database.url.render_as_string(hide_password=False))
    with other.engine.connect() as connection:
        impatient = "PRAGMA busy_timeout=0" if other.is_sqlite else "SET lock_timeout = 1"
        connection.connection.cursor().execute(impatient)
        connection.exec_driver_sql("UPDATE ledger_state SET size = size")
        connection.commit()
    other.engine.dispose()


def until_commit(faults: Faults) -> None:
    """Let everything pass up to the next COMMIT, which is stored and fails, and fail what comes after it."""
    faults.arm(0, Shape.STORED, more=3)
    pass_through = faults.pass_through

    def passing(what: str, do: Callable[[], object], error: Callable[[], Exception]) -> object:
        if what == "COMMIT" and not faults.met:
            faults.left = 1
        return pass_through(what, do, error)

    faults.pass_through = passing  # type: ignore[method-assign]  # a test's fault


def each_point(faults: Faults, begin: Callable[[], None], do: Callable[[], object]) -> Iterator[tuple[str, bool]]:
    """Do something again and again, failing one point further each time; yield what was met, and whether it was said."""
    for shape in Shape:
        for point in count(1):
            begin()
            faults.arm(point, shape)
            said = False
            try:
                do()
            except NotWritten:
                said = True
            met = faults.disarm()
            if not met:
                break
            yield met, said


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_export_is_whole_or_as_it_was(matrix: Matrix, tmp_path: Path) -> None:
    """Every writing of every file fails: a reader of the folder sees a whole log, and the next export completes it."""
    folder = tmp_path / "export"

    def export() -> None:
        with matrix.looking.session() as session:
            export_log(session, folder)

    def grow() -> None:
        matrix.world.writer.run(matrix.events()[0])
        matrix.until_signed()

    vkey = str(matrix.log_key)
    met: set[str] = set()
    export()
    with in_files() as faults:
        for what, said in each_point(faults, grow, export):
            met.add(what)
            assert said
            outside_log.check(lambda path: (folder / path).read_bytes(), vkey)
            assert not [name for name in contents(folder) if "/." in name or name.startswith(".")], "no draft is left"
            export()
            outside_log.check(lambda path: (folder / path).read_bytes(), vkey)
    assert met == {"mkdir", "open", "write", "fsync", "rename"}


def test_a_photo_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    data, met = photo(), 0
    with in_files() as faults:
        for _, said in each_point(faults, lambda: None, lambda: keep_picture(tmp_path, data)):
            met += 1
            assert said
            for name in contents(tmp_path):
                read_attachment(tmp_path, Path(name).stem)
    assert met > len(Shape) * 4
    kept = keep_picture(tmp_path, data)
    assert len(read_attachment(tmp_path, kept.sha256)) == kept.size
