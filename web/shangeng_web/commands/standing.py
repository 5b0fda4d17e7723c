"""Signed, logged, witnessed: the three states, as a file and a policy show them to somebody offline."""

from collections.abc import Mapping

from shangeng_trace.monitor.heads import moment
from shangeng_web.cli import Voice


def standing(*, trusted: bool, witnessed: Mapping[str, int]) -> str:
    """Return how far something has come: "witnessed", "logged", or "signed" where no policy vouches for the log."""
    return "witnessed" if witnessed and trusted else "logged" if trusted else "signed"


def moments(witnessed: Mapping[str, int]) -> dict[str, str]:
    """Return who has witnessed a head, and when, for programs."""
    return {name: moment(time) for name, time in sorted(witnessed.items())}


def tell_standing(voice: Voice, *, size: int, trusted: bool, witnessed: Mapping[str, int]) -> None:
    """Say whose log it is under, and who has witnessed that."""
    say = voice.words
    if not trusted:
        voice.answer(
            say(
                "○ 入账：只是文件自己和自己相符。没有给信任名单（--policy），不能确认是哪本账。",
                "○ Logged: the file only agrees with itself. Without a --policy nothing says whose log this is.",
            )
        )
        return
    voice.answer(
        say(
            f"✓ 入账：在信任名单里的账本前 {size} 条之内，账本已签名。",
            f"✓ Logged: among the first {size} entries of a log that the policy trusts, signed by it.",
        )
    )
    if not witnessed:
        voice.answer(say("○ 见证：还没有见证方签名。", "○ Witnessed: by nobody yet."))
        return
    seen = say("、", ", ").join(f"{name} {when}" for name, when in moments(witnessed).items())
    voice.answer(say(f"✓ 见证：{seen}。", f"✓ Witnessed: {seen}."))
