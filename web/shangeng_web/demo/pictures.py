"""Photos for the stories, drawn by code: the same seed gives the same bytes, and a word on each says what it is."""

from collections.abc import Callable, Mapping
from functools import partial

from shangeng_web.demo import scenes_land, scenes_room, scenes_still
from shangeng_web.demo.canvas import Canvas, Colour

Scene = Callable[[Canvas], None]


def _tray(fill: scenes_still.Filling, bed: Colour, count: int) -> Scene:
    return partial(scenes_still.tray, fill=fill, bed=bed, count=count)


PHOTOS: Mapping[str, Scene] = {
    "terraces": scenes_land.terraces,
    "picking": scenes_land.tea_tips,
    "trays": _tray(fill=scenes_still.fresh_leaf, bed=(92, 130, 72), count=620),
    "drying": partial(scenes_room.drying, goods=(70, 92, 60)),
    "report-tea": partial(scenes_still.report, passed=True),
    "tins": scenes_room.tins,
    "shelf": partial(scenes_room.shelf, accent=(60, 112, 88)),
    "garden": scenes_land.terraces,
    "leaf-bags": scenes_still.leaf_baskets,
    "weighing": scenes_still.weighing,
    "shed-logs": partial(scenes_room.shed, fruiting=False),
    "shed": partial(scenes_room.shed, fruiting=True),
    "mushrooms": scenes_room.mushroom_bed,
    "drying-mushrooms": partial(scenes_room.drying, goods=(126, 92, 62)),
    "report-mushroom": partial(scenes_still.report, passed=True),
    "bags": partial(scenes_room.bags, word="香菇"),
    "shelf-mushrooms": partial(scenes_room.shelf, accent=(150, 108, 68)),
    "report-failed": partial(scenes_still.report, passed=False),
    "lingzhi": scenes_land.lingzhi,
    "lingzhi-slices": _tray(fill=scenes_still.slice_one, bed=(120, 70, 44), count=330),
    "bayberry": scenes_still.bayberry_basket,
    "bayberry-boxes": partial(scenes_room.boxes, word="杨梅"),
    "van": scenes_room.van,
    "pears": scenes_land.orchard,
    "pears-sorted": scenes_still.pear_tray,
    "rice-fish": scenes_land.rice_fish,
    "rice-harvest": scenes_land.rice_harvest,
    "report-rice": partial(scenes_still.report, passed=True),
    "ducks": scenes_land.ducks,
    "eggs": scenes_still.egg_carton,
    "jumi": _tray(fill=scenes_still.jumi_one, bed=(190, 150, 64), count=1500),
}
"""Name → what it shows; the name is the seed."""


def draw(name: str) -> bytes:
    """Return a photo as JPEG, 1200 × 800."""
    canvas = Canvas(name)
    PHOTOS[name](canvas)
    return canvas.finished()
