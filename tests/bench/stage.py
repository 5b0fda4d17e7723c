"""What a measurement needs: a database with a story in it, a running server, and events signed with a key of one's own."""

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from shangeng_trace.canonical import canonical
from shangeng_trace.keyring import register_key
from shangeng_trace.keys import SigningKey
from shangeng_trace.registry import get_organisation, platform_organisation
from shangeng_trace.registry_tables import Role
from shangeng_trace.statements import Signer, seal
from shangeng_web.platform import Platform
from shangeng_web.settings import PREFIX, Settings
from shangeng_web.tokens import create_token
from tests.observing import in_store
from tests.people import sign_up
from tests.story import tell_story


@dataclass(frozen=True)
class Stage:
    """A told story, and who may add to it."""

    settings: Settings
    batch: str
    token: str
    signer: Signer

    def events(self, count: int) -> list[bytes]:
        """Return signed observations of the batch, as JSON."""
        moment = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        said = (in_store(self.batch, moment, {"store_place": "成品库 2 号架", "temp_c": 12}) for _ in range(count))
        return [canonical(seal(event.document(), self.signer, created=moment).document) for event in said]


def set_stage(folder: Path, database_url: str = "") -> Stage:
    """Tell the story in a new database and register a key and a token for its producer."""
    settings = Settings(
        data_dir=folder, database_url=database_url, password_rounds=1, password_memory_kib=64, demo=True
    )
    platform = Platform.open(settings)
    people = sign_up(platform)
    story = tell_story(platform, people)
    key = SigningKey.generate()

    def register(session: Session) -> tuple[str, str]:
        keyring = platform.office.keyring
        organisation = get_organisation(session, people.producer.organisation.id)
        registrar = keyring.signer(session, platform_organisation(session).id)
        row = register_key(session, keyring, organisation, registrar=registrar, public=key.public)
        _, token = create_token(
            session, people.producer.actor, name="bench", roles=[Role.MANAGER], moment=platform.office.clock()
        )
        return row.id, token

    key_id, token = platform.writer.run(register)
    asyncio.run(platform.close())
    return Stage(settings, story.leaf, token, Signer.of(platform.office.keyring.host, key_id, key))


def environment(stage: Stage, **more: str) -> dict[str, str]:
    """Return what tells a process of the product where everything is."""
    told = {
        "DATA_DIR": str(stage.settings.data_dir),
        "DATABASE_URL": stage.settings.database_url,
        "ORIGIN": stage.settings.origin,
        "DEMO": "1",
        "LOOK_UPS_PER_MINUTE": "1000000",
        **more,
    }
    return os.environ | {PREFIX + name: value for name, value in told.items()}


def shangeng(*words: str) -> list[str]:
    """Return the command line of a command of the product."""
    return [sys.executable, "-c", "import sys; from shangeng_web.cli import main; sys.exit(main(sys.argv[1:]))", *words]


@contextmanager
def serving(stage: Stage, **more: str) -> Generator[int]:
    """Run the server in a process of its own, with `more` settings; yield its port."""
    port = free_port()
    command = ["-m", "uvicorn", "--factory", "tests.bench.server:create", "--port", str(port), "--log-level", "error"]
    server = subprocess.Popen(
        [sys.executable, *command, "--no-access-log"],
        env=environment(stage, **more),
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", server)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    """Wait until a process answers at an address."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError("the server ended")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(url)


def json_array(events: list[bytes]) -> bytes:
    """Return the body of a bulk request."""
    return b'{"events":[' + b",".join(events) + b"]}"
