"""What `shangeng verify` and `shangeng monitor` understand."""

import argparse

from shangeng_web.cli_log import Say


def add_verifying(verify: argparse.ArgumentParser, say: Say) -> None:
    """Say what can be checked, and under what."""
    verify.add_argument(
        "file",
        metavar="FILE",
        help=say("证据包（bundle.json）等，- 为标准输入", "a bundle.json or such; - reads standard input"),
    )
    verify.add_argument(
        "--policy", metavar="FILE", help=say("信任名单（C2SP tlog-policy）", "whom to trust (C2SP tlog-policy)")
    )
    verify.add_argument("--json", action="store_true", help=say("结果写成 JSON", "write the result as JSON"))
    verify.add_argument(
        "--proofs",
        metavar="DIR",
        help=say(
            "证据包通过后，把每条的入账证明写进 DIR（.tlog-proof）",
            "write a .tlog-proof for every entry of a good bundle into DIR",
        ),
    )
    verify.add_argument(
        "--entry",
        metavar="FILE",
        help=say("入账证明所说的那条记录（默认用证明里附的）", "the entry of a .tlog-proof (as the file has it)"),
    )
    verify.add_argument(
        "--statement",
        metavar="FILE",
        help=say("入账证明应当记的那份声明（JSON）", "the statement that a .tlog-proof should record (JSON)"),
    )


def add_monitoring(monitor: argparse.ArgumentParser, say: Say) -> None:
    """Say which log is followed, where memory is kept, and what is told."""
    trust = say("信任名单（C2SP tlog-policy），另行取得", "whom to trust (C2SP tlog-policy), had from elsewhere")
    monitor.add_argument("--policy", metavar="FILE", help=trust)
    monitor.add_argument(
        "--log",
        metavar="URL|DIR",
        help=say("账本的网址或导出目录（默认取自名单）", "its address, or an export (as in the policy)"),
    )
    monitor.add_argument("--origin", help=say("名单里有几本账时，看哪一本", "which log, where the policy has several"))
    monitor.add_argument(
        "--state",
        metavar="DIR",
        default="shangeng-monitor",
        help=say(
            "记忆和证据放在哪里（默认 shangeng-monitor）", "where memory and evidence are kept (shangeng-monitor)"
        ),
    )
    monitor.add_argument(
        "--watch",
        metavar="CHAIN",
        action="append",
        default=[],
        help=say(
            "这条链有新的密钥或状态记录就告诉我，如 member:1a2b；可重复",
            "tell of every new key or status entry in a chain, such as member:1a2b; may be repeated",
        ),
    )
    monitor.add_argument(
        "--late",
        metavar="SECONDS",
        type=int,
        default=86_400,
        help=say("见证多久算过时（默认一天；0 不查）", "how old cosignatures may be (86400; 0 for any age)"),
    )
    monitor.add_argument(
        "--every",
        metavar="SECONDS",
        type=_pause,
        help=say("每隔多少秒再看一次，只报变化", "look again and again, and tell only what changes"),
    )
    monitor.add_argument("--json", action="store_true", help=say("结果写成 JSON", "write the result as JSON"))
    checks = monitor.add_subparsers(dest="action", metavar="ACTION")
    checking = say(
        "离线核对一份证据：1 属实，0 不成立，2 不是证据",
        "check an evidence file offline: 1 it holds, 0 it does not, 2 it is none",
    )
    check = checks.add_parser("check", help=checking, description=checking)
    check.add_argument("evidence", metavar="EVIDENCE")
    # Not given here means given before the action, or nowhere.
    check.add_argument("--policy", metavar="FILE", default=argparse.SUPPRESS, help=trust)
    check.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help=say("结果写成 JSON", "write the result as JSON")
    )


def _pause(text: str) -> float:
    """Read a time between two looks: a guest does not knock more than once a second."""
    seconds = float(text)
    if not seconds >= 1:
        raise ValueError(text)
    return seconds
