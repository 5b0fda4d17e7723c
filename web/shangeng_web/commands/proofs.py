"""Checking a `.tlog-proof` file offline, and writing those of a bundle: a part of `shangeng verify`."""

from pathlib import Path
from typing import Any

from shangeng_trace.clock import rfc3339
from shangeng_trace.durable import write_whole
from shangeng_trace.entry_proof import EntryNotGiven, ProvenEntry, check_proof, file_name, proofs_in
from shangeng_trace.errors import RejectedError, VerificationError
from shangeng_trace.logtext import LogTextMalformed
from shangeng_trace.policy import Policy
from shangeng_trace.tlogproof import format_proof, parse_proof
from shangeng_web.cli import Voice
from shangeng_web.commands.standing import moments, standing, tell_standing


class NotWritten(RejectedError):
    """A folder for proof files cannot be written to."""

    code = "web.proofs_not_written"
    zh = "写不进目录 {what}。"
    en = "Cannot write into the folder {what}."


def check_file(
    data: bytes,
    policy: Policy | None,
    voice: Voice,
    *,
    entry: bytes | None,
    statement: bytes | None,
    as_json: bool,
) -> int:
    """Say what a proof file shows: 0 where it holds, 1 where it does not, 2 where it cannot be used.

    `entry` and `statement` are what the reader brings along: the entry's octets, and what it should record.
    """
    try:
        proven = check_proof(parse_proof(data), policy=policy, entry=entry, statement=statement)
    except (LogTextMalformed, EntryNotGiven) as error:
        voice.complain(error)
        return 2
    except VerificationError as error:
        said = error.sentence(voice.language)
        if as_json:
            voice.answer_json({"good": False, "code": error.code, "detail": said})
        else:
            voice.answer(f"✗ {said}")
        return 1
    if as_json:
        voice.answer_json(_as_json(proven))
    else:
        _tell(proven, voice)
    return 0


def write_proofs(bundle: bytes, folder: Path) -> int:
    """Write a proof file for every entry of a verified bundle and return how many; raises `NotWritten`."""
    count = 0
    try:
        for count, proof in enumerate(proofs_in(bundle), 1):  # noqa: B007  # the last one is how many
            write_whole(folder / file_name(proof.index), format_proof(proof).encode())
    except OSError as error:
        raise NotWritten(what=f"{folder} ({error.strerror})") from error
    return count


def _as_json(proven: ProvenEntry) -> dict[str, Any]:
    entry = proven.entry
    return {
        "good": True,
        "origin": proven.origin,
        "index": proven.index,
        "size": proven.size,
        "policy": proven.trusted,
        "trusted": proven.trusted,
        # Whose statement it is, and that he has signed it, stands in a bundle and not in a proof file.
        "standing": standing(trusted=proven.trusted, witnessed=proven.witnessed) if proven.trusted else None,
        "witnesses": moments(proven.witnessed),
        "statement": proven.with_statement,
        "entry": entry
        and {
            "kind": entry.kind.value,
            "digest": entry.digest,
            "time": rfc3339(entry.time),
            "chains": [{"id": link.chain, "seq": link.seq} for link in entry.links],
        },
    }


def _tell(proven: ProvenEntry, voice: Voice) -> None:
    say = voice.words
    voice.answer(f"{proven.origin} [{proven.index}]")
    if proven.entry is not None:
        chains = " ".join(f"{link.chain}[{link.seq}]" for link in proven.entry.links)
        voice.answer(f"  {proven.entry.kind.value} {proven.entry.digest}")
        voice.answer(f"  {rfc3339(proven.entry.time)} {chains}")
    voice.answer(
        say(
            f"✓ 第 {proven.index} 条在检查点的 {proven.size} 条之内，没有改动。",
            f"✓ Entry {proven.index} is among the {proven.size} of the checkpoint, unchanged.",
        )
    )
    if proven.with_statement:
        voice.answer(say("✓ 它记的正是您给的这份声明。", "✓ It records the very statement that you gave."))
    tell_standing(voice, size=proven.size, trusted=proven.trusted, witnessed=proven.witnessed)
    voice.answer(
        say(
            "这证明它何时已在账上，不证明内容属实；谁签的名，看证据包。",
            "This proves that it was logged and by when, not that it is true; who signed it is in the proof bundle.",
        )
    )
