"""A log with witnesses changes its key: who knows either key cosigns during the change, afterwards who knows the new one."""

import asyncio

import pytest

from shangeng_trace.log_keys import LogKeyUnseen
from shangeng_trace.note import split_note
from shangeng_trace.policy import evaluate, parse_policy
from shangeng_trace.witnessing import published_checkpoint, witness_times
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests.waiting import until
from tests.web.test_log_keys import bring_in, let_go
from tests.web.witnessing.growing import ONE_ENGINE, catches_up, sizes, write
from tests.web.witnessing.network import Lab


@ONE_ENGINE
def test_witnesses_follow_when_they_are_told(witnessed: Settings, known: list[Lab]) -> None:
    platform = Platform.open(witnessed)
    catches_up(platform)
    old, new = platform.log_key, bring_in(platform)
    until(lambda: {lab.size for lab in known} == {2})
    catches_up(platform)
    with platform.database.session() as session:
        head = published_checkpoint(session, witnessed=True)
        assert head is not None
        assert [line.key_id for line in split_note(head.note)[1]][:2] == [old.id, new.id]
        assert evaluate(parse_policy(platform.policy(session)), head.note).quorum_met
    for lab in known[:2]:  # two operators add the new key to their settings, the third forgets
        assert lab.witness is not None
        lab.witness.logs = {old.name: (old, new)}
    let_go(platform)
    write(platform, "after the old key")
    catches_up(platform)
    assert [lab.size for lab in known] == [4, 4, 2]
    with platform.database.session() as session:
        head = published_checkpoint(session, witnessed=True)
    assert set(witness_times(head, platform.trust)) == {lab.known.name for lab in known[:2]}
    asyncio.run(platform.close())
    again = Platform.open(witnessed)  # it asks them what they hold, the third under the retired key
    assert again.standstill.cause is None
    asyncio.run(again.close())


@ONE_ENGINE
def test_the_old_key_stays_until_the_new_one_has_been_published(witnessed: Settings, known: list[Lab]) -> None:
    platform = Platform.open(witnessed)
    catches_up(platform)
    for lab in known:
        lab.stop()
    bring_in(platform)
    until(lambda: sizes(platform)[0] == 2)
    with platform.database.session() as session:
        head = published_checkpoint(session, witnessed=True)
    assert head is not None
    with pytest.raises(LogKeyUnseen):
        let_go(platform, published=head.size)
    for lab in known:
        lab.start()
    catches_up(platform)
    let_go(platform)
    asyncio.run(platform.close())
