"""`shangeng verify` with proof files: out of a bundle and back in, offline, and loading nothing but what it needs."""

import json
import subprocess
import sys
from base64 import b64encode
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from shangeng_trace.canonical import canonical, digest
from shangeng_trace.db import Database
from shangeng_trace.entry_proof import check_proof
from shangeng_trace.keys import SigningKey
from shangeng_trace.note import Vkey
from shangeng_trace.policy import Log, Policy, format_policy
from shangeng_trace.tlogproof import format_proof, parse_proof
from shangeng_web import cli
from tests.trace.desk import Desk
from tests.trace.monitor.logs import WITNESSED, FakeLog, Watching

Heard = pytest.CaptureFixture[str]
UNWANTED = ("sqlalchemy", "sqlmodel", "sqlite3", "fastapi", "starlette", "jinja2", "http.client", "rich")


@dataclass
class Files:
    """A bundle and its policy as files, the proof files made of it, and the newest entry with its statement."""

    bundle: Path
    policy: Path
    proofs: Path
    newest: Path
    statement: Path
    other: Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("files")
    desk = Desk(Database(f"sqlite:///{folder / 'ledger.sqlite'}"))
    bundle = desk.bundle(desk.leaf())
    made = Files(*(folder / name for name in ("bundle.json", "policy.txt", "proofs", "newest", "said", "other")))
    made.bundle.write_bytes(canonical(bundle))
    made.policy.write_text(format_policy(Policy((Log(desk.policy_key),))))
    desk.close()
    assert cli.main(["verify", str(made.bundle), "--policy", str(made.policy), "--proofs", str(made.proofs)]) == 0
    newest = bundle["entries"][-1]["index"]
    made.newest = made.proofs / f"entry-{newest}.tlog-proof"
    entry = check_proof(parse_proof(made.newest.read_bytes())).entry
    assert entry is not None
    for statement in bundle["statements"]:
        (made.statement if digest(statement) == entry.digest else made.other).write_text(json.dumps(statement))
    return made


def verify(files: Files, file: Path, *words: str) -> int:
    return cli.main(["--lang", "en", "verify", str(file), "--policy", str(files.policy), *words])


def test_a_bundle_gives_a_proof_file_for_each_entry(files: Files) -> None:
    entries = json.loads(files.bundle.read_bytes())["entries"]
    assert {file.name for file in files.proofs.iterdir()} == {f"entry-{each['index']}.tlog-proof" for each in entries}
    for entry in entries:
        proof = parse_proof((files.proofs / f"entry-{entry['index']}.tlog-proof").read_bytes())
        assert proof.extra is not None
        assert b64encode(proof.extra).decode() == entry["bytes"]
    assert all(verify(files, file) == 0 for file in files.proofs.iterdir())


def test_a_proof_file_tells_what_it_shows(files: Files, capsys: Heard, tmp_path: Path) -> None:
    assert verify(files, files.newest, "--statement", str(files.statement)) == 0
    said = capsys.readouterr().out
    assert "It records the very statement that you gave" in said
    assert "of a log that the policy trusts" in said
    assert verify(files, files.newest, "--statement", str(files.statement), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["good"], told["trusted"], told["standing"], told["statement"]) == (True, True, "logged", True)
    assert told["entry"]["kind"] == "event"
    # The entry may come from elsewhere too; another one is not in the tree.
    entry = tmp_path / "entry"
    extra = parse_proof(files.newest.read_bytes()).extra
    assert extra is not None
    entry.write_bytes(extra)
    bare = tmp_path / "bare.tlog-proof"
    bare.write_text(format_proof(replace(parse_proof(files.newest.read_bytes()), extra=None)))
    assert verify(files, bare) == 2
    assert verify(files, bare, "--entry", str(entry)) == 0
    entry.write_bytes(extra.replace(b"event", b"evenT"))
    assert verify(files, bare, "--entry", str(entry)) == 1


