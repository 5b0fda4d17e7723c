"""The product's own command as a process that tests may stop in any manner, and what its clients need."""

import asyncio
import os
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlmodel import Session

from shangeng_trace.batches import Take, open_batch
from shangeng_trace.canonical import canonical
from shangeng_trace.keyring import register_key
from shangeng_trace.keys import SigningKey
from shangeng_trace.recording import Telling
from shangeng_trace.registry import add_product, get_organisation, platform_organisation
from shangeng_trace.registry_tables import Role
from shangeng_trace.statements import Signer, seal
from shangeng_web import cli
from shangeng_web.platform import Platform
from shangeng_web.settings import PREFIX, Settings
from shangeng_web.tokens import create_token
from tests.e2e.server import PATIENCE
from tests.observing import in_store
from tests.people import People, sign_up

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Scene:
    """A platform on disk with one batch, whose owner signs events with a key of its own and has a token."""

    settings: Settings
    batch: str
    token: str
    signer: Signer

    def event(self, *, record: dict[str, object] | None = None) -> bytes:
        """Return a signed observation of the batch that nobody has seen yet."""
        moment = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
        said = in_store(self.batch, moment, record or {"store_place": "成品库 2 号架"})
        return canonical(seal(said.document(), self.signer, created=moment).document)

    def process(self, port: int, **more: str) -> "ServerProcess":
        """Return a server over this platform, not yet started."""
        given = {
            "DATA_DIR": str(self.settings.data_dir),
            "DATABASE_URL": self.settings.database_url,
            "PORT": str(port),
            **more,
        }
        return ServerProcess(port, environment(**given), self.settings.data_dir / f"server-{port}.log")


def environment(**settings: str) -> dict[str, str]:
    """Return this process's environment with exactly these settings of the product."""
    paths = os.pathsep.join(str(REPOSITORY / name) for name in (".", "trace", "certs", "labels", "web"))
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {**others, "PYTHONPATH": paths, **{PREFIX + name: value for name, value in settings.items()}}


def set_scene(settings: Settings) -> Scene:
    """Found a platform and leave it closed."""
    platform = Platform.open(settings)
    try:
        return scene_on(platform, sign_up(platform))
    finally:
        asyncio.run(platform.close())


def scene_on(platform: Platform, people: People) -> Scene:
    """Set the scene on an open platform."""
    key, owner, office = SigningKey.generate(), people.producer.actor, platform.office

    def prepare(session: Session) -> tuple[str, str, str]:
        registrar = office.keyring.signer(session, platform_organisation(session).id)
        organisation = get_organisation(session, owner.organisation_id)
        row = register_key(session, office.keyring, organisation, registrar=registrar, public=key.public)
        _, token = create_token(session, owner, name="faults", roles=[Role.MANAGER], moment=office.clock())
        product = add_product(
            session,
            office,
            owner,
            name="惠明茶",
            category="tea",
            unit="kg",
            net_amount="50",
            net_unit="g",
            pack_unit="tin",
        )
        batch, _ = open_batch(
            session,
            office,
            owner,
            product_id=product.id,
            lot="HM20260501",
            step="intake",
            values={"origin": "大均乡", "supplier": "雷师傅", "received_on": "2026-04-12"},
            take=Take("100"),
            telling=Telling(at=datetime.now(UTC) - timedelta(hours=2)),
        )
        return row.id, token, batch

    key_id, token, batch = platform.writer.run(prepare)
    return Scene(platform.settings, batch, token, Signer.of(office.keyring.host, key_id, key))


def _serve(environment: dict[str, str], port: int, log: Path) -> None:
    """Be the command, in a process of its own."""
    os.environ.clear()
    os.environ.update(environment)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(out, sys.stdout.fileno())
    os.dup2(out, sys.stderr.fileno())
    sys.exit(cli.main(["serve", "--port", str(port)]))


@dataclass
class ServerProcess:
    """`shangeng serve`; `start` it, and `kill` it with no chance to tidy up."""

    port: int
    environment: dict[str, str]
    log: Path
    process: BaseProcess | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "ServerProcess":
        """Start it and wait until it answers."""
        self.launch()
        self.wait()
        return self

    def launch(self) -> None:
        """Start it, and do not wait."""
        # Forked from a process that has read the code already: a hundred kills need as many starts.
        context = get_context("forkserver")
        context.set_forkserver_preload(
            [
                "tests.faults.http",
                "tests.postgres",
                "shangeng_web.auditing",
                "shangeng_web.app",
                "shangeng_web.commands.serve",
                "shangeng_web.demo",
            ]
        )
        self.process = context.Process(target=_serve, args=(self.environment, self.port, self.log), daemon=True)
        self.process.start()

    def wait(self) -> None:
        """Wait until it answers; an AssertionError shows what it wrote when it does not."""
        assert self.process is not None
        end = time.monotonic() + PATIENCE
        while self.process.is_alive() and time.monotonic() < end:
            try:
                urllib.request.urlopen(f"{self.url}/readyz", timeout=PATIENCE).close()
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"the server does not answer:\n{self.log.read_text(encoding='utf-8')[-4000:]}")

    def kill(self) -> None:
        """End it as a power cut does: SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.join(PATIENCE)

    def stop(self) -> None:
        """End it politely, if it still runs."""
        if self.process is not None:
            self.process.terminate()
            self.process.join(PATIENCE)
