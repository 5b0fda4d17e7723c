"""Many authors on one batch, in one process and in two."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlmodel import col, select

from shangeng_trace.batches import record_step
from shangeng_trace.entry import load_entry
from shangeng_trace.ids import new_id
from shangeng_trace.log_tables import LedgerCheckpoint
from shangeng_trace.merkle import leaf_hash
from tests.trace.desk import Desk, naive_root
from tests.trace.test_ledger import assert_whole, entries
from tests.trace.writing import EACH

AUTHORS = 40
REPOSITORY = Path(__file__).resolve().parents[2]


def links(desk: Desk, batch: str) -> list[int]:
    return [link.seq for body in entries(desk) for link in load_entry(body).links if link.chain == f"batch:{batch}"]


def test_forty_authors_make_forty_links(desk: Desk) -> None:
    batch = desk.leaf()

    def observe(author: int) -> int:
        values = {"store_place": f"库房 {author}"}
        return desk.do(record_step, "tea", batch_id=batch, step="store", values=values, telling=desk.at(2)).links[0].seq

    with ThreadPoolExecutor(AUTHORS) as pool:
        given = sorted(pool.map(observe, range(AUTHORS)))
    assert given == list(range(1, AUTHORS + 1))
    assert links(desk, batch) == list(range(AUTHORS + 1))
    assert_whole(desk)


@pytest.mark.parametrize("own_desk", ["postgresql"], indirect=True)
def test_two_processes_take_turns(own_desk: Desk) -> None:
    batch = new_id()
    url = own_desk.database.url.render_as_string(hide_password=False)
    path = os.pathsep.join(str(REPOSITORY / part) for part in (".", "trace", "certs", "labels", "web"))
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.trace.writing", url, batch, name, str(AUTHORS // 2)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": path},
            cwd=REPOSITORY,
        )
        for name in ("one", "two")
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    written = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert written == [AUTHORS // 2 * EACH] * 2
    assert links(own_desk, batch) == list(range(AUTHORS * EACH))
    assert_whole(own_desk)
    leaves = [leaf_hash(body) for body in entries(own_desk)]
    heads = own_desk.read(lambda s: s.exec(select(LedgerCheckpoint).order_by(col(LedgerCheckpoint.size))).all())
    assert heads[-1].size == len(leaves)
    for head in heads:
        assert head.root == naive_root(leaves[: head.size])
