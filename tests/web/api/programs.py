"""Programs of the cast: clients of the API, each with a token of its organisation."""

import copy
from base64 import b64encode
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI

from shangeng_trace.acting import Actor
from shangeng_trace.events import EPCIS_CONTEXT
from shangeng_trace.ids import new_event_id
from shangeng_trace.keys import Algorithm, SigningKey
from shangeng_trace.proofs import sign, verification_method
from shangeng_trace.registry_tables import Role
from shangeng_web.platform import Platform
from shangeng_web.tokens import create_token
from tests.people import Somebody
from tests.visiting import Guest, guest

API = "/api/v1"


def token_for(platform: Platform, somebody: Somebody, roles: Iterable[Role] | None = None) -> str:
    """Make a token of somebody's organisation, with somebody's roles or those given."""
    wanted = frozenset(somebody.actor.roles if roles is None else roles)
    maker = Actor(somebody.organisation.id, somebody.organisation.kind, wanted | {Role.MANAGER})
    moment = platform.office.clock()
    return platform.writer.run(lambda s: create_token(s, maker, name="测试", roles=wanted, moment=moment))[1]


@asynccontextmanager
async def program(
    platform: Platform,
    somebody: Somebody | None,
    roles: Iterable[Role] | None = None,
    *,
    app: FastAPI | None = None,
    language: str = "en",
) -> AsyncGenerator[Guest]:
    """Open a client with a token of somebody's organisation, or with none."""
    async with guest(platform, app=app) as visitor:
        visitor.headers["Accept-Language"] = language
        if somebody is not None:
            visitor.headers["Authorization"] = f"Bearer {token_for(platform, somebody, roles)}"
        yield visitor


@dataclass(frozen=True)
class Signer:
    """A key of a program's own, registered with the log."""

    key: SigningKey
    method: str

    def store(self, batch: str, *, place: str = "二号库", event_id: str | None = None) -> dict[str, Any]:
        """Return a signed event that says where a batch is kept."""
        moment = datetime.now(UTC) - timedelta(minutes=1)
        return self.sign(
            {
                "@context": copy.deepcopy(EPCIS_CONTEXT),
                "type": "ObjectEvent",
                "eventID": event_id or new_event_id(),
                "eventTime": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "eventTimeZoneOffset": "+08:00",
                "action": "OBSERVE",
                "bizStep": "storing",
                "disposition": "in_progress",
                "quantityList": [{"epcClass": f"urn:shangeng:batch:{batch}"}],
                "shangeng:step": "store",
                "shangeng:record": {"store_place": place},
            }
        )

    def sign(self, document: dict[str, Any]) -> dict[str, Any]:
        return sign(document, self.key, verification_method=self.method, created=datetime.now(UTC))


async def register(client: Guest, algorithm: Algorithm = Algorithm.ED25519) -> Signer:
    """Register a fresh key over the API."""
    key = SigningKey.generate(algorithm)
    me = (await client.get(f"{API}/me")).json()["id"]
    answer = await client.post(f"{API}/keys", json=registration(key, me))
    assert answer.status_code == 201, answer.text
    assert answer.json()["verification_method"] == verification_method("127.0.0.1", answer.json()["id"])
    return Signer(key, answer.json()["verification_method"])


def registration(key: SigningKey, organisation_id: str) -> dict[str, str]:
    """Return the body that registers a key, with the proof that we hold it."""
    multikey = key.public.multikey
    signature = key.sign(f"shangeng key {organisation_id} {multikey}".encode())
    return {"public_key": multikey, "signature": b64encode(signature).decode()}
