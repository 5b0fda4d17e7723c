"""Everything a deployment may set, read once from the environment and one optional file.

`Settings` is frozen and checks itself: an object of it that exists is fit to start with. Every setting has a
default that works on a laptop; a deployment that others can reach must bring its own address and secret.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shangeng_trace.errors import InvalidError, RejectedError, ShangengError

PREFIX = "SHANGENG_"
SECRET_CHARACTERS = 32
_SECRET_VARIETY = 10
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


class SettingWrong(RejectedError):
    """A setting cannot be used as it is; `field` is its name."""

    code = "web.setting_wrong"
    zh = "{name}：{problem_zh}"
    en = "{name}: {problem_en}"


def _wrong(name: str, zh: str, en: str) -> SettingWrong:
    return SettingWrong(field=name, name=PREFIX + name.upper(), problem_zh=zh, problem_en=en)


def _setting(default: Any, zh: str, en: str, *, shown: str | None = None) -> Any:
    """Declare a setting; `shown` is the default in words, where it follows from other settings."""
    return field(default=default, metadata={"zh": zh, "en": en, "shown": shown})


@dataclass(frozen=True)
class Settings:
    """What a deployment has set. Raises `InvalidError` over `SettingWrong` for values it must not start with."""

    demo: bool = _setting(
        False, "演示：启动时生成演示数据，并自动升级数据表", "Demonstration: make its data and migrate at the start"
    )
    origin: str = _setting(
        "",
        "对外网址，标签和链接都用它；对外开放时必须是 https",
        "Public address, used in labels and links; https in public",
        shown="http://127.0.0.1:PORT",
    )
    secret: str = _setting(
        "",
        "随机长文本（至少 32 个字符），与数据分开保管；对外开放时必填，没有主密钥文件时由它得出主密钥，因此不可更换",
        "Long random text (32 characters or more), kept apart from the data; required in public; without a master key file the master key comes from it, so it must stay the same",
    )
    data_dir: Path = _setting(Path("data"), "数据目录", "Folder of the data")  # noqa: RUF009 - it makes a dataclass field
    database_url: str = _setting(
        "",
        "数据库：sqlite:///文件 或 postgresql://…",
        "Database: sqlite:///file or postgresql://…",
        shown="DATA_DIR/shangeng.sqlite",
    )
    master_key_file: Path | None = _setting(  # noqa: RUF009 - it makes a dataclass field
        None,
        "主密钥文件（32 字节，权限 600），用来加密托管的私钥",
        "File of the master key (32 bytes, mode 600) that encrypts the private keys in custody",
        shown="DATA_DIR/master.key on a laptop; else from SECRET",
    )
    log_origin: str = _setting(
        "",
        "日志名称，写入每一条记录，启用后不可更改",
        "Name of the log, part of every entry; never changes once in use",
        shown="host of ORIGIN + /log",
    )
    witnesses: Path | None = _setting(  # noqa: RUF009 - it makes a dataclass field
        None,
        "见证方名单文件（C2SP tlog-policy：witness 带网址，并写明 quorum）；为空时没有见证方",
        "File naming the witnesses (C2SP tlog-policy: witness lines with URLs, and a quorum); without it there are none",
    )
    export_dir: Path | None = _setting(  # noqa: RUF009 - it makes a dataclass field
        None,
        "日志导出目录（shangeng log export 写的）；启动时核对，防止旧备份造成分叉",
        "Folder that shangeng log export writes to; compared at the start, so that an old backup cannot fork the log",
    )
    heartbeat_minutes: int = _setting(
        10,
        "账本没有新记录时，每隔多少分钟重新请见证方联署、并由日志时钟签时间（最多 60）",
        "Minutes after which a log that does not grow is cosigned and dated again (60 at most)",
    )
    platform_name: str = _setting(
        "丽水山耕平台",
        "平台运营单位名称，首次启动时登记",
        "Name of the platform's operator, registered at the first start",
    )
    platform_number: str = _setting("", "平台运营单位的统一社会信用代码", "Its unified social credit code")
    host: str = _setting("127.0.0.1", "监听地址", "Address to listen on")
    port: int = _setting(8000, "监听端口", "Port to listen on")
    trust_proxy: str = _setting(
        "",
        "可信反向代理的地址，逗号分隔；只信任它们转发的访客地址和协议",
        "Addresses of reverse proxies, separated by commas, whose forwarded client address and scheme are believed",
    )
    body_limit: int = _setting(2_000_000, "一次提交的最大字节数", "Largest request body in bytes")
    upload_limit: int = _setting(
        12_000_000, "带照片或附件的提交的最大字节数", "Largest request body with photos or files, in bytes"
    )
    look_ups_per_minute: int = _setting(120, "每个访客每分钟可查询标签的次数", "Label look-ups per visitor and minute")
    logins_per_minute: int = _setting(60, "每个访客每分钟可登录的次数", "Logins tried per visitor and minute")
    password_rounds: int = _setting(3, "Argon2id 轮数", "Rounds of Argon2id")
    password_memory_kib: int = _setting(65_536, "Argon2id 内存（KiB）", "Memory of Argon2id in KiB")
    metrics_token: str = _setting(
        "", "读取 /metrics 的令牌；为空时只允许本机读取", "Token for reading /metrics; without it only this machine may"
    )

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise InvalidError(problems)
        self._default("origin", f"http://{_in_url(self.host) if is_loopback(self.host) else '127.0.0.1'}:{self.port}")
        self._default("log_origin", f"{self.hostname}/log")
        self._default("database_url", f"sqlite:///{self.data_dir.absolute() / 'shangeng.sqlite'}")

    def _default(self, name: str, value: str) -> None:
        # The one moment at which a frozen settings object still takes shape.
        object.__setattr__(self, name, (getattr(self, name) or value).rstrip("/"))

    def _problems(self) -> "list[SettingWrong]":
        problems: list[SettingWrong] = []
        parts = urlsplit(self.origin or "http://127.0.0.1")
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.path.strip("/")
            or parts.query
            or parts.username
        ):
            return [_wrong("origin", "应写成 https://域名，不带路径", "write it as https://host, without a path")]
        if is_loopback(parts.hostname):
            if not self.demo and not is_loopback(self.host):
                problems.append(
                    _wrong(
                        "origin",
                        f"监听 {self.host} 就是对外开放，请写明对外网址",
                        f"listening on {self.host} is public: say the public address",
                    )
                )
        else:
            if parts.scheme != "https":
                problems.append(_wrong("origin", "对外开放必须用 https", "a public address must be https"))
            if len(self.secret) < SECRET_CHARACTERS or len(set(self.secret)) < _SECRET_VARIETY:
                problems.append(
                    _wrong(
                        "secret",
                        f"对外开放必须自设，至少 {SECRET_CHARACTERS} 个随机字符",
                        f"a public deployment needs its own, {SECRET_CHARACTERS} random characters or more",
                    )
                )
        if not 0 < self.heartbeat_minutes <= 60:  # noqa: PLR2004 - minutes of an hour, which witnesses keep to
            problems.append(_wrong("heartbeat_minutes", "应在 1 到 60 之间", "must be between 1 and 60"))
        if not 0 < self.port < 65536:  # noqa: PLR2004 - the range of ports
            problems.append(_wrong("port", "应在 1 到 65535 之间", "must be between 1 and 65535"))
        return problems

    @property
    def is_public(self) -> bool:
        """Whether others than this machine are meant to reach the deployment."""
        return not is_loopback(urlsplit(self.origin).hostname or "")

    @property
    def is_secure(self) -> bool:
        """Whether people reach the deployment over https."""
        return self.origin.startswith("https:")

    @property
    def hostname(self) -> str:
        """The name under which the log and its keys are known.

        On a laptop it has no port, so that the same data can be served on any.
        """
        parts = urlsplit(self.origin)
        return parts.netloc if self.is_public else _in_url(parts.hostname or "127.0.0.1")

    @property
    def media_dir(self) -> Path:
        """The folder of photos and reports, each under its SHA-256."""
        return self.data_dir / "media"

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None, **given: Any) -> "Settings":
        """Read the environment (by default this process's) and the file it names with SHANGENG_SETTINGS.

        `given` comes from a command line and wins; the environment wins over the file. Raises `InvalidError`.
        """
        environ = os.environ if environ is None else environ
        texts: dict[str, Any] = _read_file(environ.get(PREFIX + "SETTINGS", ""))
        known = {each.name: each for each in fields(cls)}
        unknown = sorted(texts.keys() - known.keys())
        problems: list[RejectedError] = [_wrong(name, "没有这个设置", "there is no such setting") for name in unknown]
        texts |= {name: environ[PREFIX + name.upper()] for name in known if PREFIX + name.upper() in environ}
        values: dict[str, Any] = {}
        for name in known.keys() & texts.keys():
            try:
                values[name] = _convert(known[name], texts[name])
            except ValueError:
                problems.append(_wrong(name, f"“{texts[name]}”不能用", f"“{texts[name]}” cannot be used"))
        if problems:
            raise InvalidError(problems)
        return cls(**values | {name: value for name, value in given.items() if value is not None})


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine alone."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _read_file(path: str) -> dict[str, Any]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise InvalidError([_wrong("settings", f"读不了 {path}", f"cannot read {path}")]) from exc


def _convert(setting: "Field[Any]", value: Any) -> Any:
    text = str(value).strip()
    if setting.type is bool:
        if text.lower() not in _TRUE | _FALSE:
            raise ValueError(text)
        return text.lower() in _TRUE
    if setting.type is int:
        return int(text)
    if setting.type is str:
        return text
    return Path(text) if text else None


def document() -> str:
    """Return docs/settings.md: one table of every setting."""
    lines = ["| setting | default | 说明 | meaning |", "| --- | --- | --- | --- |"]
    for each in fields(Settings):
        assert each.default is not MISSING
        default = each.metadata["shown"] or ("" if each.default is None else str(each.default))
        shown = f"`{default}`" if default else ""
        lines.append(f"| `{PREFIX}{each.name.upper()}` | {shown} | {each.metadata['zh']} | {each.metadata['en']} |")
    return (
        "# Settings\n\n"
        "Settings come from the environment. `SHANGENG_SETTINGS` may name a TOML file that holds some of them, in lower\n"
        'case and without the prefix (`origin = "https://trace.example.cn"`); the environment wins.\n\n'
        + "\n".join(lines)
        + "\n"
    )


def explain(error: ShangengError, language: str) -> str:
    """Write an error with all its parts, a line each."""
    problems: tuple[ShangengError, ...] = error.problems if isinstance(error, InvalidError) else (error,)
    return "\n".join(problem.sentence(language) for problem in problems)
