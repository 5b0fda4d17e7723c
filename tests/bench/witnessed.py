"""How long it takes until an acknowledged event stands under a published head, cosigned by a quorum of witnesses."""

import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median

from shangeng_trace.note import SignatureType, Vkey
from shangeng_trace.policy import Group, Policy, Witness, format_policy
from shangeng_trace.witness.settings import KEY, load_key, write_settings
from tests.bench import load
from tests.bench.figures import Figures
from tests.bench.stage import Stage, free_port, serving, shangeng, wait_for


def witnessing(stage: Stage, logs: list[Vkey], folder: Path, seconds: float, witnesses: int) -> Figures:
    """Post events over 32 connections, and follow others beside them until more than half the witnesses have signed."""
    with ExitStack() as stack:
        known = [
            stack.enter_context(_witness(folder / f"lab{number}", f"lab{number}.example/w", logs))
            for number in range(witnesses)
        ]
        policy = folder / "witnesses.txt"
        names = tuple(each.name for each in known)
        policy.write_text(
            format_policy(Policy((), tuple(known), (Group("enough", witnesses // 2 + 1, names),), "enough"))
        )
        port = stack.enter_context(serving(stage, WITNESSES=str(policy)))
        samples = _Samples(stage, port)
        requests = [
            load.post("/api/v1/events", each, host="b", token=stage.token) for each in stage.events(int(seconds * 3000))
        ]
        samples.start()
        answered = load.run(port, requests, connections=32, seconds=seconds)
        waits = sorted(samples.finish())
    assert answered.failures == 0, "a request was refused"
    return {
        "witnessed_load_rate": answered.rate,
        "witnessed_seconds_median": median(waits),
        "witnessed_seconds_p95": waits[len(waits) * 95 // 100],
        "witnessed_samples": len(waits),
    }


@contextmanager
def _witness(folder: Path, name: str, logs: list[Vkey]) -> Generator[Witness]:
    """Run a witness in a process of its own, as `shangeng witness` does."""
    settings, port = write_settings(folder, name=name, logs=logs), free_port()
    told = settings.read_text(encoding="utf-8")
    settings.write_text(told.replace(":8790", f":{port}"), encoding="utf-8")
    process = subprocess.Popen(shangeng("witness", "--settings", str(settings)), stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/", process)
        vkey = Vkey(name, SignatureType.COSIGNATURE, load_key(folder / KEY).public.raw)
        yield Witness(name.partition(".")[0], vkey, f"http://127.0.0.1:{port}/")
    finally:
        process.terminate()
        process.wait(20)


class _Samples:
    """Events posted one by one beside the load, and when each was witnessed."""

    def __init__(self, stage: Stage, port: int) -> None:
        self._stage, self._url = stage, f"http://127.0.0.1:{port}"
        self._acknowledged: dict[int, float] = {}
        self._waits: list[float] = []
        self._over, self._posted = threading.Event(), threading.Event()
        self._poster, self._watcher = (threading.Thread(target=each) for each in (self._post, self._watch))

    def start(self) -> None:
        self._poster.start()
        self._watcher.start()

    def finish(self) -> list[float]:
        """Post no more, wait for what was posted, and return how long each took."""
        self._over.set()
        self._poster.join()
        self._posted.set()
        self._watcher.join()
        assert self._waits, "no event was witnessed"
        return self._waits

    def _post(self) -> None:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._stage.token}"}
        wanted = True
        while wanted:
            (event,) = self._stage.events(1)
            with urllib.request.urlopen(urllib.request.Request(f"{self._url}/api/v1/events", event, headers)) as answer:
                index = int(json.load(answer)["index"])
            self._acknowledged[index] = time.perf_counter()
            wanted = not self._over.wait(0.1)

    def _watch(self) -> None:
        until = float("inf")
        while (self._acknowledged or not self._posted.is_set()) and time.perf_counter() < until:
            if self._posted.is_set() and until == float("inf"):
                until = time.perf_counter() + 30
            size = 0
            with suppress(OSError), urllib.request.urlopen(f"{self._url}/log/checkpoint") as answer:
                size = int(answer.read().split(b"\n")[1])
            now = time.perf_counter()
            for index in [index for index in list(self._acknowledged) if index < size]:
                self._waits.append(now - self._acknowledged.pop(index))
            time.sleep(0.02)
