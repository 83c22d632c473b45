"""Every operation of the OpenAPI document, asked by schemathesis as a signed-in user for what the document allows and for what
it does not: no answer is a failure of ours, each status is one that the operation names, and bodies keep to their schemas.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests  # what schemathesis speaks HTTP with
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from functions._http.openapi import openapi
from functions._http.route import Route
from functions.doors import DOORS
from functions.events import EVENT_STREAM
from tests.functions.attacks_ground import Ground
from tests.functions.test_attacks import things_of
from tests.support.accounts import bearer, fresh_user
from tests.support.studio import running_studio

EXAMPLES = 10  # of each operation and mode: some forty seconds of CPU for all
ENDS = ("DELETE", "POST /api/v1/auth/logout", "POST /api/v1/auth/password")
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
SETTINGS = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), deadline=None)


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


# What ends a session or removes a thing comes last, so that the others find something.
ROUTES = sorted((r for door in DOORS for r in door.routes.all), key=lambda route: named(route).startswith(ENDS))
ASKED = [(r, mode) for r in ROUTES for mode in MODES if mode is MODES[0] or r.parameters or r.query or r.body]


@dataclass(frozen=True)
class Contract:
    schema: Any
    ground: Ground

    def token(self) -> str:
        """Of a session that is open now: some operations end it."""
        sessions = self.ground.server.app.accounts.sessions
        return sessions.open(self.ground.anna.uid, version=1).access_token


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contract]:
    folder = tmp_path_factory.mktemp("studio")
    with running_studio(folder, accounts="required", address_attempts="100000") as (server, client):
        owner = fresh_user(server.app)
        ground = Ground(server, client, owner, owner, owner, {})
        things = things_of(ground, owner)
        schema = schemathesis.openapi.from_dict(openapi(DOORS))
        yield Contract(schema, Ground(server, client, owner, owner, owner, things))


def asked(contract: Contract, case: Any, is_ours: bool) -> requests.Response:
    """One example sent; with the ids of things that are there, where `is_ours`."""
    known = {name: contract.ground.things[name] for name in case.path_parameters if name in contract.ground.things}
    if is_ours and known:
        case.path_parameters = {**case.path_parameters, **known}
    sent = case.as_transport_kwargs(base_url=contract.ground.server.url)
    sent["headers"] = {**sent["headers"], **bearer(contract.token())}
    with requests.Session() as session:
        answer = session.request(**sent, timeout=30, stream=True)
        if not answer.headers.get("Content-Type", "").startswith(EVENT_STREAM):
            _ = answer.content
        return answer


# The server's own threads, in this process, make use of `random` while hypothesis draws.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.parametrize(
    ("route", "mode"), ASKED, ids=lambda value: named(value) if isinstance(value, Route) else value
)
def test_an_operation_keeps_to_the_document(contract: Contract, route: Route, mode: Any) -> None:
    operation = contract.schema[route.path][route.method]
    documented = set(operation.definition.raw["responses"]) - {"default"}

    @seed(20)
    @SETTINGS
    @given(case=operation.as_strategy(generation_mode=mode), is_ours=st.booleans())
    def check(case: Any, is_ours: bool) -> None:
        answer = asked(contract, case, is_ours)
        told = f"{named(route)}: {answer.status_code} {answer.reason}"
        assert answer.status_code < 500, told
        assert str(answer.status_code) in documented, f"{told} is not among {sorted(documented)}"
        if not answer.headers.get("Content-Type", "").startswith(EVENT_STREAM):
            case.validate_response(answer, checks=[content_type_conformance, response_schema_conformance])

    check()
