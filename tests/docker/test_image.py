"""What the Dockerfile copies, builds and starts exists and works outside a container."""

import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.cli_help import misunderstood
from tests.docker.parsing import FOLDER, ROOT, dockerfile, last_stage, only

PARTS = {"trace": "shangeng_trace", "certs": "shangeng_certs", "labels": "shangeng_labels", "web": "shangeng_web"}


def _copied() -> list[str]:
    copies = [instruction.text.split()[:-1] for instruction in dockerfile() if instruction.name == "COPY"]
    return [source.rstrip("/") for sources in copies for source in sources]


def test_everything_copied_exists_and_is_let_through() -> None:
    let_through = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    for source in _copied():
        assert (ROOT / source).exists(), source
        assert f"!{source}" in let_through
    assert set(PARTS) <= set(_copied())


def test_every_requirements_file_named_exists() -> None:
    named = re.findall(r"requirements/\w+\.txt", (FOLDER / "Dockerfile").read_text())
    assert named
    for name in named:
        assert (ROOT / name).is_file(), name


def test_the_wheel_holds_every_file_of_the_four_packages(tmp_path: Path) -> None:
    # The options of the image's second `pip wheel`, so that what is built here is what is built there.
    (build,) = [text for text in (step.text for step in dockerfile()) if text.endswith("/wheels .")]
    options = build.split("pip wheel ")[1].removesuffix("--wheel-dir /wheels .").split()
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", *options, "-w", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("shangeng-*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(["git", "ls-files", *PARTS], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for path in tracked.splitlines():
        part, _, inside = path.partition("/")
        if inside.startswith(f"{PARTS[part]}/") and (ROOT / path).exists():
            assert inside in packed


def test_the_image_does_not_run_as_root_and_can_write_to_its_data_only() -> None:
    assert only("USER").text not in {"root", "0"}
    data = only("VOLUME").text
    assert f"SHANGENG_DATA_DIR={data}" in only("ENV").text
    (run,) = [step.text for step in last_stage() if step.name == "RUN"]
    assert f"--owner={only('USER').text}" in run
    assert run.endswith(data)


def test_the_image_starts_a_command_that_exists() -> None:
    program, *words = only("ENTRYPOINT").command() + only("CMD").command()
    assert program == "shangeng"
    assert misunderstood(words) == []


@contextmanager
def _answering(status: int) -> Generator[tuple[int, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_tells_health_from_sickness(status: int, healthy: bool) -> None:
    program, *words = only("HEALTHCHECK").command()
    assert program == "python"
    port = only("EXPOSE").text
    assert any(f":{port}/" in word for word in words)
    with _answering(status) as (free_port, asked):
        here = [word.replace(f":{port}/", f":{free_port}/") for word in words]
        ran = subprocess.run([sys.executable, *here], check=False, capture_output=True)
    assert asked == ["/healthz"]
    assert (ran.returncode == 0) is healthy
