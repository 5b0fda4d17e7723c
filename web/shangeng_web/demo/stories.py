"""Playing the stories: all at once, in the order of time, as the log must hold them."""

import heapq
from collections.abc import Callable

from shangeng_web.demo import story_field, story_fruit, story_mushroom, story_permissions, story_tea
from shangeng_web.demo.calendar import Story
from shangeng_web.demo.stage import Stage, turn_to

STORIES: tuple[Callable[[Stage], Story], ...] = (
    story_permissions.granted,
    story_tea.own_garden,
    story_tea.neighbours,
    story_tea.next_season,
    story_mushroom.logs,
    story_mushroom.good,
    story_mushroom.recalled,
    story_mushroom.lingzhi,
    story_fruit.bayberry,
    story_fruit.pear,
    story_field.rice,
    story_field.ducks,
    story_field.eggs,
    story_field.jumi,
    story_permissions.suspended,
)


def play(stage: Stage, *, told: Callable[[], object]) -> None:
    """Play every story to its end; `told` is called after each of their parts."""
    waiting = [(next(story), order, story) for order, story in enumerate(tell(stage) for tell in STORIES)]
    heapq.heapify(waiting)
    while waiting:
        moment, order, story = heapq.heappop(waiting)
        turn_to(stage, moment)
        following = next(story, None)
        told()
        if following is not None:
            assert following >= moment, f"{STORIES[order].__name__} goes back in time"
            heapq.heappush(waiting, (following, order, story))
