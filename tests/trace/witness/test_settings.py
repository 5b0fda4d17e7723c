"""One file of settings and one key file: written once, read strictly, never overwritten."""

from pathlib import Path

import pytest

from shangeng_trace.witness.settings import WitnessSettingWrong, load_key, read_settings, write_settings
from tests.trace.witness.watching import LOG_VKEY, NAME, ORIGIN


def test_what_init_writes_is_read_back(tmp_path: Path) -> None:
    path = write_settings(tmp_path / "witness", name=NAME, logs=[LOG_VKEY])
    settings = read_settings(path)
    assert (settings.name, settings.host, settings.port) == (NAME, "127.0.0.1", 8790)
    assert settings.logs == {ORIGIN: (LOG_VKEY,)}
    assert settings.key_file.stat().st_mode & 0o777 == 0o600
    assert load_key(settings.key_file) == load_key(settings.key_file)
    with pytest.raises(WitnessSettingWrong):
        write_settings(tmp_path / "witness", name=NAME, logs=[LOG_VKEY])


def test_a_witness_of_no_log_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(WitnessSettingWrong, match="names no log"):
        write_settings(tmp_path / "witness", name=NAME, logs=[])
    assert not (tmp_path / "witness").exists()


def test_two_keys_of_one_log_stand_together_while_it_changes_keys(tmp_path: Path) -> None:
    path = tmp_path / "witness.toml"
    log = f'[[log]]\norigin = "{ORIGIN}"\nvkey = "{LOG_VKEY}"\n'
    path.write_text(f'name = "{NAME}"\n{log}{log}')
    assert read_settings(path).logs == {ORIGIN: (LOG_VKEY, LOG_VKEY)}


LOG = f'[[log]]\norigin = "{ORIGIN}"\nvkey = "{LOG_VKEY}"\n'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name =",
        f'name = "{NAME}"\n',
        f"{LOG}",
        f'name = "two words"\n{LOG}',
        f'name = "{NAME}"\nlisten = "here"\n{LOG}',
        f'name = "{NAME}"\nnmae = "x"\n{LOG}',
        f'name = "{NAME}"\n[[log]]\norigin = "{ORIGIN}"\n',
        f'name = "{NAME}"\n[[log]]\norigin = "{ORIGIN}"\nvkey = "x+y+z"\n',
        f'name = "{NAME}"\nlog = 3\n',
    ],
)
def test_settings_that_are_not_right_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "witness.toml"
    path.write_text(text)
    with pytest.raises(WitnessSettingWrong):
        read_settings(path)


@pytest.mark.parametrize(("text", "mode"), [("ab" * 32, 0o644), ("ab" * 31, 0o600), ("xy" * 32, 0o600), ("", 0o600)])
def test_a_key_file_must_be_private_and_whole(tmp_path: Path, text: str, mode: int) -> None:
    path = tmp_path / "witness.key"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(WitnessSettingWrong):
        load_key(path)
