"""How fast one visitor may ask: a token bucket per address, in this process's memory."""

import math
import secrets
import time
from collections.abc import Callable
from hashlib import blake2b

_MOST_VISITORS = 50_000


class Allowance:
    """So many requests per minute and visitor, saved up to a minute's worth; keeps no address, only a salted hash."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60
        self._most = float(per_minute)
        self._clock = clock
        self._salt = secrets.token_bytes(16)
        self._left: dict[bytes, tuple[float, float]] = {}

    def take(self, visitor: str) -> int:
        """Take one request from the visitor's allowance; return 0, or the seconds to wait for the next."""
        who, now = blake2b(visitor.encode(), key=self._salt, digest_size=8).digest(), self._clock()
        left, before = self._left.pop(who, (self._most, now))
        left = min(self._most, left + (now - before) * self._per_second)
        if len(self._left) >= _MOST_VISITORS:  # the oldest is first, and its bucket has long been full again
            del self._left[next(iter(self._left))]
        granted = left >= 1
        self._left[who] = (left - 1 if granted else left, now)
        return 0 if granted else math.ceil((1 - left) / self._per_second)
