"""Signed events on the wire."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from shangeng_trace.device_sequence import Place
from shangeng_trace.witnessing import Standing
from shangeng_web.api.wire import BATCH, DIGEST, EVENT, KEY, Digest, In, ProblemOut, ReceiptOut, Statement

MOST = 1000
"""Events in one request; a hundred already cost little more each than a thousand."""

METHOD = f"did:web:trace.example.cn:keys:{KEY}#{KEY}"

EVENT_EXAMPLE: Statement = {
    "@context": [
        "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        {"shangeng": "urn:shangeng:vocab:"},
    ],
    "type": "ObjectEvent",
    "eventID": EVENT,
    "eventTime": "2026-04-15T09:12:00.000+08:00",
    "eventTimeZoneOffset": "+08:00",
    "bizStep": "storing",
    "action": "OBSERVE",
    "disposition": "in_progress",
    "quantityList": [{"epcClass": f"urn:shangeng:batch:{BATCH}"}],
    "shangeng:step": "store",
    "shangeng:record": {"store_place": "二号库"},
    "proof": {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2026-04-15T01:12:05Z",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
        "@context": [
            "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
            {"shangeng": "urn:shangeng:vocab:"},
        ],
        "proofValue": "z3sXaxjKs4M3BRicwWA9peyNPJvJqxtGsDmpt1jjoHCjgeUf71TRFz56osPSfDErszyLp5Ks1EhYSgpDaNM977Rg2",
    },
}


RECEIPT_EXAMPLE: dict[str, JsonValue] = {
    "digest": DIGEST,
    "index": 1187,
    "time": "2026-04-15T01:12:06.040Z",
    "links": [{"chain": f"batch:{BATCH}", "seq": 4, "prev": DIGEST}],
    "repeated": False,
}


class EventsIn(In):
    """Signed events, each decided by itself, in the order sent."""

    events: list[Statement] = Field(min_length=1, max_length=MOST, examples=[[EVENT_EXAMPLE]])


class EventAnswer(BaseModel):
    """What became of one event: a receipt, or the problem that refused it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"receipt": RECEIPT_EXAMPLE, "problem": None}]})

    receipt: ReceiptOut | None = None
    problem: ProblemOut | None = None


class EventsOut(BaseModel):
    """An answer for every event, in the order sent."""

    accepted: int = Field(examples=[1])
    answers: list[EventAnswer]


class DeviceOut(BaseModel):
    """Where an event stands in its device's own sequence, and whether that fits what has come so far."""

    counter: int = Field(examples=[12])
    place: Place = Field(
        description="`gap`: the one before it has not come yet. `forked`: another one has this counter. `broken`: "
        "it names another one before it than the one that is there.",
        examples=["in_order"],
    )


class EventOut(BaseModel):
    """A recorded event: the signed statement and where the ledger took it."""

    digest: Digest
    index: int = Field(examples=[1187])
    logged_at: datetime
    standing: Standing = Field(
        description="How far it has come: `signed`, `logged` under the log's signature, or `witnessed`; "
        "`GET /receipts/{digest}` says by whom and when.",
        examples=["witnessed"],
    )
    counts: bool = Field(
        description="Whether its signature still counts: a revocation that reaches back undoes it.", examples=[True]
    )
    device: DeviceOut | None = Field(description="Null where the event names no place in a device's sequence.")
    statement: Statement | None = Field(description="Null where the statement is withheld.", examples=[EVENT_EXAMPLE])
