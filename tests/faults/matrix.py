"""The fault matrix: every statement and COMMIT of a told story fails once, in both shapes, and the ledger stays sound.

`python -m tests.faults.matrix` opens everything anew and audits all of it after every single fault. What may fail is
found out by doing: a step is told again and again, each time one point further, until it ends before its fault.
"""

import argparse
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import wait
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from rich.progress import Progress
from sqlalchemy import func, literal, union_all
from sqlalchemy import select as rows_of
from sqlmodel import Session, select

from shangeng_certs.licences import grant_licence
from shangeng_labels.runs import issue_run
from shangeng_trace import writer
from shangeng_trace.batches import Part, Take, pack, process
from shangeng_trace.db import Database
from shangeng_trace.entry import Receipt, load_entry
from shangeng_trace.errors import UnavailableError
from shangeng_trace.keyring import register_key
from shangeng_trace.keys import SigningKey
from shangeng_trace.ledger import Ledger
from shangeng_trace.log_keys import LogKeyring, signing_vkeys
from shangeng_trace.log_tables import LedgerCheckpoint, LedgerEntry, LedgerState
from shangeng_trace.note import SignatureType, Vkey, sign_as_witness, split_note
from shangeng_trace.policy import Group, Policy, Witness, format_policy
from shangeng_trace.publishing import Publisher, latest_checkpoint
from shangeng_trace.recording import record_event
from shangeng_trace.registry import add_product, get_organisation, platform_organisation
from shangeng_trace.statements import Sealed, Signer, seal
from shangeng_trace.witnessing import Cosigned, keep, witnessed_checkpoint
from shangeng_trace.writer import Writer
from shangeng_web.auditing import audit
from shangeng_web.settings import Settings
from shangeng_web.tables import METADATA
from tests.faults.injecting import Shape, in_database
from tests.labels.cast import PACKING, TEMPLATE, World
from tests.observing import in_store
from tests.postgres import postgres_url
from tests.stored import statement
from tests.waiting import PATIENCE, until

Command = Callable[[Session], Any]
Step = Callable[[], list[Command]]

BESIDE = ("ledger_checkpoint", "checkpoint_cosignature", "witnessed_checkpoint")
"""Tables that follow the log by themselves, also after a refusal."""


class CountingPublisher(Publisher):
    """Counts its turns: after one that began after the last group, the writer's thread does nothing."""

    turns = 0

    def has_had(self, turns: int) -> bool:
        """Whether it has had so many turns."""
        return self.turns >= turns

    def publish(self, database: Database, ledger: Ledger) -> None:
        try:
            super().publish(database, ledger)
        finally:
            self.turns += 1


