"""Photographs: shown with their event, gone once erased."""

import re

import pytest

from shangeng_trace.attachments import erase_attachment, keep_picture
from shangeng_trace.private_tables import Attachment
from tests.pictures import photo
from tests.visiting import Guest
from tests.web.public.scene import Scene

pytestmark = pytest.mark.anyio


async def test_a_photograph_is_kept_for_ever_until_it_is_erased(scene: Scene, shopper: Guest) -> None:
    batch = scene.tea()
    page = (await shopper.get(f"/b/{batch}")).text
    (address,) = re.findall(r'src="(/media/[0-9a-f]{64}\.jpg)"', page)
    assert 'width="1280" height="528"' in page
    picture = await shopper.get(address)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert "immutable" in picture.headers["cache-control"]
    folder = scene.platform.settings.media_dir
    scene.do(erase_attachment, scene.people.producer, folder=folder, sha256=address[7:-4])
    assert (await shopper.get(address)).status_code == 404
    scene.pass_time(minutes=1)
    assert "/media/" not in (await shopper.get(f"/b/{batch}")).text


async def test_a_picture_that_belongs_to_no_event_is_not_public(scene: Scene, shopper: Guest) -> None:
    stray = keep_picture(scene.platform.settings.media_dir, photo(shade=10))
    row = Attachment(
        sha256=stray.sha256,
        media_type="image/jpeg",
        width=stray.width,
        height=stray.height,
        size=stray.size,
        stored_at=scene.clock(),
    )
    scene.run(lambda session: session.add(row))
    assert (await shopper.get(f"/media/{stray.sha256}.jpg")).status_code == 404
    for name in ("x", "../master", stray.sha256.upper()):
        assert (await shopper.get(f"/media/{name}.jpg")).status_code == 404
