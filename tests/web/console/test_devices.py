"""A phone's records that do not join are told to whoever looks after the batch."""

import pytest

from shangeng_web.platform import Platform
from tests.people import People
from tests.phones import Phone
from tests.story import tell_story
from tests.visiting import Guest

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

GAP, FORKED = "这台设备的上一条还没有收到", "这台设备有两条记录用了同一个序号"


async def test_what_is_missing_and_what_contradicts_itself(client: Guest, platform: Platform, people: People) -> None:
    batch, owner = tell_story(platform, people).leaf, people.producer.actor
    phone = platform.writer.run(lambda s: Phone.enrol(s, platform.office, owner))
    page = f"/console/batches/{batch}"
    await client.log_in(people.producer)
    late = phone.seen(batch)
    platform.writer.run(lambda s: phone.tell(s, batch))
    assert GAP in (await client.get(page)).text
    platform.writer.run(lambda s: phone.hand_in(s, late))
    shown = (await client.get(page)).text
    assert GAP not in shown
    assert FORKED not in shown
    phone.counter = 1
    platform.writer.run(lambda s: phone.tell(s, batch))
    assert (await client.get(page)).text.count(FORKED) == 2
