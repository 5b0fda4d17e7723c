"""The command `shangeng`. A command's module is loaded when it runs, so that verifying a file loads no server.

Exit codes: 0 done or good, 1 not done or something is wrong, 2 misunderstood or unusable.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from unicodedata import category

from shangeng_trace.errors import InvalidError, ShangengError
from shangeng_web.cli_checking import add_monitoring, add_verifying
from shangeng_web.cli_log import add_custody, add_log

_MODULES = "shangeng_web.commands."
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of what steers a display instead of standing on it."""


class AnswerLostError(Exception):
    """Standard output takes no more: a full disk, for one. What was asked may be done; its answer is not there."""


@dataclass(frozen=True, slots=True)
class Voice:
    """In which language the command speaks: answers to standard output, everything else to standard error."""

    language: str

    def words(self, zh: str, en: str) -> str:
        """Return the words in the right language."""
        return en if self.language == "en" else zh

    def answer(self, text: str) -> None:
        """Write a line of the answer."""
        _write(f"{_printable(text)}\n")

    def answer_json(self, value: object, *, indent: int | None = 1) -> None:
        """Write the answer for programs: JSON, in plain ASCII where the output is not UTF-8."""
        is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        _write(f"{json.dumps(value, ensure_ascii=not is_utf8, indent=indent)}\n")

    def say(self, zh: str, en: str) -> None:
        """Write a line to the person who is waiting."""
        sys.stderr.write(f"{self.words(zh, en)}\n")

    def complain(self, error: ShangengError) -> None:
        """Write what is wrong, a line each."""
        for each in error.problems if isinstance(error, InvalidError) else (error,):
            sys.stderr.write(f"{_printable(each.sentence(self.language))}\n")


def _printable(text: str) -> str:
    """Return a line as it may be shown: what a stranger's file says of itself moves no cursor and turns no text around."""
    return "".join(
        character.encode("unicode_escape").decode() if category(character) in _UNSEEN else character
        for character in text
    )


def _write(text: str = "") -> None:
    """Write to standard output, and without a text what waits there to be written; raises `AnswerLostError`."""
    try:
        if text:
            sys.stdout.write(text)
        else:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _close_output()
        raise AnswerLostError(error.strerror) from None


