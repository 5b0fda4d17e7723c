"""Requests made up from the OpenAPI document: never a 500, only answers that the document knows, in their own form."""

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi_checks
from sqlmodel import select

from shangeng_labels.tables import LabelRun
from shangeng_web.app import create_app
from shangeng_web.platform import Platform
from shangeng_web.settings import Settings
from tests.people import sign_up
from tests.story import tell_story
from tests.web.api.programs import token_for

general: Any = checks
conforms: Any = openapi_checks
"""Untyped, as the schemas of the tool are: their types have unknown parts."""

CHECKS: list[Any] = [
    general.not_a_server_error,
    conforms.status_code_conformance,
    conforms.content_type_conformance,
    conforms.response_schema_conformance,
]
QUIET = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)

EXAMPLES = 6
"""Made-up requests for each operation, mode and caller."""


@dataclass(frozen=True)
class Served:
    """A running server with a told story: its address, tokens by who calls, ids for addresses."""

    address: str
    tokens: dict[str, str]
    ids: dict[str, str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    chosen = Settings(data_dir=tmp_path_factory.mktemp("served"), demo=True, password_rounds=1, password_memory_kib=64)
    tokens, ids = tell(chosen)
    server = uvicorn.Server(uvicorn.Config(create_app(chosen), port=0, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Served(f"http://127.0.0.1:{port}", tokens, ids)
    server.should_exit = True
    thread.join()


def tell(chosen: Settings) -> tuple[dict[str, str], dict[str, str]]:
    platform = Platform.open(chosen)
    people = sign_up(platform)
    story = tell_story(platform, people)
    with platform.database.session() as session:
        run = session.exec(select(LabelRun.id)).one()
    callers = {"producer": people.producer, "officer": people.officer, "decider": people.decider}
    tokens = {who: token_for(platform, somebody) for who, somebody in callers.items()}
    asyncio.run(platform.close())
    ids = {"batch_id": story.leaf, "run_id": run, "member_id": people.producer.organisation.id}
    return tokens, ids


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_made_up_requests_of_the_producer(served: Served, mode: GenerationMode) -> None:
    fuzz(served, served.tokens["producer"], mode)


@pytest.mark.parametrize("who", ["officer", "decider"])
def test_made_up_requests_of_those_who_decide(served: Served, who: str) -> None:
    fuzz(served, served.tokens[who], GenerationMode.POSITIVE, only=("certificates", "licences", "members"))


def test_made_up_requests_without_a_token(served: Served) -> None:
    fuzz(served, None, GenerationMode.POSITIVE, examples=1)


def fuzz(
    served: Served, token: str | None, mode: GenerationMode, *, examples: int = EXAMPLES, only: tuple[str, ...] = ()
) -> None:
    schema: Any = schemathesis.openapi.from_url(f"{served.address}/api/openapi.json")
    headers = {"Authorization": f"Bearer {token}"} if token else {"Authorization": "Bearer none"}
    called = 0
    for each in schema.include(path_regex="^/api/v1/").get_all_operations():
        operation = each.ok()
        if only and not set(operation.tags or ()) & set(only):
            continue
        known = {name: served.ids[name] for name in served.ids if f"{{{name}}}" in operation.path}

        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=QUIET,
        )
        @given(case=operation.as_strategy(mode, path_parameters=known or None))
        def made_up(case: Any) -> None:
            answer = case.call_and_validate(base_url=served.address, headers=headers, checks=CHECKS)
            assert token or answer.status_code in {401, 422}

        made_up()
        called += 1
    assert called >= (len(only) or 50)
