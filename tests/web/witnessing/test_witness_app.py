"""The witness over HTTP: the transcripts of the protocol's vectors, and its page."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.merkle import EMPTY_ROOT
from shangeng_trace.note import Vkey, open_note, parse_vkey
from shangeng_trace.witness.rules import Head
from shangeng_trace.witness.witness import Witness
from shangeng_web import cli
from shangeng_web.witnessing.app import LARGEST_REQUEST, create_witness_app
from tests.trace.witness.watching import ORIGIN, farm, watch
from tests.vectors import vectors

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def transcript(file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((vectors("tlog") / file).read_bytes())
    return found


@asynccontextmanager
async def visiting(witness: Witness) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_witness_app(witness))
    async with httpx.AsyncClient(transport=transport, base_url="http://witness.example") as client:
        yield client
    witness.close()


def cosigned(answer: httpx.Response, request: str, witness: Vkey) -> None:
    """Check that an answer holds this witness's signature lines and nothing else."""
    note = request.partition("\n\n")[2]
    assert all(line.startswith("— ") for line in answer.text.removesuffix("\n").split("\n"))
    (signed,) = open_note(note + answer.text, [witness]).signed
    assert signed.by == witness
    assert signed.time


async def test_the_transcript_of_every_answer(tmp_path: Path) -> None:
    told = transcript("witness/add_checkpoint.json")
    log, expected = parse_vkey(told["log_vkey"]), parse_vkey(told["witness_vkey"])
    key = SigningKey.from_bytes(Algorithm.ED25519, bytes.fromhex(told["witness_seed"]))
    witness = Witness(expected.name, key, {log.name: (log,)}, tmp_path)
    assert witness.vkey == expected
    async with visiting(witness) as client:
        for step in told["steps"]:
            answer = await client.post("/add-checkpoint", content=step["request"].encode())
            assert answer.status_code == step["status"], step["desc"]
            if step["status"] == 200:
                cosigned(answer, step["request"], expected)
            if "body" in step:
                assert answer.text == step["body"]
                assert answer.headers["content-type"] == step["content_type"]
            after = Head(step["state_after"]["size"], bytes.fromhex(step["state_after"]["root"]))
            assert witness.store.held(log.name).head == after, step["desc"]
        assert len(told["steps"]) == 28
        fork = next(step for step in told["steps"] if "fork" in step["desc"])
        kept = {each.note for each in witness.store.shown(log.name, never_cosigned=True)}
        assert fork["request"].partition("\n\n")[2] in kept


