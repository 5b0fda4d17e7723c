"""Every route of the API, and the parts of its reference."""

from fastapi import APIRouter
from starlette.routing import Match, Route
from starlette.types import Scope

from shangeng_web.api import (
    batches,
    events,
    keys,
    labels,
    members,
    permissions,
    pictures,
    private,
    receipts,
    registry,
    registry_changes,
    shipments,
)

TAGS = [
    {"name": "registry", "description": "本单位的登记 · Your organisation, people, products, bases, plots, marks."},
    {"name": "members", "description": "会员 · Members of the brand."},
    {"name": "pictures", "description": "照片 · Pictures for events."},
    {"name": "batches", "description": "批次 · What begins, happens to and becomes of batches."},
    {"name": "shipments", "description": "发货和收货 · Goods between members."},
    {"name": "events", "description": "事件 · Signed events, recorded or of your own signing."},
    {"name": "receipts", "description": "回执 · How far a statement has come: signed, logged, witnessed."},
    {"name": "keys", "description": "签名钥匙 · Keys that events are signed with."},
    {"name": "certificates", "description": "认证证书 · Decisions of certification bodies."},
    {"name": "licences", "description": "商标使用许可 · Permissions of the association."},
    {"name": "log", "description": "公开账本 · The public log and its keys, without a token."},
    {"name": "labels", "description": "标签 · Runs of labels, their codes, sheets to print."},
]
"""The parts of the reference, in its order."""

router = APIRouter(prefix="/api/v1", generate_unique_id_function=lambda route: route.name)
for part in (
    registry,
    registry_changes,
    members,
    pictures,
    batches,
    shipments,
    events,
    private,
    receipts,
    keys,
    permissions,
    labels,
):
    router.include_router(part.router)


class Straight(Route):
    """A route past the framework, by whose path the log line names the request all the same."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether this route is meant."""
        match, said = super().matches(scope)
        return match, {**said, "route": self}


BUSIEST = (
    Straight("/api/v1/events", events.post_event, methods=["POST"]),
    Straight("/api/v1/events/bulk", events.post_events, methods=["POST"]),
)
"""Operations of the router that are tried before it: searching its routes would cost as much as checking an event."""
