"""A phone that signs for itself: its key is registered, its private half never reaches the server."""

from dataclasses import dataclass, field

from sqlmodel import Session

from shangeng_trace.acting import Actor, Office
from shangeng_trace.enrolment import enrol_key
from shangeng_trace.entry import Receipt
from shangeng_trace.events import Device, Event, Portion
from shangeng_trace.ids import new_event_id
from shangeng_trace.keys import SigningKey
from shangeng_trace.recording import record_event
from shangeng_trace.statements import Sealed, Signer, seal

START_OF_SEQUENCE = "0" * 64


@dataclass
class Phone:
    """`counter` and `prev` are what its next event will say of its place in the phone's own sequence."""

    office: Office
    signer: Signer
    counter: int = 0
    prev: str = field(default=START_OF_SEQUENCE)

    @classmethod
    def enrol(cls, session: Session, office: Office, owner: Actor, *, key: SigningKey | None = None) -> "Phone":
        """Register a phone of an organisation."""
        key = key or SigningKey.generate()
        row = enrol_key(session, office, owner, public=key.public, device="大棚的手机")
        return cls(office, Signer.of(office.keyring.host, row.id, key))

    def seen(self, batch: str, category: str = "tea") -> Sealed:
        """Sign that the batch lies in store, as the next of the phone's events."""
        step = self.office.catalogue.step("store", category)
        event = Event(
            event_id=new_event_id(),
            type=step.epcis,
            step=step.key,
            action=step.action,
            biz_step=step.biz_step,
            disposition=step.disposition,
            happened_at=self.office.clock(),
            subjects=(Portion(batch),),
            record={"store_place": "库房"},
            device=Device(self.counter, self.prev),
        )
        sealed = seal(event.document(), self.signer, created=self.office.clock())
        self.counter, self.prev = self.counter + 1, sealed.digest
        return sealed

    def tell(self, session: Session, batch: str) -> Receipt:
        """Sign and hand in."""
        return self.hand_in(session, self.seen(batch))

    def hand_in(self, session: Session, sealed: Sealed) -> Receipt:
        """Hand in what was signed before."""
        return record_event(session, self.office, sealed)
