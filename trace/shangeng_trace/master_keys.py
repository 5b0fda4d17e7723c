"""The master key while it changes: a file may hold two, the newer first, and processes follow it while they run.

Private keys are wrapped with the newer and opened with either. The file is changed before the database is, and the
old key leaves it only when nothing is wrapped with it any more; so at every moment, also after a crash, what is
stored can be opened by whoever reads the file.
"""

import string
from pathlib import Path

from shangeng_trace.custody import MasterKey, MasterKeyMalformed, UnwrapFailed, read_key_file
from shangeng_trace.durable import write_whole

_KEY_BYTES = 32
_DIGITS = frozenset(string.hexdigits.encode())


class MasterKeys:
    """The master keys of a deployment, the newest first. Several threads may use them."""

    def __init__(self, *keys: MasterKey, path: Path | None = None) -> None:
        self.keys = keys
        self.path = path
        self._seen = None if path is None else _stamp(path)

    @classmethod
    def load(cls, path: Path, *, create: bool = False) -> "MasterKeys":
        """Read a file of one key or two, 32 bytes each; see `MasterKey.load`."""
        stamp = _stamp(path)  # before it is read, so that a change in between is seen later
        made = cls(*_read(path, create=create), path=path)
        made._seen = stamp
        return made

    def wrap(self, secret: bytes, key_id: str) -> bytes:
        """Wrap with the newest key there is now. Inside the writers' turn, so that a change of it misses nothing."""
        self._follow()
        return self.keys[0].wrap(secret, key_id)

    def unwrap(self, wrapped: bytes, key_id: str) -> bytes:
        """Open what any of the keys has wrapped; raises `UnwrapFailed`."""
        try:
            return self._open(wrapped, key_id)[0]
        except UnwrapFailed:
            if not self._follow():
                raise
            return self._open(wrapped, key_id)[0]

    def is_newest(self, wrapped: bytes, key_id: str) -> bool:
        """Whether the newest key has wrapped this; raises `UnwrapFailed` where none of them has."""
        return self._open(wrapped, key_id)[1] == 0

    def store(self, *keys: MasterKey) -> None:
        """Put these keys into the file, whole and durably, and use them."""
        assert self.path is not None, "a key that comes from a setting has no file"
        write_whole(self.path, b"".join(key.to_bytes() for key in keys), private=True)
        self.keys, self._seen = keys, _stamp(self.path)

    def _open(self, wrapped: bytes, key_id: str) -> tuple[bytes, int]:
        for place, key in enumerate(self.keys):
            try:
                return key.unwrap(wrapped, key_id), place
            except UnwrapFailed:
                continue
        raise UnwrapFailed(key_id=key_id)

    def _follow(self) -> bool:
        """Read the file again where it has changed; say whether it had."""
        if self.path is None or (stamp := _stamp(self.path)) == self._seen:
            return False
        self.keys, self._seen = _read(self.path), stamp
        return True


def _read(path: Path, *, create: bool = False) -> tuple[MasterKey, ...]:
    octets = read_key_file(path, create=create)
    if len(octets) not in {_KEY_BYTES, 2 * _KEY_BYTES} or _DIGITS.issuperset(octets):
        raise MasterKeyMalformed  # among others: one key, written as digits
    return tuple(MasterKey(octets[at : at + _KEY_BYTES]) for at in range(0, len(octets), _KEY_BYTES))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
