import asyncio
from typing import Any

import pytest
from sqlalchemy import event

from shangeng_labels.codes import spell_code, unit_address
from shangeng_labels.lookup import CodeMalformed, CodeUnknown, Found, codes_of, find_code, get_run, quota, runs_of
from shangeng_labels.run_refusals import RunNotFound
from shangeng_labels.runs import void_codes
from shangeng_labels.statement import LabelState
from shangeng_labels.tables import LabelRun
from shangeng_trace.ids import new_id
from shangeng_trace.refusals import BatchNotFound
from tests.labels.cast import SITE, World


def statements(world: World, code: str) -> list[str]:
    """Return the SQL that looking a code up takes."""
    seen: list[str] = []

    def remember(*args: Any) -> None:
        seen.append(args[2])

    with world.database.session() as session:
        session.connection()
        event.listen(world.database.engine, "before_cursor_execute", remember)
        find_code(session, code)
        event.remove(world.database.engine, "before_cursor_execute", remember)
    return seen


def test_a_code_is_found_however_it_is_written(world: World) -> None:
    batch = world.tins()
    run = world.issue(batch, 5)
    code = world.ask(codes_of, run.id)[2]
    for text in (code, code.lower(), spell_code(code), f" {spell_code(code).lower()} ", unit_address(SITE, code)):
        found = world.ask(find_code, text)
        assert (found.code, found.number, found.batch_id, found.run.id) == (code, 2, batch, run.id)
        assert (found.state, found.since, found.reason) == (LabelState.ACTIVE, world.clock(), "")


@pytest.mark.parametrize(
    "text", ["", "7K3M", "7K3M9QXT2HVB4R8U", "https://lssg.cn/b/7K3M9QXT2HVB4R8N", "'; DROP TABLE"]
)
def test_what_cannot_be_a_code_is_malformed(world: World, text: str) -> None:
    with pytest.raises(CodeMalformed) as refused:
        world.ask(find_code, text)
    assert refused.value.field == "code"


def test_a_code_nobody_issued_is_unknown(world: World) -> None:
    world.issue(world.tins(), 5)
    with pytest.raises(CodeUnknown):
        world.ask(find_code, new_id())


def test_looking_up_takes_one_query_whatever_the_label_went_through(world: World) -> None:
    batch = world.tins()
    waiting = world.issue(batch, 20, activate=False)
    run = world.issue(batch, 60)
    for number in (1, 3, 5):
        world.do(void_codes, "tea", run_id=run.id, numbers=[number], reason="lost")
    codes = world.ask(codes_of, waiting.id) | {
        number + 20: code for number, code in world.ask(codes_of, run.id).items()
    }
    assert [len(statements(world, codes[number])) for number in (1, 22, 80)] == [1, 1, 1]


def test_a_reader_finds_a_code_through_the_asynchronous_engine(world: World) -> None:
    code = world.ask(codes_of, world.issue(world.tins(), 1).id)[1]

    async def look() -> Found:
        async with world.database.read() as session:
            found = await session.run_sync(find_code, code)
        await world.database.dispose_readers()
        return found

    assert asyncio.run(look()).state is LabelState.ACTIVE


def test_runs_of_a_batch_come_newest_first(world: World) -> None:
    batch = world.tins()
    first, second = world.issue(batch, 1), world.issue(batch, 2)
    assert [run.id for run in world.ask(runs_of, batch)] == [second.id, first.id]
    assert world.ask(runs_of, world.dried("OTHER")) == []
    assert world.ask(get_run, first.id).count == 1


def test_what_is_not_there_is_said_to_be_not_there(world: World) -> None:
    with pytest.raises(RunNotFound):
        world.ask(get_run, new_id())
    with pytest.raises(BatchNotFound):
        world.ask(quota, new_id())


def test_void_labels_are_not_among_the_codes_to_print(world: World) -> None:
    run: LabelRun = world.issue(world.tins(), 5)
    world.do(void_codes, "tea", run_id=run.id, numbers=[2, 3], reason="misprinted")
    assert list(world.ask(codes_of, run.id)) == [1, 4, 5]
