"""A witness's one file of settings, in TOML, and its key file beside it.

name = "witness.example.cn/lab"
data = "."
listen = "127.0.0.1:8790"

[[log]]
origin = "trace.example.cn/log"
vkey = "trace.example.cn/log+…"
"""

import json
import os
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never

from shangeng_trace.errors import RejectedError, VerificationError
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.note import SignatureType, Vkey, parse_vkey

SETTINGS = "witness.toml"
KEY = "witness.key"
LISTEN = "127.0.0.1:8790"
_OTHERS = 0o077
_KEY_DIGITS = 64
_KNOWN = {"name", "data", "listen", "log"}


class WitnessSettingWrong(RejectedError):
    """The settings or the key file of a witness cannot be used."""

    code = "witness.setting_wrong"
    zh = "见证方的设置 {path}：{problem_zh}"
    en = "Witness settings {path}: {problem_en}"


@dataclass(frozen=True, slots=True)
class WitnessSettings:
    """What a witness is told: its name, where its data is, where it listens, and each log's keys by origin."""

    name: str
    data: Path
    host: str
    port: int
    logs: dict[str, tuple[Vkey, ...]]

    @property
    def key_file(self) -> Path:
        """The file of the private key."""
        return self.data / KEY


def read_settings(path: Path) -> WitnessSettings:
    """Read the file; raises `WitnessSettingWrong`."""
    try:
        told: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        _wrong(path, f"读不了（{error}）", f"cannot be read ({error})")
    if unknown := sorted(told.keys() - _KNOWN):
        _wrong(path, f"没有这个设置：{unknown[0]}", f"there is no setting {unknown[0]}")
    host, _, port = str(told.get("listen", LISTEN)).rpartition(":")
    if not host or not port.isdecimal():
        _wrong(path, "listen 应写成 地址:端口", "write listen as address:port")
    logs: defaultdict[str, tuple[Vkey, ...]] = defaultdict(tuple)
    try:
        name = Vkey(str(told.get("name", "")), SignatureType.PRIVATE, b"").name
        for log in told.get("log", ()):
            vkey = parse_vkey(log["vkey"])
            if vkey.type is not SignatureType.ED25519:
                _wrong(path, "vkey 应是账本自己的 Ed25519 钥匙", "vkey must be the log's own Ed25519 key")
            logs[log["origin"]] += (vkey,)
    except (VerificationError, KeyError, TypeError, AttributeError):
        _wrong(path, "name 或 [[log]] 的 origin、vkey 不对", "name, or the origin or vkey of a [[log]], is not right")
    if not logs:
        _wrong(path, "至少写一个 [[log]]", "name at least one [[log]]")
    return WitnessSettings(name, path.parent / str(told.get("data", ".")), host.strip("[]"), int(port), dict(logs))


def write_settings(folder: Path, *, name: str, logs: Sequence[Vkey]) -> Path:
    """Write a settings file and a fresh key into `folder`; raises `WitnessSettingWrong` where either exists."""
    path = folder / SETTINGS
    if not logs:
        _wrong(path, "信任名单里没有账本（log 行）", "the trust policy names no log")
    lines = [f"name = {json.dumps(name)}", 'data = "."', f"listen = {json.dumps(LISTEN)}"]
    for log in logs:
        lines += ["", "[[log]]", f"origin = {json.dumps(log.name)}", f"vkey = {json.dumps(str(log))}"]
    try:
        Vkey(name, SignatureType.PRIVATE, b"")
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        _write_key(folder / KEY)
    except VerificationError:
        _wrong(path, "name 不能为空，不能有空格和加号", "name must not be empty or hold a space or a plus sign")
    except FileExistsError as error:
        _wrong(Path(str(error.filename)), "已经有了，不会覆盖", "is there already and is not overwritten")
    except OSError as error:
        _wrong(path, f"写不了（{error.strerror}）", f"cannot be written ({error.strerror})")
    return path


def load_key(path: Path) -> SigningKey:
    """Read the witness's key, 64 hexadecimal digits in a file its owner alone can reach; see `WitnessSettingWrong`."""
    try:
        if path.stat().st_mode & _OTHERS:
            _wrong(path, "别人也能读，请执行 chmod 600", "others can read it: run chmod 600 on it")
        text = path.read_text(encoding="ascii").strip()
        raw = bytes.fromhex(text)
    except (OSError, ValueError):
        _wrong(path, "打不开或不是密钥文件", "cannot be opened, or is no key file")
    if len(text) != _KEY_DIGITS:
        _wrong(path, "不是密钥文件", "is no key file")
    return SigningKey.from_bytes(Algorithm.ED25519, raw)


def _write_key(path: Path) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(SigningKey.generate().to_bytes().hex() + "\n")
        file.flush()
        os.fsync(file.fileno())


def _wrong(path: Path, zh: str, en: str) -> Never:
    raise WitnessSettingWrong(path=path, problem_zh=zh, problem_en=en)
