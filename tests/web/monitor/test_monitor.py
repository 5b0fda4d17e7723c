"""`shangeng monitor` beside a platform on a real socket: as it grows, and after its operator has rewritten it."""

import json
from pathlib import Path

import pytest

from shangeng_trace.log_export import export_log
from shangeng_trace.policy import format_policy
from shangeng_web import cli
from shangeng_web.platform import Platform
from tests.web.monitor.serving import forge, served
from tests.web.test_log_tiles import grow

Heard = pytest.CaptureFixture[str]


def monitor(tmp_path: Path, platform: Platform, *words: str) -> int:
    """Run the command under the log's policy, in a folder of its own."""
    policy = tmp_path / "policy.txt"
    policy.write_text(format_policy(platform.trust))
    return cli.main(["--lang", "en", "monitor", "--policy", str(policy), "--state", str(tmp_path / "state"), *words])


def found(capsys: Heard) -> dict[str, str]:
    """Return the one finding that the last command told as JSON."""
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    return {name: str(value) for name, value in finding.items()}


def test_a_log_that_grows_is_in_order(platform: Platform, tmp_path: Path, capsys: Heard) -> None:
    grow(platform, 300)
    with served(platform) as address:
        assert monitor(tmp_path, platform, "--log", f"{address}/log") == 0
        assert "301 entries, 301 of them new, all in order" in capsys.readouterr().out
        grow(platform, 20, name="later")
        assert monitor(tmp_path, platform, "--log", f"{address}/log", "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["before"], told["size"], told["checked"]) == (301, 321, 321)
        with platform.database.session() as session:
            export_log(session, tmp_path / "export")
    assert monitor(tmp_path, platform, "--log", str(tmp_path / "export")) == 0
    capsys.readouterr()
    assert monitor(tmp_path, platform, "--log", f"{address}/log") == 2
    assert "does not answer" in capsys.readouterr().err


def test_a_rewritten_entry_is_found_and_proven(platform: Platform, tmp_path: Path, capsys: Heard) -> None:
    grow(platform, 300)
    with served(platform) as address:
        assert monitor(tmp_path, platform, "--log", f"{address}/log") == 0
        grow(platform, 5, name="later")
        forge(platform, rewritten=100)
        capsys.readouterr()
        assert monitor(tmp_path, platform, "--log", f"{address}/log", "--json") == 1
    finding = found(capsys)
    assert (finding["finding"], finding["proof"]) == ("monitor.fork", "signatures")
    # Anybody checks the file, with no network and a policy of their own.
    policy, evidence = str(tmp_path / "policy.txt"), Path(finding["evidence"])
    for words in (["monitor", "check", str(evidence)], ["verify", str(evidence)]):
        assert cli.main(["--lang", "en", *words]) == 1
        assert "under the policy inside the file" in capsys.readouterr().out
        assert cli.main(["--lang", "en", *words, "--policy", policy]) == 1
        said = capsys.readouterr().out
        assert "The log has forked: it signed 301 and 306 entries" in said
        assert "Proven by signatures" in said
        assert cli.main([*words, "--policy", policy, "--json"]) == 1
        assert json.loads(capsys.readouterr().out)["confirmed"] is True
    evidence.write_bytes(evidence.read_bytes().replace(b"301", b"302", 1))
    assert cli.main(["monitor", "check", str(evidence)]) == 2
    assert cli.main(["verify", str(evidence)]) == 2


def test_a_truncated_log_is_found(platform: Platform, tmp_path: Path, capsys: Heard) -> None:
    grow(platform, 30)
    with served(platform) as address:
        assert monitor(tmp_path, platform, "--log", f"{address}/log") == 0
        forge(platform, size=20)
        capsys.readouterr()
        assert monitor(tmp_path, platform, "--log", f"{address}/log") == 1
        assert "it showed 31 entries, and later only 20" in capsys.readouterr().out


def test_what_the_command_cannot_use_exits_2(platform: Platform, tmp_path: Path, capsys: Heard) -> None:
    policy = tmp_path / "policy.txt"
    assert cli.main(["monitor"]) == 2
    assert cli.main(["monitor", "--policy", str(policy)]) == 2
    policy.write_text("nonsense")
    assert cli.main(["monitor", "--policy", str(policy)]) == 2
    assert cli.main(["monitor", "check", str(policy)]) == 2
    assert monitor(tmp_path, platform, "--log", "ftp://example.cn/log") == 2
    assert monitor(tmp_path, platform, "--log", str(tmp_path / "nowhere")) == 2
    assert monitor(tmp_path, platform, "--origin", "another.example/log") == 2
    assert capsys.readouterr().out == ""
    with pytest.raises(SystemExit) as ended:
        monitor(tmp_path, platform, "--every", "0.1")
    assert ended.value.code == 2
