"""The master key while it changes: nothing that is stored is ever out of reach, whatever is interrupted."""

import stat
from pathlib import Path

import pytest
from sqlmodel import Session, select

from shangeng_trace.custody import MasterKey, MasterKeyMalformed, MasterKeyMissing, UnwrapFailed
from shangeng_trace.keyring import CustodyKey, Keyring
from shangeng_trace.master_keys import MasterKeys
from shangeng_trace.rewrapping import StillWrapped, forget, prepare, rewrap
from tests.trace.desk import Desk

OLD, NEW = MasterKey(bytes(range(32))), MasterKey(bytes(range(1, 33)))


def filed(path: Path, *keys: MasterKey) -> MasterKeys:
    path.write_bytes(b"".join(key.to_bytes() for key in keys))
    path.chmod(0o600)
    return MasterKeys.load(path)


def test_two_keys_open_what_either_wrapped_and_the_newer_wraps(tmp_path: Path) -> None:
    masters = filed(tmp_path / "master.key", NEW, OLD)
    for key, newest in ((OLD, False), (NEW, True)):
        wrapped = key.wrap(b"secret", "K1")
        assert masters.unwrap(wrapped, "K1") == b"secret"
        assert masters.is_newest(wrapped, "K1") is newest
    assert NEW.unwrap(masters.wrap(b"secret", "K1"), "K1") == b"secret"
    with pytest.raises(UnwrapFailed):
        masters.unwrap(MasterKey(bytes(32)).wrap(b"secret", "K1"), "K1")


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33), bytes(96), b"0f" * 32, b"A" * 32])
def test_what_is_no_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(MasterKeyMalformed):
        MasterKeys.load(path)


def test_a_running_process_follows_its_file(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    running, rotating = filed(path, OLD), MasterKeys.load(path)
    rotating.store(NEW, OLD)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert running.unwrap(NEW.wrap(b"secret", "K1"), "K1") == b"secret"
    rotating.store(NEW)
    assert NEW.unwrap(running.wrap(b"secret", "K2"), "K2") == b"secret"
    path.unlink()
    assert running.unwrap(NEW.wrap(b"secret", "K1"), "K1") == b"secret", "what is known is enough to read"
    with pytest.raises(MasterKeyMissing):
        running.wrap(b"secret", "K3")


def test_rotating_leaves_nothing_out_of_reach_wherever_it_is_interrupted(own_desk: Desk, tmp_path: Path) -> None:
    """After each step, done or undone, both the old process and a new one can open every key."""
    path = tmp_path / "master.key"
    masters = filed(path, OLD)
    running = Keyring(MasterKeys.load(path), host="localhost")

    def everything_opens() -> None:
        for keyring in (running, Keyring(MasterKeys.load(path), host="localhost")):
            with own_desk.database.session() as session:
                for row in session.exec(select(CustodyKey)):
                    assert keyring.private(session, row.id).public.multikey == row.public

    with own_desk.database.session() as session:
        count = len(session.exec(select(CustodyKey)).all())
        assert count > 5
        assert prepare(session, masters)
        everything_opens_in(session, running)
    everything_opens()
    with own_desk.database.session() as session:
        assert rewrap(session, masters) == count
        session.rollback()  # the machine went down
    everything_opens()
    masters = MasterKeys.load(path)
    with own_desk.database.session() as session:
        with pytest.raises(StillWrapped):
            forget(session, masters)
        assert not prepare(session, masters), "the fresh key that waits is used, and no third one made"
        assert rewrap(session, masters) == count
        session.commit()
    everything_opens()
    with own_desk.database.session() as session:
        assert rewrap(session, masters) == 0
        forget(session, masters)
    everything_opens()
    assert len(MasterKeys.load(path).keys) == 1
    with own_desk.database.session() as session:
        row = session.exec(select(CustodyKey)).first()
        assert row is not None
        with pytest.raises(UnwrapFailed):
            OLD.unwrap(row.wrapped, row.id)


def everything_opens_in(session: Session, keyring: Keyring) -> None:
    for row in session.exec(select(CustodyKey)):
        assert keyring.private(session, row.id).public.multikey == row.public
