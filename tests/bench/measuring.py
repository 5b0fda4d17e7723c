"""What is measured of the product itself, each figure beside its limit and in turn with it."""

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from itertools import islice

from shangeng_trace.keys import SigningKey
from tests.bench import load
from tests.bench.figures import Figures
from tests.bench.stage import Stage, environment, json_array, shangeng

BULK = 100
"""Events in one request."""
TURNS = 5


def verify_rate(seconds: float) -> float:
    """Return bare Ed25519 verifications per second on one thread: the limit of every signed event."""
    key = SigningKey.generate()
    message, public = b"x" * 64, key.public
    signature = key.sign(message)
    until, count, started = time.perf_counter() + seconds, 0, time.perf_counter()
    while time.perf_counter() < until:
        for _ in range(50):
            public.verify(signature, message)
        count += 50
    return count / (time.perf_counter() - started)


def pages(stage: Stage, port: int, seconds: float) -> Figures:
    """Measure the batch page against a fixed answer of as many bytes."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/b/{stage.batch}") as answer:
        size = len(answer.read())
    fixed, page = load.run_in_turn(
        port,
        load.repeat(load.get(f"/bench/static/{size}", host="b")),
        load.repeat(load.get(f"/b/{stage.batch}", host="b")),
        connections=16,
        seconds=seconds,
    )
    assert page.failures == fixed.failures == 0, "a page was not answered"
    return {
        "page_bytes": size,
        "static_rate": fixed.rate,
        "page_rate": page.rate,
        "page_of_static": page.rate / fixed.rate,
    }


def single_events(stage: Stage, port: int, seconds: float) -> Figures:
    """Measure signed events, one to a request over 32 connections, against an idle POST of the same body.

    The idle address is tried first of all, and once more last of all, where one would stand that is simply added: the
    search through the product's addresses is part of what a POST costs there.
    """
    (example,) = stage.events(1)
    prepared = stage.events(int(seconds * 6000))
    idle, last, single = load.run_in_turn(
        port,
        load.repeat(load.post("/bench/idle", example, host="b")),
        load.repeat(load.post("/bench/last/idle", example, host="b")),
        iter([load.post("/api/v1/events", each, host="b", token=stage.token) for each in prepared]),
        connections=32,
        seconds=seconds,
    )
    assert single.failures == idle.failures == last.failures == 0, "a request was refused"
    waits = sorted(single.waits)
    return {
        "idle_rate": idle.rate,
        "single_rate": single.rate,
        "single_of_idle": single.rate / idle.rate,
        "single_of_last_idle": single.rate / last.rate,
        "single_ms_median": waits[len(waits) // 2] * 1000,
        "single_ms_p99": waits[len(waits) * 99 // 100] * 1000,
        "single_events": single.requests,
    }


def bulk_events(stage: Stage, port: int, seconds: float) -> Figures:
    """Measure signed events, a hundred to a request over four connections, against bare verification."""
    groups = _bulk_requests(stage, max(2 * TURNS, int(seconds * 120)))
    verified, bulk = 0.0, load.NOTHING
    for _ in range(TURNS):
        verified += verify_rate(seconds / TURNS / 2) / TURNS
        bulk += load.run(port, groups, connections=4, seconds=seconds / TURNS)
    assert bulk.failures == 0, "a request was refused"
    return {
        "verify_rate": verified,
        "bulk_rate": bulk.rate * BULK,
        "bulk_of_verify": bulk.rate * BULK / verified,
        "bulk_events": bulk.requests * BULK,
    }


def grow_to(stage: Stage, port: int, statements: int) -> int:
    """Send events until the log has so many entries at least; return how many it has."""
    while (missing := statements - (size := log_size(port))) > 0:
        requests = _bulk_requests(stage, min(50, missing // BULK + 1))
        sent = load.run(port, requests, connections=4, seconds=600)
        assert sent.failures == 0, "a request was refused"
        log_size(port, size + sent.requests * BULK)
    return size


def auditing(stage: Stage, statements: int, seconds: float) -> Figures:
    """Time the command `shangeng audit`, its start included, against bare verification on every core."""
    before = verify_rate(seconds / 2)
    started = time.perf_counter()
    subprocess.run(shangeng("audit"), env=environment(stage), check=True)
    took = time.perf_counter() - started
    verified = (before + verify_rate(seconds / 2)) / 2
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "audit_statements": statements,
        "audit_seconds": took,
        "audit_rate": statements / took,
        "audit_of_cores_verify": statements / took / (cores * verified),
    }


def log_size(port: int, least: int = 0) -> int:
    """Return how many entries the log's checkpoint covers, once there are at least so many."""
    until = time.monotonic() + 30
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/log/checkpoint") as answer:
            size = int(answer.read().split(b"\n")[1])
        if size >= least or time.monotonic() > until:
            return size
        time.sleep(0.05)


def _bulk_requests(stage: Stage, count: int) -> Iterator[bytes]:
    """Return bulk requests of a hundred signed events each, made before the first is sent."""
    events = iter(stage.events(count * BULK))
    return iter(
        [
            load.post("/api/v1/events/bulk", json_array(list(islice(events, BULK))), host="b", token=stage.token)
            for _ in range(count)
        ]
    )
