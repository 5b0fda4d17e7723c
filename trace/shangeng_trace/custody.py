"""Private keys at rest: AES-256-GCM under one master key that lives outside the database."""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shangeng_trace.errors import UnavailableError

_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_OTHERS = 0o077
_LONGEST_FILE = 1024


class CustodyError(UnavailableError):
    """Private keys cannot be reached; nothing can be signed until the operator has set this right."""

    code = "trace.custody"
    zh = "签名密钥暂时不能使用，请联系管理员。"
    en = "The signing keys cannot be used now. Please tell the operator."


class MasterKeyMissing(CustodyError):
    """There is no master key file, or it cannot be read or written."""

    code = "trace.master_key_missing"
    zh = "找不到或打不开主密钥文件 {path}（{reason}）。"
    en = "The master key file {path} cannot be opened ({reason})."


class MasterKeyExposed(CustodyError):
    """Others on this machine may read or write the master key file."""

    code = "trace.master_key_exposed"
    zh = "主密钥文件 {path} 的权限是 {mode}，别人也能访问。请执行 chmod 600 后再试。"
    en = "The master key file {path} has mode {mode}, so others can reach it. Run chmod 600 on it and try again."


class MasterKeyMalformed(CustodyError):
    """A master key is 32 bytes, and this is something else."""

    code = "trace.master_key_malformed"
    zh = "主密钥应当是 32 字节（64 位十六进制）。"
    en = "A master key is 32 bytes (64 hexadecimal digits)."


class UnwrapFailed(CustodyError):
    """Another master key wrapped this private key, or it was altered, or it belongs to another key id."""

    code = "trace.unwrap_failed"
    zh = "密钥 {key_id} 打不开：主密钥不对，或保存的内容被改动过。"
    en = "Key {key_id} cannot be opened: the master key is another one, or what was stored has been altered."


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The 32 bytes under which every private key in custody is wrapped; never shown by `repr`."""

    _raw: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self._raw) != _KEY_BYTES:
            raise MasterKeyMalformed

    @classmethod
    def from_hex(cls, text: str) -> "MasterKey":
        """Read a master key from a setting: 64 hexadecimal digits."""
        try:
            return cls(bytes.fromhex(text))
        except ValueError:
            raise MasterKeyMalformed from None

    @classmethod
    def load(cls, path: Path, *, create: bool = False) -> "MasterKey":
        """Read a master key from a file of 32 bytes that its owner alone can reach (mode 0600).

        With `create`, an absent file is made first, whole and durable; of several processes that do so at once
        one wins and all read the same key. Raises CustodyError, by its subclasses.
        """
        return cls(read_key_file(path, create=create))

    def to_bytes(self) -> bytes:
        """Return the 32 secret bytes, for a key file only."""
        return self._raw

    def wrap(self, secret: bytes, key_id: str) -> bytes:
        """Encrypt a private key for storage: a nonce of 12 bytes, the ciphertext, a tag of 16 bytes.

        `key_id` is authenticated along with it, so that a stored key cannot be passed off as another's.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._raw).encrypt(nonce, secret, key_id.encode())

    def unwrap(self, wrapped: bytes, key_id: str) -> bytes:
        """Decrypt what `wrap` returned for this `key_id`; raise UnwrapFailed for anything else."""
        if len(wrapped) < _NONCE_BYTES + _TAG_BYTES:
            raise UnwrapFailed(key_id=key_id)
        try:
            return AESGCM(self._raw).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], key_id.encode())
        except InvalidTag:
            raise UnwrapFailed(key_id=key_id) from None


def read_key_file(path: Path, *, create: bool = False) -> bytes:
    """Return what a file of master keys holds; see `MasterKey.load` for `create` and what is raised."""
    try:
        if create and not path.exists():
            _create(path)
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & _OTHERS:
                raise MasterKeyExposed(path=path, mode=f"{mode & 0o777:03o}")
            return file.read(_LONGEST_FILE + 1)
    except OSError as error:
        raise MasterKeyMissing(path=path, reason=error.strerror) from None


def _create(path: Path) -> None:
    """Put fresh random bytes at `path` unless another process was first; they are on disk when this returns."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # a link never replaces: the other process's key is the key
            path.hardlink_to(draft)
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
