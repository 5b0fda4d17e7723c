"""`shangeng backup FILE_OR_DIR`: everything that a deployment holds, in one file, while it runs."""

from argparse import Namespace
from collections.abc import Callable, Generator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from shangeng_web.backing_up import back_up
from shangeng_web.cli import Voice
from shangeng_web.settings import Settings


def run(arguments: Namespace, voice: Voice) -> int:
    """Back up, and say what else must be kept."""
    settings = Settings.read()
    with waiting() as progress:
        path = back_up(settings, Path(arguments.target), with_key=arguments.with_master_key, progress=progress)
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    voice.answer(f"{digest}  {path}")
    if arguments.with_master_key:
        voice.say(
            "备份里有主密钥：拿到这个文件的人可以用所有托管的私钥签名。请加密存放。",
            "The backup holds the master key: whoever has this file can sign with every key in custody. Keep it encrypted.",
        )
    else:
        voice.say(
            "备份里没有主密钥和设置，恢复时少不了它们，请另行保管（docs/backup.md）。",
            "The master key and the settings are not in it, and nothing can be restored without them: keep them elsewhere (docs/backup.md).",
        )
    return 0


@contextmanager
def waiting() -> Generator[Callable[[str], None]]:
    """Show to the person who waits which part is being copied."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)

        def tell(part: str) -> None:
            progress.update(task, description=part, advance=1)

        yield tell
