"""What labels have against a correction: every label that is not void must have its pack."""

from sqlmodel import Session

from shangeng_labels.lookup import quota
from shangeng_labels.run_refusals import LabelsAreOut
from shangeng_trace.events import Event, Flow


def check_labels_have_packs(session: Session, event: Event) -> None:
    """Raise `LabelsAreOut` where a correction of a packing leaves fewer packs than labels; an `Objection`."""
    for each in event.amends:
        if each.flow is Flow.PACKED and each.change < 0:
            has = quota(session, each.batch)
            packs = has.packed + int(each.change)
            if packs < has.issued - has.voided:
                raise LabelsAreOut(field="quantity", live=has.issued - has.voided, packs=packs)
