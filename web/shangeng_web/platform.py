"""What one process of the product holds: database, ledger, writer, keys, catalogue. The server and the commands share it."""

import asyncio
import hmac
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import Session, select

from shangeng_labels.packings import check_labels_have_packs
from shangeng_trace.acting import Office
from shangeng_trace.catalogue import Catalogue
from shangeng_trace.clock import Clock, now
from shangeng_trace.custody import MasterKey
from shangeng_trace.db import Database, ReadSession
from shangeng_trace.head_clock import HeadClock, clock_vkey, found_clock
from shangeng_trace.ids import new_id
from shangeng_trace.keyring import Keyring, register_key
from shangeng_trace.ledger import Ledger
from shangeng_trace.log_keys import LogKeyring, every_vkey, found_log_key, signing_vkeys
from shangeng_trace.log_tables import LedgerState
from shangeng_trace.master_keys import MasterKeys
from shangeng_trace.note import Vkey
from shangeng_trace.numbers import check_uscc
from shangeng_trace.policy import Policy, format_policy
from shangeng_trace.publishing import Publisher
from shangeng_trace.registry_tables import Organisation, OrganisationKind
from shangeng_trace.standstill import Standstill
from shangeng_trace.watch import ClockDiffers, Watch, seconds_since_boot
from shangeng_trace.witnessing import RolledBack
from shangeng_trace.writer import Writer
from shangeng_web import migrations
from shangeng_web.collector import Collector
from shangeng_web.passwords import Passwords
from shangeng_web.rollback import must_not_be_rolled_back, must_share_time, read_policy
from shangeng_web.settings import Settings

T = TypeVar("T")

LISHUI = "331100"
"""The platform's own place: the city's code (GB/T 2260)."""


@dataclass(frozen=True)
class Platform:
    """One process's hold on the product. Make it with `open`, end it with `close`."""

    settings: Settings
    database: Database
    ledger: Ledger
    writer: Writer
    office: Office
    passwords: Passwords
    log_key: Vkey
    """The key, or the older of two, that signed the log's heads when this process began."""
    trust: Policy
    """The witnesses and their quorum, with the log's keys as they were when this process began."""
    schema: str
    collector: Collector | None = None
    """Collects cosignatures; None where the log has no witnesses."""
    waiting: set[Future[Any]] = field(default_factory=set[Future[Any]])
    """Commands handed to the writer and not yet committed."""

    @classmethod
    def open(cls, settings: Settings, *, clock: Clock = now, story: bool = False) -> "Platform":
        """Open the data, founding the ledger where there is none, and start the writer.

        A new SQLite file and a demonstration are migrated; elsewhere `SchemaOutdated` says what to run. Raises
        `CustodyError` where the master key is not the one that the private keys were wrapped with, and `OriginDiffers`
        where the database holds another log. Where somebody outside holds more of this one it opens for reading alone:
        its `standstill` says why. The clock of a `story` leaps as the story does and is held against nobody's.
        """
        database = Database(settings.database_url)
        writer: Writer | None = None
        try:
            if settings.demo or database.is_sqlite:
                migrations.migrate(database)
            else:
                migrations.check_schema(database)
            watch = Watch(clock, steady=seconds_since_boot if clock is now else None)
            ledger = Ledger(settings.log_origin, watch=watch)
            keyring, known, signing = _found(database, ledger, settings)
            trust = read_policy(settings, *signing)
            try:
                held = must_not_be_rolled_back(database, settings, trust.witnesses, known)
                if not story:
                    must_share_time(trust, held, clock())
            except (RolledBack, ClockDiffers) as cause:
                ledger.standstill.stop(cause)
            catalogue = Catalogue.load()
            collector = Collector(trust, clock=clock, story=story) if trust.witnesses else None
            log_keys = LogKeyring(keyring)
            publisher = Publisher(
                log_keys,
                clock=HeadClock(keyring, ledger.origin),
                heartbeat=60 * settings.heartbeat_minutes,
                announce=None if collector is None else collector.announce,
            )
            writer = Writer(database, ledger, publisher)
            writer.start()
            if ledger.standstill.of_everything is None:
                writer.run(lambda session: _register_platform(session, keyring, settings, clock))
                if collector is not None:
                    collector.start(writer)
        except BaseException:
            if writer is not None:
                writer.stop()
            database.engine.dispose()
            raise
        return cls(
            settings=settings,
            database=database,
            ledger=ledger,
            writer=writer,
            office=Office(keyring, catalogue, clock, (check_labels_have_packs,)),
            passwords=Passwords(settings.password_rounds, settings.password_memory_kib),
            log_key=signing[0],
            trust=trust,
            schema=migrations.wanted_revision(),
            collector=collector,
        )

    async def write(self, command: Callable[[Session], T]) -> T:
        """Run a command in the writer and wait, without blocking, for its commit; raises what refused it."""
        future = self.writer.submit(command)
        self.waiting.add(future)
        future.add_done_callback(self.waiting.discard)
        return await asyncio.wrap_future(future)

    @property
    def standstill(self) -> Standstill:
        """Why nothing is written, if nothing is."""
        return self.writer.standstill

    def read(self) -> AbstractAsyncContextManager[ReadSession]:
        """Open one read transaction."""
        return self.database.read()

    def policy(self, session: Session) -> str:
        """Return the trust policy this server gives to somebody who has no better one (C2SP tlog-policy).

        A comment names the log's own clock: it dates heads, and is no witness.
        """
        clock = clock_vkey(session, self.ledger.origin)
        told = format_policy(read_policy(self.settings, *signing_vkeys(session)))
        return told if clock is None else f"{told}# clock {clock}\n"

    @property
    def witnessed(self) -> bool:
        """Whether the log has witnesses, so that what it publishes is what they have cosigned."""
        return self.collector is not None

    async def close(self) -> None:
        """Finish what waits, sign the last checkpoint, and close every connection."""
        if self.collector is not None:
            await asyncio.to_thread(self.collector.stop)
        await asyncio.to_thread(self.writer.stop)
        await self.database.dispose()


