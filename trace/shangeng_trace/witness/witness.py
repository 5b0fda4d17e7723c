"""The witness itself: its name, its key, the logs it watches, and what it says of a checkpoint.

What it has published also stands in plain files, `published/<SHA-256 of the origin>/checkpoint`: a database that
was restored from an older copy is behind its own files, and such a witness signs nothing more.
"""

import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from shangeng_trace.checkpoint import Checkpoint, parse_checkpoint
from shangeng_trace.clock import Clock, now
from shangeng_trace.durable import write_whole
from shangeng_trace.errors import UnavailableError, VerificationError
from shangeng_trace.keys import SigningKey
from shangeng_trace.note import SignatureType, Vkey, open_note, sign_as_witness, write_note
from shangeng_trace.witness.rules import (
    Head,
    NotContinued,
    OldSizeAbove,
    Request,
    SizeDiffers,
    Submission,
    judge,
    open_request,
    parse_request,
)
from shangeng_trace.witness.store import Held, Store

FRESH_SECONDS = 1800
"""A published cosignature older than this is made anew when asked for: readers may want one of the last hour."""

_log = logging.getLogger(__name__)


class WitnessRolledBack(UnavailableError):
    """The witness has cosigned more than its database knows: the database is an old copy."""

    code = "witness.rolled_back"
    zh = "本见证方曾为 {origin} 见证到 {published} 条，数据库里只有 {held} 条：数据库是旧的备份。为了不作出互相矛盾的见证，已停止签名。请换上没有丢失的数据库；找不回来就用新的名称和密钥重新开始，并通知账本换用。"
    en = "This witness has cosigned {published} entries of {origin}, but its database knows {held}: it is an old copy. Nothing more is signed, since it could contradict what was. Put back the database that was lost; if it is gone, start again under a new name with a new key, and tell the log."


class Witness:
    """Answers for one name and key; several threads may ask at once."""

    def __init__(
        self, name: str, key: SigningKey, logs: Mapping[str, tuple[Vkey, ...]], folder: Path, *, clock: Clock = now
    ) -> None:
        self.vkey = Vkey(name, SignatureType.COSIGNATURE, key.public.raw)
        self.logs = logs
        self.store = Store(folder / "witness.sqlite")
        self._key = key
        self._published = folder / "published"
        self._clock = clock
        self._turn = threading.Lock()
        try:
            for origin in logs:
                self._must_hold(origin, self._last_published(origin))
        except BaseException:
            self.store.close()
            raise

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    def add_checkpoint(self, body: bytes) -> str:
        """Answer an add-checkpoint request with this witness's signature line.

        The new tree is on disk before this returns. What is refused although the log has signed it is kept.

        Raises:
            LogTextMalformed, LogUnknown, NotSignedByKnownKey, OldSizeAbove, SizeDiffers, NotContinued: see `rules`.
            WitnessRolledBack: the checkpoint bears this witness's own cosignature over more than it remembers.
        """
        submission = open_request(parse_request(body), self.logs)
        held = self.store.held(submission.checkpoint.origin)
        self._must_hold(submission.checkpoint.origin, self._own(submission), held)
        try:
            judge(submission, held.head)
            return self._cosign(submission, held)
        except (OldSizeAbove, SizeDiffers, NotContinued) as refusal:
            _log.warning("checkpoint of %d entries refused: %s", submission.head.size, refusal.code)
            self.store.remember(submission, time=self._time(), refused=refusal.code)
            raise

    def checkpoint(self, origin_digest: str) -> str | None:
        """Return the newest cosigned checkpoint of the log whose origin has this SHA-256 in hexadecimal, or None.

        It is at most an hour old: where the log was silent the witness says again what it has seen.
        """
        origin = next((each for each in self.logs if _digest(each) == origin_digest), None)
        if origin is None:
            return None
        held = self.store.held(origin)
        if not held.note:
            return None
        if self._time() - held.time > FRESH_SECONDS:
            again = open_request(Request(held.head.size, (), held.note), self.logs)
            with suppress(SizeDiffers):  # it has just moved on, and is fresh
                self._cosign(again, held)
            held = self.store.held(origin)
        return held.note

    def _cosign(self, submission: Submission, held: Held) -> str:
        time = max(self._time(), held.time)  # a clock set back must not make an older word look newer
        line = str(sign_as_witness(submission.text, name=self.vkey.name, key=self._key, time=time))
        note = submission.note + line
        origin = submission.checkpoint.origin
        with self._turn:
            if not self.store.advance(submission, held, time=time, note=note):
                raise SizeDiffers(size=self.store.held(origin).head.size)
            write_whole(self._file(origin), note.encode())
        return line

    def _must_hold(self, origin: str, known: Checkpoint | None, held: Held | None = None) -> None:
        """Raise `WitnessRolledBack` where this witness has cosigned what its database does not know."""
        head = (held or self.store.held(origin)).head
        if known is None or head.size > known.size or head == Head(known.size, known.root):
            return
        raise WitnessRolledBack(origin=origin, published=known.size, held=head.size)

    def _last_published(self, origin: str) -> Checkpoint | None:
        try:
            note = self._file(origin).read_bytes()
        except FileNotFoundError:
            return None
        return self._cosigned(note)

    def _own(self, submission: Submission) -> Checkpoint | None:
        """Return the checkpoint if it bears this witness's own cosignature already."""
        mine = [line for line in submission.others if (line.name, line.key_id) == (self.vkey.name, self.vkey.id)]
        return self._cosigned(write_note(submission.text, mine).encode()) if mine else None

    def _cosigned(self, note: bytes) -> Checkpoint | None:
        try:
            return parse_checkpoint(open_note(note, [self.vkey]).text)
        except VerificationError:  # nothing this witness has said
            return None

    def _file(self, origin: str) -> Path:
        return self._published / _digest(origin) / "checkpoint"

    def _time(self) -> int:
        return int(self._clock().timestamp())


def _digest(origin: str) -> str:
    return sha256(origin.encode()).hexdigest()
