"""`kill -9` under load: whatever moment it hits, what was acknowledged is there once, whole, under an unforked log.

    python -m tests.faults.kill --rounds 100 --engine postgresql

Each round serves, lets several authors post, kills the server (every fifth round while it starts, on PostgreSQL once
in a while one of the database's own processes instead), starts it again and looks at everything.
"""

import argparse
import http.client
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import psycopg
from rich.progress import Progress
from sqlmodel import Session, select

from shangeng_trace.checkpoint import open_checkpoint
from shangeng_trace.db import Database
from shangeng_trace.keyring import LOG_KEY_ID, CustodyKey, Keyring
from shangeng_trace.keys import VerifyKey
from shangeng_trace.ledger import tile_reader
from shangeng_trace.log_tables import LedgerState, LedgerStatement
from shangeng_trace.merkle import consistency_proof, verify_consistency
from shangeng_trace.note import SignatureType, Vkey
from shangeng_trace.publishing import latest_checkpoint
from shangeng_trace.tiles import node_reader
from shangeng_web.auditing import audit
from shangeng_web.platform import master_keys
from shangeng_web.settings import Settings
from tests.e2e.server import PATIENCE
from tests.faults.http import get, post
from tests.faults.servers import Scene, ServerProcess, set_scene
from tests.postgres import postgres_url
from tests.waiting import until
from tests.web.witnessing.network import free_port

AUTHORS = 5
MOST_IN_BULK = 8
LONGEST_ROUND = 0.6
"""Seconds of load before the kill, at most: a hundred rounds must stay a log that can be audited a hundred times."""
_GOOD = {HTTPStatus.OK, HTTPStatus.CREATED}


@dataclass
class Story:
    """What clients know: which event got which index, which checkpoints they saw, whose answers never came."""

    scene: Scene
    server: ServerProcess
    log_key: Vkey
    chance: random.Random
    acknowledged: dict[str, int] = field(default_factory=dict[str, int])
    seen: dict[int, bytes] = field(default_factory=dict[int, bytes])
    unanswered: list[bytes] = field(default_factory=list[bytes])
    counts: Counter[str] = field(default_factory=Counter[str])

    def accept(self, receipt: dict[str, object]) -> None:
        """Believe a receipt: from now on it must be true for ever."""
        digest, index = str(receipt["digest"]), receipt["index"]
        assert isinstance(index, int)
        assert self.acknowledged.setdefault(digest, index) == index, "one event was given two places"

    def look(self) -> None:
        """See the published checkpoint, and remember it."""
        answer = get(f"{self.server.url}/log/checkpoint")
        if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.counts["reading refused"] += 1
            return
        assert answer.status == HTTPStatus.OK, answer.body
        found = open_checkpoint(answer.body, origin=self.log_key.name, verifiers=[self.log_key])
        assert self.seen.setdefault(found.size, found.root) == found.root, "two roots of one size: a fork"


def post_until_it_ends(story: Story, number: int) -> None:
    """Be an author: post events, singly and in bulk, until the server is gone; keep what was not answered."""
    chance = random.Random(number)
    headers = {"Authorization": f"Bearer {story.scene.token}", "Content-Type": "application/json"}
    with closing(http.client.HTTPConnection("127.0.0.1", story.server.port, timeout=PATIENCE)) as connection:
        while True:
            events = [story.scene.event() for _ in range(chance.choice((1, 1, 1, MOST_IN_BULK)))]
            path, body = "/api/v1/events", events[0]
            if len(events) > 1:
                path, body = "/api/v1/events/bulk", b'{"events":[' + b",".join(events) + b"]}"
            try:
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                status, said = answer.status, json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError):
                story.unanswered += events
                return
            receipts = [said] if len(events) == 1 else [each["receipt"] for each in said.get("answers", [])]
            if status not in _GOOD or None in receipts:
                assert status in _GOOD | {HTTPStatus.SERVICE_UNAVAILABLE}, said
                story.unanswered += events
                story.counts["refused"] += 1
                time.sleep(0.02)
                continue
            for receipt in receipts:
                story.accept(receipt)


def look_until_it_ends(story: Story) -> None:
    """Be a reader: see checkpoints until the server is gone."""
    while True:
        try:
            story.look()
        except (OSError, http.client.HTTPException):
            return
        time.sleep(0.05)


