"""`shangeng restore FILE`: a backup back into an empty database, audited, and compared with what is known outside."""

from argparse import Namespace
from pathlib import Path

from shangeng_web.cli import Voice
from shangeng_web.commands.backup import waiting
from shangeng_web.restoring import restore
from shangeng_web.settings import Settings


def run(arguments: Namespace, voice: Voice) -> int:
    """Restore; 1 where what is there now does not hold, or somebody outside knows more."""
    with waiting() as progress:
        restored = restore(Settings.read(), Path(arguments.source), progress=progress)
    manifest = restored.manifest
    voice.say(
        f"已恢复 {manifest.made} 的备份：{manifest.size} 条、{len(manifest.media)} 张照片。",
        f"Restored the backup of {manifest.made}: {manifest.size} entries, {len(manifest.media)} photos.",
    )
    for flaw in restored.flaws:
        voice.answer(str(flaw))
    if restored.flaws:
        voice.say(f"审计发现 {len(restored.flaws)} 处不符。", f"Flaws found by the audit: {len(restored.flaws)}.")
    if restored.behind is not None:
        voice.complain(restored.behind)
    return 1 if restored.flaws or restored.behind is not None else 0