def test_a_proof_file_without_a_policy_only_agrees_with_itself(files: Files, capsys: Heard) -> None:
    assert cli.main(["--lang", "en", "verify", str(files.newest)]) == 0
    assert "only agrees with itself" in capsys.readouterr().out
    assert cli.main(["verify", str(files.newest), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["trusted"], told["standing"]) == (False, None)


def test_what_does_not_hold_exits_1_and_says_so(files: Files, capsys: Heard, tmp_path: Path) -> None:
    assert verify(files, files.newest, "--statement", str(files.other)) == 1
    assert "another statement" in capsys.readouterr().out
    proof = parse_proof(files.newest.read_bytes())
    bad = tmp_path / "bad.tlog-proof"
    for wrong in (
        replace(proof, index=proof.index - 1),
        replace(proof, hashes=proof.hashes[:-1]),
        replace(proof, hashes=(*proof.hashes[:-1], bytes(32))),
        replace(proof, extra=(proof.extra or b"").replace(b"event", b"evenT")),
        replace(proof, checkpoint=proof.checkpoint[:-9] + "AAAAAAA=\n"),
    ):
        bad.write_text(format_proof(wrong))
        assert verify(files, bad, "--json") == 1
        assert json.loads(capsys.readouterr().out)["good"] is False
    bad.write_bytes(files.newest.read_bytes().replace(b"\n", b"\r\n"))
    assert verify(files, bad) == 2
    assert "proof file" in capsys.readouterr().err
    stranger = tmp_path / "stranger.txt"
    key = Vkey("another.example/log", WITNESSED.logs[0].vkey.type, SigningKey.generate().public.raw)
    stranger.write_text(format_policy(Policy((Log(key),))))
    assert cli.main(["verify", str(files.newest), "--policy", str(stranger)]) == 1


def test_a_witnessed_proof_names_the_witnesses(capsys: Heard, tmp_path: Path) -> None:
    log = FakeLog.of(1)
    log.labs = (0, 2)
    proof = tmp_path / "one.tlog-proof"
    extra = b64encode(log.bodies[0]).decode()
    proof.write_text(f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex 0\n\n{log.note()}")
    policy = tmp_path / "policy.txt"
    policy.write_text(format_policy(WITNESSED))
    assert cli.main(["verify", str(proof), "--policy", str(policy), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["standing"], told["witnesses"]) == (
        "witnessed",
        {"lab0": "2026-04-12T06:00:01Z", "lab2": "2026-04-12T06:00:01Z"},
    )
    log.labs = (0,)  # the quorum is two
    proof.write_text(f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex 0\n\n{log.note()}")
    assert cli.main(["verify", str(proof), "--policy", str(policy)]) == 1


def test_options_for_another_kind_of_file_are_refused(files: Files, tmp_path: Path, capsys: Heard) -> None:
    assert verify(files, files.newest, "--proofs", str(tmp_path)) == 2
    assert verify(files, files.bundle, "--statement", str(files.statement)) == 2
    assert "--statement" in capsys.readouterr().err
    assert verify(files, files.newest, "--statement", str(tmp_path / "none")) == 2
    assert verify(files, files.bundle, "--proofs", str(files.policy)) == 2


def test_no_proof_file_is_written_for_a_bad_bundle(files: Files, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(files.bundle.read_bytes().replace(b"38", b"39", 1))
    assert verify(files, bad, "--proofs", str(tmp_path / "proofs")) == 1
    assert not (tmp_path / "proofs").exists()


def test_checking_any_file_loads_no_database_and_no_server(files: Files, tmp_path: Path) -> None:
    """What keeps the command quick, and shows that it asks nobody."""
    watching = Watching(tmp_path)
    log = FakeLog.of(3)
    watching.look(log)
    (told,) = watching.look(log.rewritten(1)).told
    code = (
        "import sys; from shangeng_web.cli import main; code = main(['verify', *sys.argv[1:]]);"
        f"print('loaded', code, [m for m in {UNWANTED} if m in sys.modules])"
    )
    policy = ["--policy", str(files.policy)]
    for words, exits in (
        ([str(files.bundle), *policy], 0),
        ([str(files.bundle), *policy, "--proofs", str(tmp_path / "proofs")], 0),
        ([str(files.newest), *policy, "--statement", str(files.statement)], 0),
        ([told.file], 1),
    ):
        ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
        assert ran.stdout.splitlines()[-1] == f"loaded {exits} []"
