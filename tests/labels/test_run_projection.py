from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import ColumnElement, UpdateBase, create_engine
from sqlmodel import Session, SQLModel, col, delete, insert, select, update

from shangeng_labels.projection import check_codes, project_run, project_status
from shangeng_labels.run_refusals import CodesDiffer
from shangeng_labels.runs import activate_run, void_codes
from shangeng_labels.statement import RUN_TYPE, STATUS_TYPE, LabelsChanged, LabelState, RunMalformed, Stretch
from shangeng_labels.tables import LabelCode, LabelRun, LabelStatus
from shangeng_trace.canonical import load_statement
from shangeng_trace.entry import Receipt, load_entry
from shangeng_trace.errors import VerificationError
from shangeng_trace.ids import new_id
from shangeng_trace.ledger import table
from shangeng_trace.log_tables import LedgerEntry
from tests.labels.cast import START, World
from tests.stored import statement

PROJECTIONS: Sequence[type[SQLModel]] = (LabelRun, LabelStatus)


def rows(session: Session, model: type[SQLModel]) -> list[dict[str, Any]]:
    found = [row.model_dump() for row in session.exec(select(model))]
    return sorted(found, key=str)


@pytest.fixture
def empty() -> Iterator[Session]:
    """A database with nothing but the projections' tables."""
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine, tables=[table(model) for model in PROJECTIONS])
    with Session(engine) as session:
        yield session
    engine.dispose()


def replay(world: World, session: Session) -> None:
    """Project every statement on labels again."""
    with world.database.session() as stored:
        for entry in stored.exec(select(LedgerEntry).order_by(col(LedgerEntry.index))):
            read = load_entry(entry.body)
            body = statement(stored, read.digest)
            assert body is not None
            document = load_statement(body)
            receipt = Receipt(read.digest, entry.index, read.time, read.links)
            key_id = document["proof"]["verificationMethod"].rpartition("#")[2]
            project = {RUN_TYPE: project_run, STATUS_TYPE: project_status}.get(str(document["type"]))
            if project is not None:
                author = world.actors["tea"].organisation_id
                project(session, document, receipt, key_id=key_id, author=author)


def test_an_empty_database_fills_with_the_same_rows(world: World, empty: Session) -> None:
    batch = world.tins()
    run = world.issue(batch, 100)
    waiting = world.issue(batch, 20, activate=False)
    world.do(void_codes, "tea", run_id=run.id, numbers=[1, 2, 3, 50], reason="damaged")
    world.do(void_codes, "tea", run_id=waiting.id, numbers=[20], reason="lost")
    world.do(activate_run, "tea", run_id=waiting.id)
    world.do(void_codes, "tea", run_id=waiting.id, numbers=[19], reason="copied")
    replay(world, empty)
    with world.database.session() as stored:
        for model in PROJECTIONS:
            assert rows(empty, model)
            assert rows(empty, model) == rows(stored, model)


@pytest.mark.parametrize(
    ("run", "state", "numbers"),
    [
        (None, LabelState.VOID, (Stretch(1, 1),)),
        ("this", LabelState.VOID, (Stretch(1, 11),)),
        ("this", LabelState.VOID, (Stretch(2, 4),)),
        ("this", LabelState.ACTIVE, (Stretch(10, 10),)),
    ],
    ids=["unknown run", "beyond the run", "void already", "active already"],
)
def test_a_status_that_cannot_be_is_refused(
    world: World, run: str | None, state: LabelState, numbers: tuple[Stretch, ...]
) -> None:
    issued = world.issue(world.tins(), 10)
    world.do(void_codes, "tea", run_id=issued.id, numbers=[3], reason="lost")
    change = LabelsChanged(new_id(), issued.id if run else new_id(), state, numbers, "lost", START)
    receipt = Receipt("ab" * 32, 999, START, ())
    with world.database.session() as session, pytest.raises(RunMalformed):
        project_status(session, change.document(), receipt, key_id="K", author="A")


def numbered(run: LabelRun, number: int) -> tuple[ColumnElement[bool], ...]:
    return col(LabelCode.run_id) == run.id, col(LabelCode.number) == number


def number_is(run: LabelRun, before: int, after: int) -> UpdateBase:
    return update(LabelCode).where(*numbered(run, before)).values(number=after)


def code_is(run: LabelRun, number: int, code: str) -> UpdateBase:
    return update(LabelCode).where(*numbered(run, number)).values(code=code)


def alter(world: World, *changes: UpdateBase) -> None:
    with world.database.session() as session:
        for change in changes:
            session.exec(change)
        session.commit()


FORGERIES: dict[str, tuple[Callable[[LabelRun], list[UpdateBase]], str]] = {
    "another code": (lambda run: [code_is(run, 5, new_id())], "commitment"),
    "no code": (lambda run: [code_is(run, 5, "七" * 16)], "not a code"),
    "another number": (lambda run: [number_is(run, 10, 12)], "numbers"),
    "one missing": (lambda run: [delete(LabelCode).where(*numbered(run, 5))], "numbers"),
    "one more": (lambda run: [insert(LabelCode).values(code=new_id(), run_id=run.id, number=11)], "numbers"),
    # As somebody might who wants a void label to count again.
    "two exchanged": (lambda run: [number_is(run, 3, 99), number_is(run, 8, 3), number_is(run, 99, 8)], "order"),
}


@pytest.mark.parametrize(("changes", "what"), FORGERIES.values(), ids=FORGERIES)
def test_codes_that_do_not_fit_the_commitment_are_found(
    world: World, changes: Callable[[LabelRun], list[UpdateBase]], what: str
) -> None:
    batch = world.tins()
    other, run = world.issue(batch, 10), world.issue(batch, 10)
    world.ask(check_codes, run)
    alter(world, *changes(run))
    with pytest.raises(CodesDiffer) as found:
        world.ask(check_codes, run)
    assert isinstance(found.value, VerificationError)
    assert run.id in found.value.sentence("zh")
    assert what in found.value.sentence("en")
    world.ask(check_codes, other)


def test_a_code_moved_to_another_run_is_found_in_both(world: World) -> None:
    batch = world.tins()
    first, second = world.issue(batch, 3), world.issue(batch, 3)
    alter(
        world,
        delete(LabelCode).where(*numbered(second, 3)),
        update(LabelCode).where(*numbered(first, 3)).values(run_id=second.id),
    )
    for run in (first, second):
        with pytest.raises(CodesDiffer):
            world.ask(check_codes, run)
