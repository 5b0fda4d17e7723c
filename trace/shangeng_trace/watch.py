"""The clock that the log goes by, and when it is not believed.

An entry's time never runs backwards, and nobody can take it back. So a clock that cannot be right stops the log
before it stamps anything: one that is behind the last entry, and one that has just leapt ahead of the machine's own
count of seconds. Both are over as soon as the clock is right.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from shangeng_trace.clock import Clock, now, rfc3339
from shangeng_trace.standstill import Standstill, WritingStopped

TOLERANCE = timedelta(minutes=5)
"""Clocks of machines that keep time differ by less; within it an entry takes the time of the one before."""


class ClockBehind(WritingStopped):
    """This machine's clock shows an earlier time than the last entry bears."""

    code = "trace.clock_behind"
    zh = "服务器的时钟（{now}）比账本最后一条记录（{last}）还早，为免写错时间，暂停记录。请把时钟调准，调准后自动恢复。如果时钟没有错，是那条记录写入时时钟走快了，请运行 shangeng log keep-time。"
    en = "The server's clock ({now}) is behind the last entry of the log ({last}); so that no wrong time is written, nothing is recorded. Set the clock right and recording goes on by itself. If the clock is right, and was ahead when that entry was written, run shangeng log keep-time."
    only_log = True


class ClockLeapt(WritingStopped):
    """This machine's clock leapt ahead while the process was running."""

    code = "trace.clock_leapt"
    zh = "服务器的时钟突然跳到了 {now}（比实际经过的时间多出 {minutes} 分钟），为免写错时间，暂停记录。请把时钟调准，调准后自动恢复；如果现在的时间是对的，请重新启动服务。"
    en = "The server's clock leapt to {now}, {minutes} minutes more than have passed; so that no wrong time is written, nothing is recorded. Set the clock right and recording goes on by itself; if the time is right now, restart the server."
    only_log = True


class ClockDiffers(WritingStopped):
    """As many witnesses as the quorum needs show another time than this machine's clock."""

    code = "trace.clock_differs"
    zh = "服务器的时钟与见证方的相差约 {minutes} 分钟（{who}），为免写错时间，暂停记录。请把时钟调准，调准后自动恢复。"
    en = "The server's clock differs from the witnesses' by about {minutes} minutes ({who}); so that no wrong time is written, nothing is recorded. Set the clock right and recording goes on by itself."
    only_log = True


class Watch:
    """A clock with doubts. `steady` counts seconds whatever the clock is set to; None for a clock that is a story's."""

    def __init__(self, clock: Clock = now, *, steady: Callable[[], float] | None = None) -> None:
        self.clock = clock
        self._steady = steady
        self._last = (clock(), steady()) if steady else None

    def look(self, last: datetime, kept: datetime | None, standstill: Standstill) -> datetime:
        """Return the time for the next entry, never before the `last` entry's; say where the clock is not believed.

        `kept` is a time that the operator knows to be ahead: up to it no clock is behind.
        """
        moment = self.clock()
        if last - moment > TOLERANCE and (kept is None or last > kept):
            standstill.stop(ClockBehind(now=rfc3339(moment), last=rfc3339(last)))
        else:
            standstill.resume(ClockBehind)
        self._compare(moment, standstill)
        return max(moment, last)

    def _compare(self, moment: datetime, standstill: Standstill) -> None:
        if self._steady is None or self._last is None:
            return
        seconds = self._steady()
        then, count = self._last
        leap = (moment - then) - timedelta(seconds=seconds - count)
        if leap > TOLERANCE:
            standstill.stop(ClockLeapt(now=rfc3339(moment), minutes=leap // timedelta(minutes=1)))
            return
        standstill.resume(ClockLeapt)
        self._last = moment, seconds


def seconds_since_boot() -> float:
    """Return the machine's own count of seconds, asleep or awake, where it has one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
