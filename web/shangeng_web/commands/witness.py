"""`shangeng witness`: the witness of somebody else's log; `shangeng witness init DIR` makes its settings and key."""

import socket
import sys
from argparse import Namespace
from pathlib import Path

import uvicorn

from shangeng_trace.errors import RejectedError
from shangeng_trace.policy import parse_policy
from shangeng_trace.witness.settings import load_key, read_settings, write_settings
from shangeng_trace.witness.witness import Witness
from shangeng_web.cli import Voice
from shangeng_web.witnessing.app import create_witness_app


class NoPolicyGiven(RejectedError):
    """The file named with --policy cannot be read."""

    code = "web.no_policy_given"
    zh = "读不了信任名单 {path}。"
    en = "Cannot read the policy {path}."


def run(arguments: Namespace, voice: Voice) -> int:
    """Serve, after saying the witness's verifier key; or make a folder to serve from."""
    if arguments.action == "init":
        return _init(arguments, voice)
    settings = read_settings(Path(arguments.settings))
    witness = Witness(settings.name, load_key(settings.key_file), settings.logs, settings.data)
    voice.answer(str(witness.vkey))
    sys.stdout.flush()  # whoever waits for the key in a pipe gets it before the first request
    try:
        uvicorn.run(
            create_witness_app(witness),
            host=settings.host,
            port=settings.port,
            access_log=False,
            server_header=False,
            log_level="warning",
        )
    finally:
        witness.close()
    return 0


def _init(arguments: Namespace, voice: Voice) -> int:
    path = Path(arguments.policy)
    try:
        logs = parse_policy(path.read_bytes()).logs
    except OSError as error:
        raise NoPolicyGiven(path=path) from error
    name = arguments.name or f"{socket.getfqdn()}/witness"
    settings = write_settings(Path(arguments.folder), name=name, logs=[log.vkey for log in logs])
    voice.say(
        f"已写好 {settings}。启动：shangeng witness --settings {settings}",
        f"{settings} is ready. Start with: shangeng witness --settings {settings}",
    )
    return 0
