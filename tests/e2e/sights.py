"""Every page there is to look at: its name in tests and pictures, where it is, and who may see it."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.error import HTTPError

from tests.e2e.server import Server

UNKNOWN_CODE = "7K3M9QXT2HVB4R8N"
MALFORMED_CODE = "7K3M9QXT2HVB4R"

BATCHES = ("good", "expired_since", "suspended", "held", "recalled", "uncertified", "unpacked")
"""States of the demonstration's batches, each with a page of its own kind."""
PUBLIC = (
    "landing",
    *BATCHES,
    "label",
    "label-inactive",
    "label-void",
    "code-unknown",
    "code-malformed",
    "code-empty",
    "verify",
    "register",
    "certificate",
    "certificate-expired",
    "licence",
    "licence-suspended",
    "privacy",
    "accessibility",
    "not-found",
    "login",
)

_MEMBER = "huiming-manager"
CONSOLE = {
    "start": (_MEMBER, "/console/"),
    "start-farmer": ("huiming-farmer", "/console/"),
    "start-association": ("association-officer", "/console/"),
    "start-body": ("body-decider", "/console/"),
    "start-lab": ("lab-analyst", "/console/"),
    "start-supervisor": ("city-supervisor", "/console/"),
    "batches": (_MEMBER, "/console/batches"),
    "batch": (_MEMBER, "/console/batches/{own}"),
    "batch-steps": (_MEMBER, "/console/batches/{growing}/steps"),
    "batch-new": (_MEMBER, "/console/batches/new"),
    "batch-recalled": ("baishan-manager", "/console/batches/{recalled}"),
    "steps": (_MEMBER, "/console/steps"),
    "step-spray": (_MEMBER, "/console/batches/{growing}/steps/spray"),
    "step-pack": (_MEMBER, "/console/batches/{growing}/steps/pack"),
    "step-test": ("lab-analyst", "/console/batches/{growing}/steps/test"),
    "step-recall": ("city-supervisor", "/console/batches/{own}/steps/recall"),
    "shipments": ("shop-manager", "/console/shipments"),
    "labels": (_MEMBER, "/console/labels"),
    "labels-batch": (_MEMBER, "/console/batches/{own}/labels"),
    "labels-withheld": ("huzhen-manager", "/console/batches/{suspended}/labels"),
    "products": (_MEMBER, "/console/products"),
    "product-new": (_MEMBER, "/console/products/new"),
    "bases": (_MEMBER, "/console/bases"),
    "marks": (_MEMBER, "/console/marks"),
    "people": (_MEMBER, "/console/people"),
    "person-new": (_MEMBER, "/console/people/new"),
    "tokens": (_MEMBER, "/console/tokens"),
    "keys": (_MEMBER, "/console/keys"),
    "organisation": (_MEMBER, "/console/organisation"),
    "me": (_MEMBER, "/console/me"),
    "password": (_MEMBER, "/console/password"),
    "members": ("association-officer", "/console/members"),
    "member-new": ("association-officer", "/console/members/new"),
    "licences": ("association-officer", "/console/licences"),
    "licence-new": ("association-officer", "/console/licences/new"),
    "certificates": ("body-decider", "/console/certificates"),
    "certificate-new": ("body-decider", "/console/certificates/new"),
}
"""Name to username and address; braces name a batch (see `places`)."""


@dataclass(frozen=True)
class Sight:
    """A page: its name, its address, and whom one must be signed in as, if anybody."""

    name: str
    path: str
    username: str = ""


class Sights:
    """Where everything is on one server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        certificates = {row["state"]: row["number"] for row in reversed(server.demo["certificates"])}
        licences = {row["state"]: row["number"] for row in server.demo["certificates"] if row["number"][:2] == "XK"}
        good = next(row for row in server.demo["batches"] if row["state"] == "good" and row["codes"])
        self._public = {
            "landing": "/",
            **{state: f"/b/{server.batch(state)}" for state in BATCHES},
            "label": f"/t/{good['codes'][0]}",
            "label-inactive": f"/t/{self._label('未启用')}",
            "label-void": f"/t/{self._label('已作废')}",
            "code-unknown": f"/t/{UNKNOWN_CODE}",
            "code-malformed": f"/t/{MALFORMED_CODE}",
            "code-empty": "/find?code=%E8%8C%B6",
            "verify": f"/b/{good['id']}/verify",
            "register": "/c",
            "certificate": f"/c/{server.demo['certificates'][0]['number']}",
            "certificate-expired": f"/c/{certificates['expired']}",
            "licence": f"/c/{licences['valid']}",
            "licence-suspended": f"/c/{licences['suspended']}",
            "privacy": "/privacy",
            "accessibility": "/accessibility",
            "not-found": "/nowhere",
            "login": "/console/login",
        }
        growing = next(row for row in server.demo["batches"] if row["lot"].startswith("HM") and row["state"] != "good")
        self._places = {"own": good["id"], "growing": growing["id"]} | {state: server.batch(state) for state in BATCHES}

    def public(self, name: str) -> Sight:
        """Return a page of `PUBLIC`."""
        return Sight(name, self._public[name])

    def console(self, name: str) -> Sight:
        """Return a page of `CONSOLE`."""
        username, path = CONSOLE[name]
        return Sight(name, path.format(**self._places), username)

    def all(self) -> Iterator[Sight]:
        """Yield every page, those of one person together."""
        yield from map(self.public, PUBLIC)
        yield from sorted(map(self.console, CONSOLE), key=lambda sight: sight.username)

    def _label(self, words: str) -> str:
        """Return the code of a label whose page says these words."""
        codes = (code for row in self.server.demo["batches"] for code in row["codes"][:20])
        return str(next(code for code in codes if words in self._says(f"/t/{code}")))

    def _says(self, path: str) -> str:
        try:
            return str(self.server.get(path), "utf-8")
        except HTTPError:
            return ""


def dressed(path: str, *, language: str = "zh-CN", elder: bool = False) -> str:
    """Return an address in a language and a text size, as the switches in the pages' head write them."""
    words = [*(["lang=en"] if language == "en" else []), *(["text=large"] if elder else [])]
    return path if not words else f"{path}{'&' if '?' in path else '?'}{'&'.join(words)}"
