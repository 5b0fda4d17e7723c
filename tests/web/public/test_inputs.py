"""What a test report says of itself, and what is read off its event where it says nothing."""

from datetime import UTC, date, datetime

import pytest

from shangeng_trace.batch_tables import EventRecord, LedgerKey
from shangeng_trace.catalogue import Catalogue
from shangeng_trace.clock import SHANGHAI
from shangeng_trace.ids import new_id
from shangeng_web.public.dossier import Told
from shangeng_web.public.inputs import tests as told_tests
from tests.observing import in_store

LATE = datetime(2026, 4, 12, 17, tzinfo=UTC)
"""One in the morning of the 13th in Lishui."""


@pytest.mark.parametrize("written", [LATE, LATE.astimezone(SHANGHAI)])
def test_an_undated_test_is_of_its_day_in_lishui_however_its_time_was_written(written: datetime) -> None:
    step, event = Catalogue.load().step("test", "tea"), in_store(new_id(), written, {"verdict": "pass"})
    row = EventRecord(
        index=1,
        digest="0" * 64,
        event_id=event.event_id,
        step=step.key,
        author=new_id(),
        key_id=new_id(),
        happened_at=LATE,
        logged_at=LATE,
    )
    key = LedgerKey(
        id=row.key_id,
        controller=row.author,
        controller_kind="lab",
        algorithm="Ed25519",
        public="z",
        custody="server",
        digest="0" * 64,
        registered_index=0,
    )
    (shown,) = told_tests([Told(row, event, step, key)], "zh-CN")
    assert (shown.sampled, shown.reported) == (date(2026, 4, 13), date(2026, 4, 13))
