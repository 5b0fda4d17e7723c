"""Passwords: hashed and checked with Argon2id. Slow on purpose: never in the writer, always in a worker thread."""

from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shangeng_trace.errors import RejectedError

SHORTEST = 10
LONGEST = 200


class PasswordWeak(RejectedError):
    """A new password is too short, too long, or one that everybody tries first."""

    code = "web.password_weak"
    zh = "密码要 {shortest} 到 {longest} 个字符，不能是用户名或同一个字符的重复。"
    en = "A password has {shortest} to {longest} characters and is neither the username nor one character repeated."


@dataclass(frozen=True)
class Passwords:
    """Hashes with the parameters of the settings (RFC 9106); safe to use from several threads."""

    rounds: int
    memory_kib: int
    _hasher: PasswordHasher = field(init=False, repr=False)
    _nobody: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        hasher = PasswordHasher(time_cost=self.rounds, memory_cost=self.memory_kib, parallelism=1)
        object.__setattr__(self, "_hasher", hasher)
        object.__setattr__(self, "_nobody", hasher.hash("nobody"))

    def hash(self, password: str) -> str:
        """Return the encoded hash of a password."""
        return self._hasher.hash(password)

    def matches(self, password: str, stored: str | None) -> bool:
        """Whether a password is the one behind `stored`; for None it takes as long and says no."""
        try:
            return self._hasher.verify(stored or self._nobody, password[: LONGEST + 1]) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, stored: str) -> bool:
        """Whether `stored` was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(stored)


def check_new_password(password: str, username: str, *, field: str = "password") -> None:
    """Raise `PasswordWeak` for a password that may not be set."""
    folded = password.casefold()
    if not SHORTEST <= len(password) <= LONGEST or folded == username.casefold() or len(set(folded)) == 1:
        raise PasswordWeak(field=field, shortest=SHORTEST, longest=LONGEST)
