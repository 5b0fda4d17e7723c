"""Every address of this half of the console: who is kept out."""

import pytest
from starlette.routing import Route

from shangeng_web.app import ROUTERS
from tests.people import People
from tests.visiting import Guest

pytestmark = pytest.mark.anyio

ID = "0123456789ABCDEF"
NUMBER = "SG-2026-00001"
OURS = {
    "registry",
    "marks",
    "bases",
    "members",
    "issuing",
    "permissions",
    "people",
    "token_pages",
    "labels",
    "runs",
    "me",
}
MEMBERS_ONLY = ("/console/products", "/console/bases", "/console/marks", "/console/labels", "/console/products/new")
OFFICES_ONLY = ("/console/members", "/console/licences")
MANAGERS_ONLY = ("/console/people", "/console/people/new", "/console/tokens")


def addresses() -> list[tuple[str, str]]:
    """Return method and address of every route of the modules tested here."""
    found: list[tuple[str, str]] = []
    for router in ROUTERS:
        for route in router.routes:
            if not isinstance(route, Route):
                continue
            package, _, module = route.endpoint.__module__.rpartition(".")
            if package == "shangeng_web.console" and module in OURS:
                path = route.path.replace("{number}", NUMBER).replace("{state}", "suspended")
                for name in (
                    "product_id",
                    "base_id",
                    "plot_id",
                    "member_id",
                    "person_id",
                    "token_id",
                    "batch_id",
                    "run_id",
                ):
                    path = path.replace(f"{{{name}}}", ID)
                found += [(method, path) for method in sorted((route.methods or set()) - {"HEAD"})]
    return found


ADDRESSES = addresses()


def test_the_addresses_are_all_there() -> None:
    assert len(ADDRESSES) > 35
    assert not [path for _, path in ADDRESSES if "{" in path]


async def test_a_stranger_is_led_to_the_login(client: Guest, people: People) -> None:
    assert people.producer
    for method, path in ADDRESSES:
        answer = await client.request(method, path)
        assert answer.status_code == 303, (method, path)
        assert answer.headers["location"].startswith("/console/login"), path


async def test_a_form_without_the_sessions_token_is_refused(client: Guest, people: People) -> None:
    await client.log_in(people.producer)
    for method, path in ADDRESSES:
        if method == "POST":
            assert (await client.post(path, data={"csrf": "guess"})).status_code == 403, path


@pytest.mark.parametrize(
    ("somebody", "closed"),
    [
        ("officer", MEMBERS_ONLY),
        ("decider", (*MEMBERS_ONLY, *OFFICES_ONLY, "/console/licences/new")),
        ("analyst", (*MEMBERS_ONLY, *OFFICES_ONLY, "/console/certificates", "/console/certificates/new")),
        ("producer", (*OFFICES_ONLY, "/console/members/new", "/console/certificates/new", "/console/licences/new")),
        ("supervisor", (*MEMBERS_ONLY, "/console/members/new", "/console/licences/new")),
        ("farmer", (*MANAGERS_ONLY, "/console/products/new", "/console/bases/new", "/console/marks/new")),
        ("clerk", MANAGERS_ONLY),
        ("inspector", (*MANAGERS_ONLY, "/console/certificates/new")),
    ],
)
async def test_a_page_is_closed_to_whom_it_is_not_for(
    client: Guest, people: People, somebody: str, closed: tuple[str, ...]
) -> None:
    await client.log_in(getattr(people, somebody))
    for path in closed:
        assert (await client.get(path)).status_code == 403, path
        if ("POST", path) in ADDRESSES:
            assert (await client.submit(path)).status_code == 403, path


async def test_every_page_that_is_open_opens_in_both_languages(client: Guest, people: People) -> None:
    for somebody in people.everybody:
        await client.log_in(somebody)
        for method, path in ADDRESSES:
            if method == "GET" and ID not in path and NUMBER not in path and not path.endswith(".pdf"):
                for language in ("zh-CN", "en"):
                    answer = await client.get(path, params={"lang": language})
                    assert answer.status_code in {200, 403}, (somebody.username, path)
