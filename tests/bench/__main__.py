"""`make bench`: how fast the product is, as ratios to limits measured in the same run on the same machine.

Every figure stands beside its bar. `--growth` measures what a long log costs, which takes long: a quarter of an hour
for a million entries on a laptop.
"""

import argparse
import json
import sys
import tempfile
import urllib.request
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from shangeng_trace.policy import parse_policy
from tests.bench import measuring
from tests.bench.figures import Figures, as_json, missed, show
from tests.bench.growth import Point, growth_of, measure_growth
from tests.bench.peers import measure_peers
from tests.bench.plot import draw_growth
from tests.bench.stage import serving, set_stage
from tests.bench.witnessed import witnessing

STATEMENTS = 100_000
"""What an audit is measured over: so many that its start, a second or two, counts for little."""
MILLION = 1_000_000


def main() -> int:
    """Measure, print a table for each engine, and write JSON and a drawing where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each measurement takes")
    parser.add_argument("--engine", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--statements", type=int, default=STATEMENTS, help="what an audit is measured over")
    parser.add_argument("--growth", type=int, nargs="?", const=MILLION, metavar="ENTRIES", help="grow a log instead")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--plot", type=Path, help="draw the growth into this file (SVG)")
    arguments = parser.parse_args()
    engines = ("sqlite", "postgresql") if arguments.engine == "both" else (arguments.engine,)
    found: dict[str, Figures] = {}
    points: dict[str, list[Point]] = {}
    for engine in engines:
        if arguments.growth:
            points[engine] = grown(engine, arguments.growth)
            found[engine] = growth_of(points[engine])
        else:
            found[engine] = measure(engine, arguments.seconds, arguments.statements)
        show(engine, found[engine])
    if arguments.plot and points:
        arguments.plot.write_text(draw_growth(points), encoding="utf-8")
    if arguments.json:
        written = {engine: as_json(engine, each) for engine, each in found.items()}
        arguments.json.write_text(json.dumps(written, indent=1, ensure_ascii=False), encoding="utf-8")
    fallen = [f"{engine}: {name}" for engine, each in found.items() for name in missed(engine, each)]
    Console().print("below their bars: " + ", ".join(fallen) if fallen else "every bar holds")
    return 0


def measure(engine: str, seconds: float, statements: int, *, witnesses: int = 3) -> Figures:
    """Return every figure of one engine; without witnesses, all but theirs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stage = set_stage(folder / "data", database_url(engine))
        with serving(stage) as port:
            before = measuring.log_size(port)
            found = measuring.pages(stage, port, seconds)
            found |= (single := measuring.single_events(stage, port, seconds))
            found |= (bulk := measuring.bulk_events(stage, port, seconds))
            found["single_of_verify"] = float(single["single_rate"]) / float(bulk["verify_rate"])
            expected = before + int(single["single_events"]) + int(bulk["bulk_events"])
            assert measuring.log_size(port, expected) == expected, "an event was refused"
            size = measuring.grow_to(stage, port, statements)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/log/policy") as answer:
                logs = [log.vkey for log in parse_policy(answer.read()).logs]
        found |= measuring.auditing(stage, size, min(seconds, 2.0))
        if witnesses:
            found |= witnessing(stage, logs, folder, seconds, witnesses)
        if engine == "sqlite":
            found |= measure_peers(folder, stage.events(1000), min(seconds, 2.0))
        return found


def grown(engine: str, entries: int) -> list[Point]:
    """Grow a log and audit it, showing how far it is."""
    with tempfile.TemporaryDirectory() as folder, Progress(console=Console(stderr=True)) as progress:
        tasks = {phase: progress.add_task(f"{engine}: {phase}", total=entries) for phase in ("append", "audit")}

        def told(point: Point) -> None:
            progress.update(tasks[point.phase], completed=point.size)

        return measure_growth(database_url(engine), Path(folder), entries, told)


def database_url(engine: str) -> str:
    """Return a fresh database; PostgreSQL's is started for this run."""
    if engine == "sqlite":
        return ""
    from tests.postgres import postgres_url  # noqa: PLC0415 - only where that engine is asked for

    return postgres_url()


if __name__ == "__main__":
    sys.exit(main())
