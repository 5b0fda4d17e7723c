"""What a program sends to the server: a signed event, and the answer however bad."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import Any

from tests.e2e.server import PATIENCE
from tests.faults.servers import Scene


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body of an answer."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


def post(scene: Scene, url: str, body: bytes, path: str = "/api/v1/events", **headers: str) -> Answer:
    """Post a JSON body with the scene's token; raises OSError where no answer came."""
    sent = {"Content-Type": "application/json", "Authorization": f"Bearer {scene.token}", **headers}
    return _ask(urllib.request.Request(url + path, body, sent))


def get(url: str, **headers: str) -> Answer:
    """Read an address."""
    return _ask(urllib.request.Request(url, headers=headers))


def _ask(request: urllib.request.Request) -> Answer:
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())