class Matrix:
    """One engine's ledger with a story that goes on, under faults."""

    def __init__(self, url: str, folder: Path, *, thorough: bool) -> None:
        self._hurry = pytest.MonkeyPatch()  # nothing here is about how long the writer waits before it signs
        self._hurry.setattr(writer, "LULL_SECONDS", 0.001)
        self._hurry.setattr(writer, "INTERVAL_SECONDS", 0.001)
        self.world = World(Database(url))
        self.looking = Database(url)
        """The same tables, through connections that never fail."""
        self.thorough = thorough
        self.points: Counter[str] = Counter()
        with self.looking.session() as session:
            self.origin = session.get_one(LedgerState, 1).origin
            [self.log_key] = signing_vkeys(session)
        self._numbers = count(1)
        self._witness_key = SigningKey.generate()
        self.witness = Witness(
            "lab", Vkey("lab.example/w", SignatureType.COSIGNATURE, self._witness_key.public.raw), "http://localhost/"
        )
        self.policy = Policy((), (self.witness,), (Group("all", 1, ("lab",)),), "all")
        path = folder / "witnesses.txt"
        path.write_text(format_policy(self.policy))
        self.settings = Settings(data_dir=folder, log_origin=self.origin, witnesses=path, database_url=url, demo=True)
        self._publisher = CountingPublisher(LogKeyring(self.world.office.keyring))
        self.reload()
        self._set_up()
        self.faults = in_database(self.world.database.engine)

    def _set_up(self) -> None:
        world = self.world
        world.allow()
        self.leaves = [world.dried(f"HM-A{n}", made="3000") for n in (1, 2)]
        self.tins = world.dried("HM-B", made="500")
        world.do(pack, "tea", batch_id=self.tins, packs=5000, values=PACKING)
        key = SigningKey.generate()

        def register(session: Session) -> str:
            keyring = world.office.keyring
            registrar = keyring.signer(session, platform_organisation(session).id)
            owner = get_organisation(session, world.actors["tea"].organisation_id)
            return register_key(session, keyring, owner, registrar=registrar, public=key.public).id

        self.signer = Signer.of(world.office.keyring.host, world.writer.run(register), key)

    def close(self) -> None:
        """Close every connection."""
        self._hurry.undo()
        self.world.close()
        self.looking.engine.dispose()

    def explore(self, tell: Callable[[str], object] = lambda _met: None) -> None:
        """Fail every point of every step, in both shapes (where not thorough, of most steps in turn), and audit."""
        steps: dict[str, Step] = {
            "events": self.events,
            "transformation": self.transformation,
            "credential": self.credential,
            "run": self.run,
            "cosignature": self.cosignature,
        }
        logging.disable(logging.CRITICAL)  # a thousand tracebacks of faults that are meant
        for name, step in steps.items():
            self.faults.with_reads = self.thorough or name == "events"
            in_turn = not self.thorough and name not in {"events", "cosignature"}
            for shapes in [tuple(Shape)] if in_turn else [(shape,) for shape in Shape]:
                for point in count(1):
                    shape = shapes[point % len(shapes)]
                    met = self.fail(step, point, shape)
                    if not met:
                        break
                    self.points[f"{name}, {shape}"] += 1
                    tell(f"{name}: {met[:60]}")
            self.reload()
            self.must_be_sound()
        logging.disable(logging.NOTSET)

    # What happens in the story. Each call is a new instance of the step, to be repeated where it was refused.

    def events(self) -> list[Command]:
        """Two events that a member signed itself, and between them a command that is refused for its own reasons."""
        first, second = self._event(), self._event()
        return [self._record(first), _refuse, self._record(second)]

    def transformation(self) -> list[Command]:
        """One batch out of two."""
        lot, world = f"HM-C{next(self._numbers)}", self.world
        return [
            lambda session: process(
                session,
                world.office,
                world.actors["tea"],
                step="fix",
                inputs=dict.fromkeys(self.leaves, Take("0.5")),
                product_id=world.product,
                parts=[Part(lot, Take("0.9"))],
                values={"temp_c": "260"},
            )[1]
        ]

    def credential(self) -> list[Command]:
        """A new product with its licence."""
        world, name = self.world, f"惠明茶 {next(self._numbers)}"

        def command(session: Session) -> str:
            tea, association = world.actors["tea"], world.actors["association"]
            product = add_product(
                session,
                world.office,
                tea,
                name=name,
                category="tea",
                unit="kg",
                net_amount="100",
                net_unit="g",
                pack_unit="tin",
            )
            return grant_licence(
                session,
                world.office,
                association,
                holder_id=tea.organisation_id,
                product_id=product.id,
                valid_from=world.clock().date(),
                valid_until=world.clock().date() + timedelta(days=300),
            ).number

        return [command]

    def run(self) -> list[Command]:
        """A run of two labels."""
        world = self.world
        return [
            lambda session: (
                issue_run(session, world.office, world.actors["tea"], batch_id=self.tins, count=2, template=TEMPLATE).id
            )
        ]

    def cosignature(self) -> list[Command]:
        """A witness's word on the newest head, after one more event."""
        self.world.writer.run(self._record(self._event()))
        until(self.is_signed)
        with self.looking.session() as session:
            newest = latest_checkpoint(session)
        assert newest is not None
        text = split_note(newest.note)[0]
        line = str(sign_as_witness(text, name="lab.example/w", key=self._witness_key, time=1_776_000_000))
        return [lambda session: keep(session, self.policy, [Cosigned(newest.size, self.witness, line)])]

    # One fault, and what must hold after it.

    def fail(self, step: Step, point: int, shape: Shape) -> str:
        """Tell a step, failing one point of it; return what was met there, or nothing if the step ended before."""
        commands = step()
        before = self._rows()
        self.until_signed()
        self.faults.arm(point, shape)
        futures = [self.world.writer.submit(command) for command in commands]
        wait(futures, PATIENCE)
        until(lambda: self.faults.met or self.is_signed())
        met = self.faults.disarm()
        self.until_signed()
        refused: list[Command] = []
        for command, future in zip(commands, futures, strict=True):
            error = future.exception()
            if isinstance(error, UnavailableError):
                refused.append(command)
            elif error is None:
                self._must_be_there(future.result())
            else:
                assert isinstance(error, _Refused), error
        if met and len(refused) == len(commands):
            assert self._rows() == before, f"half a group is there after {met}"
        if self.thorough or (met and point % 4 == 0):
            self.reload()
        for command in refused:  # what was not acknowledged is sent again, and is new
            if command is not _refuse:
                self._must_be_there(self.world.writer.run(command), is_new=True)
        self.until_signed()
        if self.thorough:
            self.must_be_sound()
        return met

    def reload(self) -> None:
        """Go on as after a restart: nothing in memory."""
        self.world.writer.stop()
        ledger = Ledger(self.origin, clock=self.world.clock)
        self.world.writer = Writer(self.world.database, ledger, self._publisher)
        self.world.writer.start()

    def must_be_sound(self) -> None:
        """Audit everything."""
        with self.looking.session() as session:
            assert audit(session, self.settings, self.world.office.keyring) == []
            met, newest = witnessed_checkpoint(session), latest_checkpoint(session)
        assert newest is not None
        assert met is None or met.size <= newest.size

    def _must_be_there(self, result: object, *, is_new: bool = False) -> None:
        if not isinstance(result, Receipt):
            return
        assert not (is_new and result.repeated), "it was refused, and yet it is there"
        with self.looking.session() as session:
            entry = session.get_one(LedgerEntry, result.index)
            assert load_entry(entry.body).digest == result.digest
            assert statement(session, result.digest) is not None

    def _rows(self) -> object:
        """Return what the tables hold, but for those that follow by themselves: all of it, or how many rows."""
        tables = [each for each in METADATA.sorted_tables if each.name not in BESIDE]
        with self.looking.engine.connect() as connection:
            if self.thorough:
                return {each.name: sorted(map(repr, connection.execute(each.select()))) for each in tables}
            counts = union_all(*(rows_of(literal(each.name), func.count()).select_from(each) for each in tables))
            return sorted(map(repr, connection.execute(counts)))

    def is_signed(self) -> bool:
        with self.looking.session() as session:
            signed = session.exec(select(func.max(LedgerCheckpoint.size))).one()
            return bool(signed == session.exec(select(LedgerState.size)).one())

    def until_signed(self) -> None:
        """Wait until everything is signed, and the writer waits for work."""
        while True:
            turns = self._publisher.turns
            self.world.writer.run(lambda _session: None)  # it signs when it has nothing else to do
            until(partial(self._publisher.has_had, turns + 1))
            if self.is_signed():
                return

    def _event(self) -> Sealed:
        said = in_store(self.leaves[0], self.world.clock(), {"store_place": "成品库"})
        return seal(said.document(), self.signer, created=self.world.clock())

    def _record(self, sealed: Sealed) -> Command:
        return lambda session: record_event(session, self.world.office, sealed)


class _Refused(Exception):
    """A command's own refusal."""


def _refuse(_session: Session) -> None:
    raise _Refused


def main() -> int:
    """Explore thoroughly, and tell how many points there were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), required=True)
    parser.add_argument("--quick", action="store_true", help="as the test suite does")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Progress() as progress:
        url = postgres_url() if arguments.engine == "postgresql" else f"sqlite:///{folder}/shangeng.sqlite"
        matrix = Matrix(url, Path(folder), thorough=not arguments.quick)
        task = progress.add_task("faults", total=None)

        def tell(met: str) -> None:
            progress.update(task, description=met, advance=1)

        matrix.explore(tell)
        matrix.close()
    for name, points in matrix.points.items():
        sys.stdout.write(f"{points:5} {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
