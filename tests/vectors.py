"""Where the published and authored test vectors are, and what a test does where they are not."""

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parent.parent


def vectors(folder: str) -> Path:
    """Return the folder of one vector set, such as `jcs` or `tlog/merkle`; skip the test by name where it is absent.

    The sets stand under the environment variable SHANGENG_VECTORS, by default `../shared/vectors` beside the
    repository. Called while a module is collected it skips the whole module.
    """
    root = Path(os.environ.get("SHANGENG_VECTORS") or _REPOSITORY / ".." / "shared" / "vectors")
    path = (root / folder).resolve()
    if not path.is_dir():
        pytest.skip(f"vectors/{folder} is not here: set SHANGENG_VECTORS", allow_module_level=True)
    return path
