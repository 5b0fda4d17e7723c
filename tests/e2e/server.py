"""The product as people meet it: its own command serving the demonstration, in a process and a folder of its own."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 60.0
"""Seconds that a busy machine may take to make the demonstration and open the door."""
HURRIED = {
    "SHANGENG_PASSWORD_ROUNDS": "1",
    "SHANGENG_PASSWORD_MEMORY_KIB": "64",
    "SHANGENG_LOOK_UPS_PER_MINUTE": "100000",
    "SHANGENG_LOGINS_PER_MINUTE": "100000",
}
"""Settings without which a test would wait for what protects against people who are not tests."""


@dataclass(frozen=True)
class Server:
    """A running server: its address, its environment (for commands beside it), what its demonstration holds, its log."""

    url: str
    environment: dict[str, str]
    demo: dict[str, Any]
    log: Path

    @property
    def last_words(self) -> str:
        """The end of what the server wrote about itself."""
        return self.log.read_text(encoding="utf-8")[-8000:].replace("\\n", "\n")

    def batch(self, state: str) -> str:
        """Return the id of a batch of the demonstration whose page says this first."""
        return str(next(row["id"] for row in self.demo["batches"] if row["state"] == state))

    def login(self, username: str) -> tuple[str, str]:
        """Return username and password of one of the demonstration's people."""
        found = next(row for row in self.demo["logins"] if row["username"] == username)
        return found["username"], found["password"]

    def get(self, path: str) -> bytes:
        """Return what an address answers to a program, without a browser."""
        with urllib.request.urlopen(self.url + path, timeout=PATIENCE) as answer:
            body: bytes = answer.read()
        return body


def shangeng(*words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "shangeng_web", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)


@contextmanager
def serving(folder: Path) -> Generator[Server]:
    """Serve the demonstration from an empty folder until the end of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    root = Path(__file__).resolve().parents[2]
    paths = os.pathsep.join(str(root / name) for name in ("trace", "certs", "labels", "web"))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SHANGENG_")},
        **HURRIED,
        "PYTHONPATH": paths,
        "SHANGENG_DATA_DIR": str(folder / "data"),
        "SHANGENG_PORT": str(port),
        "SHANGENG_DEMO": "1",
    }
    log = folder / "server.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "shangeng_web", "serve", "--demo", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}"
            _await_answer(process, url, log)
            told = shangeng("demo", "--json", environment=environment)
            assert told.returncode == 0, told.stderr
            yield Server(url, environment, json.loads(told.stdout), log)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _await_answer(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{url}/readyz", timeout=PATIENCE).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the server does not answer:\n{log.read_text(encoding='utf-8')[-4000:]}")