async def test_a_database_that_takes_no_writes_is_said(tmp_path: Path) -> None:
    """As a full disk does, and a worn-out card; what was cosigned stays readable, and it goes on by itself."""
    witness, log = watch(tmp_path), farm(9)
    async with visiting(witness) as client:
        assert (await client.post("/add-checkpoint", content=log.request(0, 5))).status_code == 200
        with closing(sqlite3.connect(tmp_path / "witness.sqlite")) as disk:
            disk.execute("CREATE TRIGGER full BEFORE UPDATE ON head BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
            refused = await client.post("/add-checkpoint", content=log.request(5, 9))
            assert (refused.status_code, "disk is full" in refused.text) == (503, True)
            digest = sha256(ORIGIN.encode()).hexdigest()
            assert (await client.get(f"/{digest}/checkpoint")).text.split("\n")[1] == "5"
            disk.execute("DROP TRIGGER full")
        assert (await client.post("/add-checkpoint", content=log.request(5, 9))).status_code == 200
        witness.store.close()  # or its last connection would put the true pages back
        (tmp_path / "witness.sqlite").write_bytes(b"no database" * 1000)
        assert (await client.get("/")).status_code == 503


@pytest.mark.parametrize("order", [("request_small", "request_large"), ("request_large", "request_small")])
async def test_the_race_of_the_transcript(tmp_path: Path, order: tuple[str, str]) -> None:
    told = transcript("witness/add_checkpoint.json")
    log = parse_vkey(told["log_vkey"])
    key = SigningKey.from_bytes(Algorithm.ED25519, bytes.fromhex(told["witness_seed"]))
    witness = Witness("witness.example/pub-server", key, {log.name: (log,)}, tmp_path)
    first = next(step for step in told["steps"] if step["desc"] == "first real checkpoint")
    async with visiting(witness) as client:
        await client.post("/add-checkpoint", content=first["request"].encode())
        answers = [await client.post("/add-checkpoint", content=told["race"][name].encode()) for name in order]
        assert [answer.status_code for answer in answers] == [200, 409]
        size = 4 if order[0] == "request_small" else 10
        assert answers[1].text == f"{size}\n"
        assert witness.store.held(log.name).head.size == size


async def test_litewitness_is_answered_alike(tmp_path: Path) -> None:
    told = transcript("upstream/witness_litewitness.json")
    log = parse_vkey(told["log_vkey"])
    witness = Witness("example.com/witness", SigningKey.generate(), {log.name: (log,)}, tmp_path)
    async with visiting(witness) as client:
        for number, step in enumerate(told["steps"]):
            answer = await client.post("/add-checkpoint", content=step["request"].encode())
            # That older server answered 403 where the protocol has since settled on 404.
            wanted = 404 if "404" in step.get("remark", "") else step["status"]
            assert answer.status_code == wanted, number
            if wanted == 200:
                assert "— example.com/witness " in answer.text
            if wanted == 409:
                assert step["assert"] == f"body == {json.dumps(answer.text)}"


async def test_the_newest_cosigned_checkpoint_can_be_read(tmp_path: Path) -> None:
    log, witness = farm(9), watch(tmp_path)
    address = f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
    async with visiting(witness) as client:
        assert (await client.get(address)).status_code == 404
        line = (await client.post("/add-checkpoint", content=log.request(0, 9))).text
        answer = await client.get(address)
        assert answer.text == log.note(9) + line
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert (await client.get("/nothing/checkpoint")).status_code == 404
        assert (await client.get("/add-checkpoint")).status_code == 405


async def test_a_request_too_large_is_not_read(tmp_path: Path) -> None:
    async with visiting(watch(tmp_path)) as client:
        assert (await client.post("/add-checkpoint", content=b"x" * (LARGEST_REQUEST + 1))).status_code == 413


async def test_the_page_tells_people_in_both_languages(tmp_path: Path) -> None:
    log, fork, witness = farm(9), farm(9, odd=2), watch(tmp_path)
    async with visiting(witness) as client:
        before = (await client.get("/")).text
        assert "还没有见证过" in before
        assert "Nothing cosigned yet" in before
        await client.post("/add-checkpoint", content=log.request(0, 9))
        await client.post("/add-checkpoint", content=fork.request(9, 9, proof=[]))
        page = (await client.get("/")).text
    assert str(witness.vkey) in page
    assert "有 1 份" in page
    assert "not cosigned, kept as evidence: 1." in page
    assert "<script" not in page


async def test_an_empty_tree_is_cosigned_as_such(tmp_path: Path) -> None:
    witness = watch(tmp_path)
    async with visiting(witness) as client:
        answer = await client.post("/add-checkpoint", content=farm(0).request(0, 0))
        assert answer.status_code == 200
        assert witness.store.held(ORIGIN).head == Head(0, EMPTY_ROOT)


def test_a_witness_carries_nothing_of_the_platform() -> None:
    code = (
        "import sys, shangeng_web.commands.witness;"
        "print([m for m in sys.modules if m.startswith(('fastapi', 'sqlmodel', 'jinja2', 'shangeng_certs',"
        " 'shangeng_labels', 'shangeng_web.platform', 'shangeng_trace.ledger', 'shangeng_trace.db'))])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_init_makes_a_folder_to_serve_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = tmp_path / "policy.txt"
    policy.write_text(f"log {watch(tmp_path).logs[ORIGIN][0]}\nquorum none\n")
    folder = str(tmp_path / "lab")
    assert cli.main(["witness", "init", folder, "--policy", str(policy), "--name", "lab.example/w"]) == 0
    assert "witness.toml" in capsys.readouterr().err
    assert cli.main(["witness", "init", folder, "--policy", str(policy)]) == 1
    assert cli.main(["witness", "init", folder, "--policy", str(tmp_path / "none")]) == 1
    assert cli.main(["witness", "--settings", str(tmp_path / "none.toml")]) == 1
