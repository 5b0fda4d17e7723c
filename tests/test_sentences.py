"""Every error that the product raises on purpose says what is wrong in both languages, under a code of its own."""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from string import Formatter

import shangeng_certs
import shangeng_labels
import shangeng_trace
import shangeng_web
from shangeng_trace.errors import MalformedError, NotFoundError, ShangengError

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def errors() -> list[type[ShangengError]]:
    for package in (shangeng_trace, shangeng_certs, shangeng_labels, shangeng_web):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(("__main__", ".env")) and ".versions." not in module.name:
                importlib.import_module(module.name)
    return sorted(set(_below(ShangengError)), key=lambda error: (error.__module__, error.__qualname__))


def _below(error: type[ShangengError]) -> Iterator[type[ShangengError]]:
    for each in error.__subclasses__():
        if each.__module__.startswith("shangeng_"):
            yield each
        yield from _below(each)


def parts(template: str) -> set[str]:
    """Return the named parts, `zh_unit` and `en_unit` being one."""
    return {re.sub(r"^(zh|en)_|_(zh|en)$", "", name) for _, name, _, _ in Formatter().parse(template) if name}


def test_every_error_speaks_both_languages() -> None:
    for error in errors():
        if error.__name__.startswith("_"):
            continue  # says what the framework says
        if not parts(error.zh):
            assert CHINESE.search(error.zh), error
        assert not CHINESE.search(error.en), error
        assert not error.zh.endswith("。。"), error


def test_every_code_is_one_errors_own() -> None:
    own = Counter(error.code for error in errors() if "code" in vars(error))
    assert [code for code, times in own.items() if times > 1] == []


def test_an_error_inside_an_error_speaks_the_same_language() -> None:
    outer = MalformedError(what=NotFoundError())
    assert outer.sentence("zh") == "格式不对：没有找到。"
    assert outer.sentence("en") == "Malformed: Not found."
