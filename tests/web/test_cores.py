"""The loop and the writer share a core, and nobody else is held there; where there is one core, nothing is touched."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar, cast

import pytest

from shangeng_web.app import create_app
from shangeng_web.cores import Cores
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings

T = TypeVar("T")

if sys.platform != "linux":
    pytest.skip("only Linux lets a program say where it runs", allow_module_level=True)

if len(os.sched_getaffinity(0)) < 2:
    pytest.skip("one core only", allow_module_level=True)


def apart(work: Callable[[], T]) -> T:
    """Run it in a thread of its own: where that runs in the end concerns nobody."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def started() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


def where(thread: int = 0) -> set[int]:
    return os.sched_getaffinity(thread)


def test_those_that_take_turns_share_one_core_until_it_is_over() -> None:
    def work() -> None:
        cores, other = Cores(), threading.Event()
        beside = threading.Thread(target=other.wait)
        beside.start()
        assert beside.native_id is not None
        with cores.taking_turns(threading.get_native_id(), beside.native_id):
            assert where() == where(beside.native_id) == cores.shared
            assert len(cores.shared) == 1
        assert where() == where(beside.native_id) == cores.all
        other.set()
        beside.join()
        with cores.taking_turns(beside.native_id):  # it has ended, which disturbs nobody
            pass

    apart(work)


def test_work_handed_over_and_processes_are_not_held_there() -> None:
    async def work() -> tuple[set[int], set[int], Cores]:
        cores = Cores()
        cores.spread(asyncio.get_running_loop())
        with cores.taking_turns(threading.get_native_id()):
            beside = await asyncio.to_thread(where)
            child = started()
            assert where(child.pid) == cores.shared, "as everything started there, if nobody says otherwise"
            cores.stay_away(child.pid)
            there = where(child.pid)
            child.communicate(b"\n")
        return beside, there, cores

    beside, there, cores = apart(lambda: asyncio.run(work()))
    assert beside == cores.all
    assert there == cores.all - cores.shared


def test_where_there_is_one_core_nothing_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    before = where()

    def only_one(_task: int) -> set[int]:
        return {0}

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(os, "sched_getaffinity", only_one)
    monkeypatch.setattr(os, "sched_setaffinity", never)
    cores = Cores()
    with cores.taking_turns(threading.get_native_id()):
        cores.stay_away(os.getpid())
    monkeypatch.undo()
    assert where() == before


def test_the_servers_loop_and_writer_share_a_core_while_it_serves(settings: Settings) -> None:
    @asynccontextmanager
    async def serving() -> AsyncGenerator[Platform]:
        app = create_app(settings)
        async with app.router.lifespan_context(app) as state:
            assert state is not None
            yield cast("Platform", state["platform"])

    async def work() -> None:
        cores = Cores()
        async with serving() as platform:
            assert where() == where(platform.writer.thread_id) == cores.shared
        assert where() == cores.all

    apart(lambda: asyncio.run(work()))
