"""What the console's tests start from: the cooperative's tea, and a visitor signed in as its manager."""

import pytest

from shangeng_web.platform import Platform
from tests.people import People
from tests.visiting import Guest
from tests.web.console.story import Story


@pytest.fixture
def story(platform: Platform, people: People) -> Story:
    return Story(platform, people)


@pytest.fixture
async def manager(client: Guest, people: People) -> Guest:
    return await client.log_in(people.producer)
