"""What `shangeng log` and `shangeng custody` understand; kept apart so that the command line's one page stays one."""

import argparse
from collections.abc import Callable
from typing import Any

Say = Callable[[str, str], str]


def add_log(log: argparse.ArgumentParser, say: Say) -> None:
    """Add the actions of `shangeng log`."""
    actions = log.add_subparsers(dest="action", metavar="ACTION", required=True)
    _action(
        actions,
        "export",
        say(
            "把日志导出成文件，任何文件服务器或 CDN 都能直接提供；可重复执行，只写新增的",
            "write the log as files that any file server or CDN can serve; run it again for what is new",
        ),
    ).add_argument("folder", metavar="DIR")
    _add_log_keys(_action(actions, "key", say("日志自己的密钥", "the log's own keys")), say)
    freeze = _action(
        actions,
        "freeze",
        say(
            "永久封存账本：写下最后一条，以后只读；不能撤销",
            "end the log for good: a last entry, and only reading afterwards; there is no way back",
        ),
    )
    freeze.add_argument(
        "--confirm",
        metavar="ORIGIN",
        required=True,
        help=say("写出日志名称，表示确实要封存", "the log's name, to say that this is meant"),
    )
    _action(
        actions,
        "keep-time",
        say(
            "时钟走快过之后的出路：承认账本时间超前，在时钟赶上之前新记录沿用它",
            "after a clock ran ahead: say that the log's time is ahead; entries keep it until clocks have caught up",
        ),
    )


def _add_log_keys(key: argparse.ArgumentParser, say: Say) -> None:
    actions = key.add_subparsers(dest="key_action", metavar="ACTION", required=True)
    _action(actions, "list", say("列出日志用过的和在用的密钥", "list the keys that the log has had and has"))
    _action(
        actions,
        "next",
        say("启用新密钥：从这一条起新旧两把都签", "bring in a new key: from this entry on both sign"),
    )
    retire = _action(
        actions,
        "retire",
        say(
            "旧密钥退役：公布的检查点有新密钥签名之后才行",
            "let the old key go, once the published head bears the new one",
        ),
    )
    retire.add_argument(
        "--destroy", action="store_true", help=say("同时销毁它的私钥", "destroy its private half as well")
    )
    destroy = _action(
        actions,
        "destroy",
        say("销毁已退役密钥的私钥；公钥永远保留", "destroy a retired key's private half; the public one stays"),
    )
    destroy.add_argument("key", metavar="KEY")


def add_custody(custody: argparse.ArgumentParser, say: Say) -> None:
    """Add the actions of `shangeng custody`."""
    actions = custody.add_subparsers(dest="action", metavar="ACTION", required=True)
    _action(actions, "list", say("托管的私钥各用哪一把主密钥加密", "which master key each private key is wrapped with"))
    rotate = _action(
        actions,
        "rotate",
        say(
            "换主密钥：不停服务，中断后可重跑；旧主密钥留在文件里，供旧备份使用",
            "change the master key while servers run; run it again after an interruption; the old one stays in the file for old backups",
        ),
    )
    rotate.add_argument(
        "--prepare",
        action="store_true",
        help=say(
            "只把新主密钥写进文件，先分发到每台服务器，再执行一次",
            "write the new one into the file only; copy that to every machine and run again",
        ),
    )
    _action(
        actions,
        "forget",
        say(
            "把旧主密钥从文件里去掉；旧备份从此打不开",
            "remove the old master key from the file; old backups cannot be opened any more",
        ),
    )
    save = _action(
        actions,
        "save",
        say(
            "把由 SHANGENG_SECRET 得出的主密钥写成文件，以后就能换",
            "write the master key that comes from SHANGENG_SECRET into a file, after which it can be changed",
        ),
    )
    save.add_argument("file", metavar="FILE")


def _action(actions: Any, name: str, words: str) -> argparse.ArgumentParser:
    """Add an action; argparse has no public name for what holds them."""
    parser: argparse.ArgumentParser = actions.add_parser(name, help=words, description=words)
    return parser