def play_round(story: Story, *, backend: bool = False, starting: bool = False) -> None:
    """Load the server, kill it, start it again, and check everything."""
    with ThreadPoolExecutor(AUTHORS + 1) as pool:
        visitors = [pool.submit(look_until_it_ends, story)]
        visitors += [pool.submit(post_until_it_ends, story, story.chance.getrandbits(32)) for _ in range(AUTHORS)]
        try:
            time.sleep(story.chance.uniform(0.01, LONGEST_ROUND))
            if backend:
                kill_backend(story)
                until(lambda: get(f"{story.server.url}/readyz").status == HTTPStatus.OK)  # it goes on, by itself
                time.sleep(story.chance.uniform(0.01, LONGEST_ROUND))
        finally:
            story.server.kill()  # or nobody would ever leave
    for each in visitors:
        each.result()
    if starting:
        story.server.launch()
        time.sleep(story.chance.uniform(0.2, 2.0))
        story.server.kill()
        story.counts["killed while starting"] += 1
    story.server.start()
    check(story)
    story.counts["rounds"] += 1


def kill_backend(story: Story) -> None:
    """End one of PostgreSQL's processes that serve us: it takes all connections down and recovers from its log."""
    url = story.scene.settings.database_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    os.kill(story.chance.choice(found)[0], signal.SIGKILL)
    story.counts["backends killed"] += 1


def check(story: Story) -> None:
    """Look at what is there: every word given to a client holds."""
    database = Database(story.scene.settings.database_url)
    try:
        until(lambda: _is_signed(database))
        story.look()
        with database.session() as session:
            places = {
                digest: index for index, digest in session.exec(select(LedgerStatement.index, LedgerStatement.digest))
            }
            lost = {digest for digest, index in story.acknowledged.items() if places.get(digest) != index}
            assert not lost, f"{len(lost)} acknowledged events are lost or moved"
            _must_be_consistent(story, session)
            keyring = Keyring(master_keys(story.scene.settings), host=story.scene.settings.hostname)
            assert audit(session, story.scene.settings, keyring) == []
    finally:
        database.engine.dispose()
    for event in story.unanswered:  # nobody knows; asking again is safe, and finds or makes it
        answer = post(story.scene, story.server.url, event)
        assert answer.status in _GOOD, answer.body
        story.counts["unanswered, stored" if answer.json["digest"] in places else "unanswered, not stored"] += 1
        story.accept(answer.json)
    story.unanswered.clear()


def _is_signed(database: Database) -> bool:
    with database.session() as session:
        signed = latest_checkpoint(session)
        return signed is not None and signed.size == session.exec(select(LedgerState.size)).one()


def _must_be_consistent(story: Story, session: Session) -> None:
    """Every checkpoint anyone ever saw leads to the newest."""
    newest = max(story.seen)
    reader = node_reader(tile_reader(session), newest)
    for size, root in story.seen.items():
        proof = consistency_proof(size, newest, reader)
        verify_consistency(old_size=size, new_size=newest, old_root=root, new_root=story.seen[newest], proof=proof)


def open_story(settings: Settings, *, seed: int) -> Story:
    """Found a platform and start its server."""
    scene = set_scene(settings)
    database = Database(settings.database_url)
    with database.session() as session:
        public = VerifyKey.from_multikey(session.get_one(CustodyKey, LOG_KEY_ID).public)
    database.engine.dispose()
    log_key = Vkey(settings.log_origin, SignatureType.ED25519, public.raw)
    return Story(scene, scene.process(free_port()).start(), log_key, random.Random(seed))


def main() -> int:
    """Play rounds and tell what they met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), required=True)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Progress() as progress:
        url = postgres_url() if arguments.engine == "postgresql" else ""
        settings = Settings(
            data_dir=Path(folder), database_url=url, password_rounds=1, password_memory_kib=64, demo=True
        )
        story = open_story(settings, seed=arguments.seed)
        try:
            for number in progress.track(range(1, arguments.rounds + 1), description=f"seed {arguments.seed}"):
                play_round(
                    story,
                    backend=arguments.engine == "postgresql" and number % 10 == 0,
                    starting=number % 5 == 0,
                )
        finally:
            story.server.stop()
    sys.stdout.write(f"acknowledged {len(story.acknowledged)}, checkpoints seen {len(story.seen)}\n")
    for name, times in story.counts.items():
        sys.stdout.write(f"{times:6} {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
