"""Photos drawn by code."""

from io import BytesIO

import pytest
from PIL import Image, ImageStat

from shangeng_web.demo.canvas import HEIGHT, WIDTH, Canvas
from shangeng_web.demo.pictures import PHOTOS, draw


@pytest.mark.parametrize("name", sorted(PHOTOS))
def test_a_photo_is_a_photo(name: str) -> None:
    data = draw(name)
    with Image.open(BytesIO(data)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (WIDTH, HEIGHT))
        spread = ImageStat.Stat(picture).stddev
    assert max(spread) > 20, "something is to be seen on it"
    assert 40_000 < len(data) < 400_000


def test_the_same_name_gives_the_same_bytes_and_another_name_another_picture() -> None:
    assert draw("terraces") == draw("terraces")
    assert draw("terraces") != draw("garden")


def test_each_says_that_it_is_no_real_photo() -> None:
    picture = Canvas("blank")
    picture.wash((120, 120, 120), (120, 120, 120))
    with Image.open(BytesIO(picture.finished())) as finished:
        corner = finished.convert("L").crop((WIDTH - 140, HEIGHT - 60, WIDTH - 20, HEIGHT - 15))
    assert ImageStat.Stat(corner).extrema[0][1] > 220
