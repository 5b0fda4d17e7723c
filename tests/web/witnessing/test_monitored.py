"""A log with witnesses, watched from outside: nothing is found while all are honest, and each lie is proven."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from shangeng_trace.checkpoint import Checkpoint, sign_checkpoint
from shangeng_trace.keyring import LOG_KEY_ID
from shangeng_trace.merkle import leaf_hash
from shangeng_trace.witnessing import Target, write_request
from shangeng_web import cli
from shangeng_web.outside import ask
from shangeng_web.platform import Platform
from tests.web.monitor.serving import forge, served
from tests.web.witnessing.growing import ONE_ENGINE, catches_up, write
from tests.web.witnessing.network import Lab

pytestmark = ONE_ENGINE

Heard = pytest.CaptureFixture[str]


@pytest.fixture
def address(platform: Platform) -> Iterator[str]:
    for number in range(5):
        write(platform, f"entry {number}")
    catches_up(platform)
    with served(platform) as where:
        yield f"{where}/log"


def monitor(tmp_path: Path, address: str, *words: str) -> int:
    policy = tmp_path / "trust.txt"
    policy.write_bytes(ask(f"{address}/policy").body)
    state = tmp_path / "state"
    return cli.main(
        ["monitor", "--policy", str(policy), "--state", str(state), "--log", address, "--watch", "member:x", *words]
    )


def found(capsys: Heard) -> list[tuple[str, str]]:
    findings = json.loads(capsys.readouterr().out)["findings"]
    for finding in findings:
        assert cli.main(["verify", finding["evidence"]]) == 1
    capsys.readouterr()
    return [(finding["finding"], finding["proof"]) for finding in findings]


def test_honest_witnesses_and_an_honest_log(
    platform: Platform, address: str, known: list[Lab], tmp_path: Path, capsys: Heard
) -> None:
    assert monitor(tmp_path, address, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["size"], told["silent"]) == (6, {})
    known[0].stop()
    write(platform, "more")
    assert monitor(tmp_path, address, "--json") == 0
    assert set(json.loads(capsys.readouterr().out)["silent"]) == {"lab0"}


def test_a_rewritten_log_is_refused_by_every_witness_and_proven_here(
    platform: Platform, address: str, known: list[Lab], tmp_path: Path, capsys: Heard
) -> None:
    assert monitor(tmp_path, address) == 0
    before = [lab.size for lab in known]
    forge(platform, rewritten=3)
    capsys.readouterr()
    assert monitor(tmp_path, address, "--json") == 1
    assert found(capsys) == [("monitor.fork", "signatures")]
    assert [lab.size for lab in known] == before


def test_a_tree_shown_to_one_witness_alone_is_proven(
    platform: Platform, address: str, known: list[Lab], tmp_path: Path, capsys: Heard
) -> None:
    assert monitor(tmp_path, address) == 0
    known[2].stop()
    blind = Lab(known[2].name, tmp_path / "blind", known[2].log, known[2].key, known[2].port).start()
    try:
        with platform.database.session() as session:
            key = platform.office.keyring.private(session, LOG_KEY_ID)
        note = sign_checkpoint(Checkpoint(platform.ledger.origin, 1, leaf_hash(b"another past")), key)
        assert blind.witness is not None
        blind.witness.add_checkpoint(write_request(Target(1, note), 0, []))
        capsys.readouterr()
        assert monitor(tmp_path, address, "--json") == 1
        kinds = found(capsys)
    finally:
        blind.stop()
    assert ("monitor.fork", "signatures") in kinds
