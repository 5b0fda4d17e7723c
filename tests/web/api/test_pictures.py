"""A picture is uploaded first and then belongs to the event that names it."""

import pytest
from fastapi import FastAPI
from sqlmodel import select

from shangeng_trace.attachments import read_attachment
from shangeng_trace.private_tables import EventAttachment
from tests.pictures import photo
from tests.story import Story
from tests.visiting import Guest
from tests.web.api.operations import Operation
from tests.web.api.programs import API, program

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]


async def upload(client: Guest, shade: int = 90) -> str:
    answer = await client.post(f"{API}/pictures", files={"photo": ("a.jpg", photo(shade=shade), "image/jpeg")})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["sha256"])


async def test_an_event_takes_the_pictures_it_names(
    story: Story, app: FastAPI, api: dict[str, Operation], names: dict[str, str]
) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        pictures = [await upload(producer), await upload(producer, shade=30)]
        assert await upload(producer) == pictures[0], "the same picture has the same name"
        values = {"store_place": "二号库"}
        named = {"step": "store", "values": values, "pictures": [*pictures, pictures[0]], "at": None}
        answer = await api["record_step"].call(producer, names, **named)
        assert answer.status_code == 201, answer.text
        events = (await producer.get(f"{API}/batches/{story.leaf}/events?limit=200")).json()["items"]
    told = next(each["statement"] for each in events if each["digest"] == answer.json()["digest"])
    assert set(told["shangeng:commitments"]) == {"photo_1", "photo_2"}
    assert not any(picture in str(told) for picture in pictures), "the statement holds salted commitments alone"
    with story.platform.database.session() as session:
        query = select(EventAttachment.sha256).where(EventAttachment.event_id == told["eventID"])
        assert sorted(session.exec(query)) == sorted(pictures)


async def test_a_picture_that_is_gone_cannot_be_named(
    story: Story, app: FastAPI, api: dict[str, Operation], names: dict[str, str]
) -> None:
    media = story.platform.settings.media_dir
    async with program(story.platform, story.people.producer, app=app) as producer:
        picture = await upload(producer)
        assert read_attachment(media, picture)
        (media / picture[:2] / f"{picture}.jpg").unlink()
        answer = await api["record_step"].call(producer, names, pictures=[picture], at=None)
    assert answer.status_code == 422
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [
        ("pictures.0", "web.picture_not_uploaded")
    ]


async def test_a_form_field_that_is_no_file(story: Story, app: FastAPI) -> None:
    async with program(story.platform, story.people.producer, app=app) as producer:
        answer = await producer.post(f"{API}/pictures", files={"other": ("a.jpg", photo(), "image/jpeg")})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["photo"]
