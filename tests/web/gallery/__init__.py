"""Every layout and every macro on a few pages, as they are used."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

from jinja2 import ChoiceLoader, FileSystemLoader

from shangeng_web import templating
from shangeng_web.i18n import Language

FOLDER = Path(__file__).parent
PAGES = tuple(sorted(path.name for path in FOLDER.glob("*.html")))
PUBLIC = tuple(name for name in PAGES if not name.startswith("console"))

_loader = templating.environment.loader
assert _loader is not None
_environment = templating.environment.overlay(loader=ChoiceLoader([FileSystemLoader(FOLDER), _loader]))

MENU = [("/console/", "今天"), ("/console/batches", "批次"), ("/console/plots", "地块"), ("/console/me", "我的")]

CONTEXT: dict[str, object] = {
    "moment": datetime(2026, 4, 12, 6, 40, tzinfo=UTC),
    "amount": Decimal("38.0"),
    "made": Decimal("8.90"),
    "actor": SimpleNamespace(name="钟素芬", role="生产管理", organisation="景宁惠明茶合作社"),
    "menu": [*MENU[:2], ("/console/certificates", "认证"), ("/console/labels", "标签"), ("/c", "登记册")],
    "dock_menu": MENU,
    "open": "/console/",
    "flash": SimpleNamespace(kind="ok", words="已保存并签名。"),
    "csrf": "token",
}


def draw(name: str, language: Language = "zh-CN", *, large: bool = False) -> str:
    """Return one page of the gallery."""
    kept = {"lang": language, **({"text": "large"} if large else {})}
    page = templating._Page(language, "/gallery", {}, kept, large)  # pyright: ignore[reportPrivateUsage]
    with templating._reading_page(page):  # pyright: ignore[reportPrivateUsage]
        return _environment.get_template(name).render(
            language=language, large=large, demo=True, origin="https://trace.example", **CONTEXT
        )


def speak(
    source: str,
    *,
    language: Language = "zh-CN",
    query: Mapping[str, str] | None = None,
    kept: Mapping[str, str] | None = None,
    **context: object,
) -> str:
    """Render a piece of template text as part of a page."""
    page = templating._Page(language, "/gallery", query or {}, kept or {}, large=False)  # pyright: ignore[reportPrivateUsage]
    with templating._reading_page(page):  # pyright: ignore[reportPrivateUsage]
        return templating.environment.from_string(source).render(**context)
