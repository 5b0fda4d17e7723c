"""Every error the product raises on purpose, as one tree.

    ShangengError                 a stable code, a sentence in Chinese and in English, perhaps a field
    ├─ NotFoundError              what was asked for is not there
    ├─ ConflictError              it was possible a moment ago, or has been done already
    ├─ RejectedError              a rule says no, or a value cannot be right
    │  └─ InvalidError            several of these at once, each at its field
    ├─ ForbiddenError             this actor may not do this
    ├─ UnavailableError           cannot be done now; nothing was lost, try again
    └─ VerificationError          evidence does not hold
       └─ MalformedError          bytes are not in the format they claim

A subclass gives `code` (for programs, never changed), `zh` and `en` (for people; `{named}` parts come from the
keyword arguments, and a part that is itself an error speaks the same language). No HTTP here: the web package maps
the kinds to statuses in one table.
"""

from collections.abc import Iterable
from typing import ClassVar


class ShangengError(Exception):
    """Root of the tree; `field` names the input it belongs to, as a form or JSON member name."""

    code: ClassVar[str] = "error"
    zh: ClassVar[str] = "没有办成，请稍后再试。"
    en: ClassVar[str] = "That did not work. Please try again."

    def __init__(self, *, field: str | None = None, **parts: object) -> None:
        self.field = field
        self.parts = parts
        super().__init__(f"{self.code}: {self.sentence('en')}")

    def sentence(self, language: str) -> str:
        """Return the sentence for a reader of `language` ("zh" or "en")."""
        template = self.en if language.startswith("en") else self.zh
        parts = {
            name: part.sentence(language) if isinstance(part, ShangengError) else part
            for name, part in self.parts.items()
        }
        return template.format_map(parts)


class NotFoundError(ShangengError):
    """What was asked for is not there."""

    code = "not_found"
    zh = "没有找到。"
    en = "Not found."


class ConflictError(ShangengError):
    """It was possible a moment ago, or has been done already."""

    code = "conflict"
    zh = "情况已经变化，请刷新后再试。"
    en = "Things have changed meanwhile. Please reload and try again."


class RejectedError(ShangengError):
    """A rule says no, or a value cannot be right."""

    code = "rejected"
    zh = "填写的内容不符合要求。"
    en = "What was entered does not meet the rules."


class InvalidError(RejectedError):
    """Several rejections at once; `problems` keeps each with its field."""

    code = "invalid"
    zh = "有 {count} 处需要更正。"
    en = "To be corrected: {count}."

    def __init__(self, problems: Iterable[RejectedError]) -> None:
        self.problems = tuple(problems)
        super().__init__(count=len(self.problems))
        self.args = (f"{self.code}: " + "; ".join(f"{each.field}: {each}" for each in self.problems),)


class ForbiddenError(ShangengError):
    """This actor may not do this."""

    code = "forbidden"
    zh = "您没有权限做这件事。"
    en = "You are not allowed to do this."


class UnavailableError(ShangengError):
    """Cannot be done now; nothing was lost, and trying again is safe."""

    code = "unavailable"
    zh = "系统暂时忙，没有保存。请稍后再试。"
    en = "The service is busy and nothing was saved. Please try again shortly."


class VerificationError(ShangengError):
    """Evidence does not hold."""

    code = "verification_failed"
    zh = "核验没有通过：{what}"
    en = "Verification failed: {what}"


class MalformedError(VerificationError):
    """Bytes are not in the format they claim to be in."""

    code = "malformed"
    zh = "格式不对：{what}"
    en = "Malformed: {what}"