def _found(
    database: Database, ledger: Ledger, settings: Settings
) -> tuple[Keyring, tuple[Vkey, ...], tuple[Vkey, ...]]:
    """Create the log's state and key, exactly once.

    Return the keys in custody, and the public halves of all log keys and of those that sign.
    """
    with database.session() as session:
        migrations.take_turn(session.connection())
        is_new = session.get(LedgerState, 1) is None
        ledger.create(session)
        keyring = Keyring(master_keys(settings, create=is_new), host=settings.hostname)
        found_log_key(session, keyring, ledger.origin)
        found_clock(session, keyring)
        size = session.exec(select(LedgerState.size)).one()
        LogKeyring(keyring)(session, size)  # a wrong master key is found now, and not with the first checkpoint
        known, signing = every_vkey(session), signing_vkeys(session)
        session.commit()
    return keyring, known, signing


def master_keys(settings: Settings, *, create: bool = False) -> MasterKeys:
    """Return the keys that wrap all others: from their file, or for want of one the key from the secret.

    A file is made for a new ledger only: a fresh key under an old one would open nothing.
    """
    path = master_key_file(settings)
    if path is None:
        return MasterKeys(MasterKey(hmac.digest(settings.secret.encode(), b"shangeng master key", sha256)))
    if settings.master_key_file is None:
        path.parent.mkdir(parents=True, exist_ok=True)
    return MasterKeys.load(path, create=create)


def master_key_file(settings: Settings) -> Path | None:
    """Return where the master keys are kept; None where the key comes from the secret."""
    if settings.master_key_file is not None or settings.secret:
        return settings.master_key_file
    return settings.data_dir / "master.key"


def _register_platform(session: Session, keyring: Keyring, settings: Settings, clock: Clock) -> None:
    """Register the operator and its key: entry 0. The writer's turn on the log makes it once among processes."""
    if session.exec(select(Organisation).where(Organisation.kind == OrganisationKind.PLATFORM)).first() is not None:
        return
    organisation = Organisation(
        id=new_id(),
        kind=OrganisationKind.PLATFORM,
        number=check_uscc(settings.platform_number) if settings.platform_number else "PLATFORM",
        name=settings.platform_name,
        county=LISHUI,
        created_at=clock(),
    )
    session.add(organisation)
    session.flush()
    register_key(session, keyring, organisation, registrar=None, moment=clock())
