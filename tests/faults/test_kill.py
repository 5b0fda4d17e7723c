"""A few rounds of `tests.faults.kill`, which plays a hundred by itself."""

import pytest

from shangeng_web.settings import Settings
from tests.faults.kill import open_story, play_round


@pytest.mark.parametrize("seed", [20260412])
def test_what_was_acknowledged_outlives_every_kill(settings: Settings, engine: str, seed: int) -> None:
    story = open_story(settings, seed=seed)
    try:
        play_round(story)
        play_round(story, starting=engine == "sqlite", backend=engine == "postgresql")
    finally:
        story.server.stop()
    assert story.counts["rounds"] == 2
    assert len(story.acknowledged) > 2, "the load was a load"
    assert len(story.seen) >= 2
    assert not story.unanswered