def _close_output() -> None:
    """Let what is left to write go nowhere: Python would try again at its end, and say so in words of its own."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = sys.argv[1:] if words is None else list(words)
    voice = Voice(_language(words))
    reconfigure: Callable[..., None] | None = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:  # ✓ is not in every terminal's alphabet, and no reason to fail
        reconfigure(errors="backslashreplace")
    arguments = _parser(voice).parse_args(words)
    try:
        code: int = import_module(_MODULES + arguments.command).run(arguments, voice)
        _write()
    except ShangengError as error:
        voice.complain(error)
        return 2 if isinstance(error, InvalidError) else 1
    except AnswerLostError as error:
        voice.say(f"结果没能写出来：{error}。", f"The answer could not be written: {error}.")
        return 1
    except BrokenPipeError:  # whoever read the output has read enough
        _close_output()
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _language(words: Sequence[str]) -> str:
    """Read --lang before the parser exists, which speaks the language too; else ask the environment."""
    for word, after in zip(words, [*words[1:], ""], strict=False):
        if word == "--lang" or word.startswith("--lang="):
            return "en" if (word.partition("=")[2] or after) == "en" else "zh"
    local = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "en" if local.lower().startswith("en") else "zh"


def _parser(voice: Voice) -> argparse.ArgumentParser:
    say = voice.words
    parser = argparse.ArgumentParser(
        "shangeng", description=say("丽水山耕：溯源与认证", "Lishui Shangeng: traceability and certification")
    )
    parser.add_argument("--version", action="version", version=f"shangeng {version('shangeng')}")
    parser.add_argument("--lang", choices=("zh", "en"), help=say("说哪种语言", "which language to speak"))
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, zh: str, en: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=say(zh, en), description=say(zh, en))

    serve = command("serve", "启动服务", "serve the pages and the API")
    serve.add_argument("--host", help=say("监听地址（默认 127.0.0.1）", "address to listen on (127.0.0.1)"))
    serve.add_argument("--port", type=int, help=say("监听端口（默认 8000）", "port to listen on (8000)"))
    serve.add_argument(
        "--workers",
        type=int,
        default=1,
        help=say("进程数，多于 1 个需要 PostgreSQL", "processes; more than one needs PostgreSQL"),
    )
    serve.add_argument("--demo", action="store_true", default=None, help=say("带演示数据", "with demonstration data"))

    command("migrate", "把数据库升级到本版本", "bring the database to this version")

    demo = command("demo", "生成演示数据（已有则不变）", "make the demonstration data, if absent")
    demo.add_argument(
        "--json",
        action="store_true",
        help=say("把批次、证书、登录账号写成 JSON", "list batches, certificates and logins as JSON"),
    )

    audit = command(
        "audit",
        "重读并重算账本的每一个字节；有错则逐条列出，退出码 1",
        "re-read and re-compute everything stored; name what is wrong, exit 1",
    )
    audit.add_argument("--json", action="store_true", help=say("结果写成 JSON", "write the result as JSON"))

    backup = command(
        "backup",
        "备份整个数据库和照片，服务不用停；写完重读一遍核对",
        "back up the whole database and the photos, beside a running server; read again when written",
    )
    backup.add_argument(
        "target",
        metavar="FILE_OR_DIR",
        help=say("写到哪里；给目录则自动取名", "where to; in a folder it gets a name of its own"),
    )
    backup.add_argument(
        "--with-master-key",
        action="store_true",
        help=say("连主密钥文件一起放进去（请加密存放）", "put the master key's file in as well (keep it encrypted)"),
    )

    restore = command(
        "restore",
        "把备份恢复到空的数据库，审计，并与见证方、导出目录核对",
        "restore a backup into an empty database, audit it, and compare with witnesses and the export",
    )
    restore.add_argument("source", metavar="FILE", help=say("备份文件", "the backup"))

    verify = command(
        "verify",
        "离线核验证据包、入账证明（.tlog-proof）或监督证据：0 通过，1 不通过，2 无法核验",
        "check a proof bundle, a .tlog-proof or a monitor's evidence offline: 0 good, 1 bad, 2 unusable",
    )
    add_verifying(verify, say)

    add_log(command("log", "公开的日志", "the public log"), say)
    add_custody(command("custody", "托管私钥的主密钥", "the master key of the private keys in custody"), say)

    witness = command(
        "witness",
        "见证别人的账本：只在它只增不改时签名作证",
        "witness somebody's log: cosign it while it does nothing but grow",
    )
    witness.add_argument(
        "--settings",
        metavar="FILE",
        default="witness.toml",
        help=say("设置文件（默认 witness.toml）", "the settings (witness.toml)"),
    )
    witness_actions = witness.add_subparsers(dest="action", metavar="ACTION")
    starting = say("在 DIR 里写好设置文件和新密钥", "write settings and a fresh key into DIR")
    init = witness_actions.add_parser("init", help=starting, description=starting)
    init.add_argument("folder", metavar="DIR")
    init.add_argument(
        "--name", help=say("见证方的名称，如 witness.example.cn/lab", "its name, such as witness.example.cn/lab")
    )
    init.add_argument(
        "--policy",
        metavar="FILE",
        required=True,
        help=say("账本的 /log/policy，写明要见证谁", "the log's /log/policy: whom to witness"),
    )

    monitor = command(
        "monitor",
        "从外面看着一本账：核对每一条、每一步，发现问题留下证据；0 正常，1 有发现，2 看不到",
        "follow a log from outside: check every entry and every step, keep evidence; 0 fine, 1 something found, 2 unseen",
    )
    add_monitoring(monitor, say)

    _add_keys(command("keys", "签名密钥", "signing keys"), say)
    return parser


def _add_keys(keys: argparse.ArgumentParser, say: Callable[[str, str], str]) -> None:
    actions = keys.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, zh: str, en: str) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=say(zh, en), description=say(zh, en))
        parser.add_argument("--json", action="store_true", help=say("结果写成 JSON", "write the result as JSON"))
        return parser

    def expiring(parser: argparse.ArgumentParser) -> None:
        until = say("到什么时候为止，如 2027-12-31", "until when it counts, such as 2027-12-31")
        parser.add_argument("--expires", metavar="INSTANT", help=until)

    listing = action("list", "列出账本认得的密钥", "list the keys that the log knows")
    listing.add_argument(
        "--organisation", metavar="ORGANISATION", help=say("只列这个单位的", "of this organisation alone")
    )
    making = action(
        "new",
        "给一个单位新建一把托管密钥，以后用它签名",
        "make a new key in custody for an organisation, which signs from now on",
    )
    making.add_argument("organisation", metavar="ORGANISATION")
    expiring(making)
    rotating = action(
        "rotate",
        "把一把托管密钥换新：登记新的，作废旧的，一步完成",
        "replace a key in custody: register the new one and revoke the old, in one step",
    )
    rotating.add_argument("key", metavar="KEY")
    expiring(rotating)
    revoking = action(
        "revoke",
        "从现在起作废一把密钥；此前签的仍然有效",
        "revoke a key from here on; what it has signed so far still counts",
    )
    revoking.add_argument("key", metavar="KEY")
    revoking.add_argument(
        "--reason",
        choices=("rotated", "lost", "compromised", "left", "other"),
        default="other",
        help=say("原因：换新、遗失、泄露、离开、其他", "why"),
    )
