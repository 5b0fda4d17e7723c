"""What a long log costs: appending and auditing up to a million entries, by time and by memory.

The entries carry small signed statements in chains of ten. Nothing is projected, so what grows is the log alone. It
runs as a process of its own, whose memory is then nothing but this, and says how it fares in lines of JSON.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

from sqlmodel import Session

from shangeng_trace.audit import audit
from shangeng_trace.audit_log import audit_log
from shangeng_trace.canonical import canonical
from shangeng_trace.entry import Kind
from shangeng_trace.ledger import append
from shangeng_trace.proofs import sign
from shangeng_trace.registry import platform_organisation
from shangeng_trace.replay import TABLES, projectors
from shangeng_trace.statements import CONTEXT, Signer
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests.bench.figures import Figures

COMMAND = 200
"""Entries in one command of the writer, and so in one transaction."""
POINT = 5_000
"""Entries to one line of what it says."""
EARLY = 10_000
"""The size at which the cost of an append is compared with the cost at the end."""
_MOMENT = datetime(2026, 4, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Point:
    """How a stretch went: up to which size, in how many microseconds an entry, and how much memory was held (MB)."""

    phase: str
    size: int
    microseconds: float
    megabytes: float


def measure_growth(
    engine_url: str, folder: Path, entries: int, told: Callable[[Point], object] = lambda _point: None
) -> list[Point]:
    """Grow a log and audit it in another process; `told` hears of every point as it comes."""
    command = [sys.executable, "-m", "tests.bench.growth", engine_url, str(folder), str(entries)]
    points: list[Point] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            points.append(Point(**json.loads(line)))
            told(points[-1])
    if child.returncode:
        raise RuntimeError("the log did not grow")
    return points


def growth_of(points: list[Point]) -> Figures:
    """Return the figures: what an entry costs around the size `EARLY` and at the end, and memory at a tenth and at most."""
    entries = max(point.size for point in points)
    found: Figures = {"growth_entries": entries}
    for phase in ("append", "audit"):
        mine = [point for point in points if point.phase == phase]
        early = [point for point in mine if abs(point.size - EARLY) <= POINT] or mine
        found[f"{phase}_us_early"] = median(point.microseconds for point in early)
        found[f"{phase}_us_late"] = median(point.microseconds for point in mine[-len(early) :])
        found[f"{phase}_mb_early"] = max(
            point.megabytes for point in mine if point.size <= entries / 10 or point is mine[0]
        )
        found[f"{phase}_mb_peak"] = max(point.megabytes for point in mine)
        for unit in ("us", "mb"):
            late = found[f"{phase}_us_late" if unit == "us" else f"{phase}_mb_peak"]
            found[f"{phase}_{unit}_late_of_early"] = float(late) / float(found[f"{phase}_{unit}_early"])
    return found


def grow(platform: Platform, entries: int) -> Iterator[Point]:
    """Append so many entries, and say of each stretch how it went; signing beforehand is not counted."""
    signer = platform.writer.run(
        lambda session: platform.office.keyring.signer(session, platform_organisation(session).id)
    )
    for start in range(0, entries, POINT):
        took: list[float] = []
        for at in range(start, min(start + POINT, entries), COMMAND):
            statements = [_statement(signer, number) for number in range(at, min(at + COMMAND, entries))]
            began = time.perf_counter()
            platform.writer.run(lambda session, some=statements: _append(session, some))  # type: ignore[misc]  # bound early
            took.append((time.perf_counter() - began) / len(statements))
        yield Point("append", min(start + POINT, entries), median(took) * 1e6, _megabytes())


def check(platform: Platform, entries: int) -> Iterator[Point]:
    """Audit the whole log; time and memory at each stretch."""
    points: list[Point] = []
    last = [0, time.perf_counter()]

    def progress(size: int) -> None:
        if size - last[0] >= min(POINT, entries):
            now = time.perf_counter()
            points.append(Point("audit", size, (now - last[1]) / (size - last[0]) * 1e6, _megabytes()))
            last[:] = [size, now]

    with platform.database.session() as session:
        origin = platform.settings.log_origin
        flaws = audit(
            session,
            origin=origin,
            log_keys=audit_log(session, origin)[0],
            keyring=platform.office.keyring,
            media=platform.settings.media_dir,
            tables=TABLES,
            projectors={**projectors(platform.office.catalogue), Kind.RUN: lambda _session, _audited: None},
            progress=progress,
        )
    assert flaws == []
    yield from points


def _statement(signer: Signer, number: int) -> tuple[str, str, bytes]:
    """Return a chain, ten statements in each, with a statement's digest and bytes."""
    chain = f"batch:{number // 10:016X}"
    document: dict[str, Any] = {"@context": CONTEXT, "type": "shangeng:Measured", "number": number}
    body = canonical(sign(document, signer.key, verification_method=signer.method, created=_MOMENT))
    return chain, sha256(body).hexdigest(), body


def _append(session: Session, statements: list[tuple[str, str, bytes]]) -> None:
    for chain, digest, body in statements:
        append(session, kind=Kind.RUN, digest=digest, body=body, chains=[chain])


def _megabytes() -> float:
    """Return how much memory this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(url: str, folder: str, entries: str) -> None:
    """Grow, check, and print a line for each point."""
    platform = Platform.open(Settings(data_dir=Path(folder), database_url=url, demo=True))
    for point in grow(platform, int(entries)):
        print(json.dumps(asdict(point)), flush=True)  # noqa: T201 - what the parent reads
    platform.writer.stop()
    for point in check(platform, int(entries)):
        print(json.dumps(asdict(point)), flush=True)  # noqa: T201 - as above
    asyncio.run(platform.close())


if __name__ == "__main__":
    main(*sys.argv[1:])
