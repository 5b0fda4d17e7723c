"""A told story, the API's operations, and the ids that stand in the place of those in its examples."""

from collections.abc import AsyncGenerator

import pytest
from fastapi import FastAPI
from sqlmodel import select

from shangeng_labels.tables import LabelRun
from shangeng_trace.batch_tables import EventRecord, LedgerKey, Shipment
from shangeng_trace.registry_tables import OtherMark
from shangeng_web.api import wire
from shangeng_web.app import create_app
from shangeng_web.platform import Platform
from tests.people import People
from tests.story import Story, tell_story
from tests.web.api.operations import Operation, operations


@pytest.fixture
def app(platform: Platform) -> FastAPI:
    return create_app(platform.settings)


@pytest.fixture
def api(app: FastAPI) -> dict[str, Operation]:
    return operations(app)


@pytest.fixture
async def story(platform: Platform, people: People, anyio_backend: str) -> AsyncGenerator[Story]:  # noqa: ARG001 - makes it asynchronous
    yield tell_story(platform, people)
    await platform.close()  # in the loop that opened its connections


@pytest.fixture
def names(story: Story) -> dict[str, str]:
    """Return the story's ids by those of the examples; the shipment is the one already received."""
    people = story.people
    with story.platform.database.session() as session:
        run = session.exec(select(LabelRun.id)).one()
        shipment = session.exec(select(Shipment.event_id)).first()
        event, digest = session.exec(
            select(EventRecord.event_id, EventRecord.digest).where(EventRecord.step == "dry")
        ).one()
        key = session.exec(select(LedgerKey.id).where(LedgerKey.controller == people.producer.organisation.id)).one()
        mark = session.exec(select(OtherMark.id)).one()
    assert shipment is not None
    return {
        wire.MEMBER: people.producer.organisation.id,
        wire.SHOP: story.shop_organisation.id,
        wire.PERSON: people.farmer.person_id,
        wire.PRODUCT: story.product.id,
        wire.BASE: story.plot.base_id,
        wire.PLOT: story.plot.id,
        wire.MARK: mark,
        wire.BATCH: story.leaf,
        wire.OTHER_BATCH: story.recalled,
        wire.RUN: run,
        wire.KEY: key,
        wire.SHIPMENT: shipment,
        wire.EVENT: event,
        wire.DIGEST: digest,
        wire.CERTIFICATE: story.certificate,
        wire.LICENCE: story.licence,
    }
