"""A small network for tests: true witnesses on real sockets, and some that hang, lie, flood or talk nonsense."""

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from shangeng_trace.keys import SigningKey
from shangeng_trace.note import SignatureType, Vkey
from shangeng_trace.policy import Group, Policy, format_policy
from shangeng_trace.policy import Witness as Known
from shangeng_trace.witness.witness import Witness
from shangeng_web.witnessing.app import create_witness_app


@dataclass
class Lab:
    """A certification body that runs a witness; it can be stopped and started at the same address."""

    name: str
    folder: Path
    log: Vkey
    key: SigningKey
    port: int
    witness: Witness | None = None
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    @property
    def known(self) -> Known:
        vkey = Vkey(self.name, SignatureType.COSIGNATURE, self.key.public.raw)
        return Known(self.name.split(".", 1)[0], vkey, f"http://127.0.0.1:{self.port}/")

    def start(self) -> "Lab":
        self.witness = Witness(self.name, self.key, {self.log.name: (self.log,)}, self.folder)
        config = uvicorn.Config(
            create_witness_app(self.witness), port=self.port, log_config=None, access_log=False, lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        if self._server is not None and self._thread is not None and self.witness is not None:
            self._server.should_exit = True
            self._thread.join(20)
            self.witness.close()
            self._server = None

    @property
    def size(self) -> int:
        assert self.witness is not None
        return self.witness.store.held(self.log.name).head.size


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def labs(folder: Path, log: Vkey, count: int = 3) -> Generator[list[Lab]]:
    made = [
        Lab(f"lab{number}.example/w", folder / f"lab{number}", log, SigningKey.generate(), free_port())
        for number in range(count)
    ]
    try:
        yield [each.start() for each in made]
    finally:
        for each in made:
            each.stop()


def write_policy(path: Path, known: list[Known], quorum: int) -> Path:
    names = tuple(each.name for each in known)
    path.write_text(format_policy(Policy((), tuple(known), (Group("enough", quorum, names),), "enough")))
    return path


Manner = Callable[[socket.socket], None]
"""How a bad witness treats a visitor, whose request it has not read."""


@contextmanager
def bad_witness(port: int, manner: Manner) -> Generator[None]:
    """Stand in at a port for somebody who does not keep to the protocol."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                manner(self.request)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def says(status: str, body: bytes) -> Manner:
    """Answer every request alike."""

    def manner(visitor: socket.socket) -> None:
        visitor.recv(1 << 16)
        visitor.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    return manner


def hangs(visitor: socket.socket) -> None:
    """Take the request and say nothing, as long as anybody waits."""
    while visitor.recv(1 << 16):
        pass


def drips(visitor: socket.socket) -> None:
    """Say something every now and then, so that no single wait is long."""
    visitor.recv(1 << 16)
    visitor.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(600):
        visitor.sendall(b"X-Drip-%d: x\r\n" % number)
        time.sleep(0.1)


def floods(visitor: socket.socket) -> None:
    """Answer without an end."""
    visitor.recv(1 << 16)
    visitor.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(1 << 12):
        visitor.sendall(b"x" * (1 << 16))


def garbles(visitor: socket.socket) -> None:
    """Speak another language."""
    visitor.recv(1 << 16)
    visitor.sendall(b"\x00\xff SSH-2.0 no\r\n\r\n")
