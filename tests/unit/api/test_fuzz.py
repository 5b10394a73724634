"""Whatever is sent, no answer is a fault of ours: each is right, or a sentence about what is wrong.

``make fuzz`` sends 100,000 requests that differ each time; here there are fewer, always the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.app_access import ADMIN_TOKEN, API_TOKEN
from tests.support.fuzzing import addresses, callbacks
from tests.support.fuzzing.client import FuzzRequest, FuzzResponse, send
from tests.support.postgres import Postgres
from tests.support.traffic import A, B, shipped
from tests.support.traffic import send as send_traffic
from tests.support.versions import HandCatalog, broken, ready
from webapp.app import EverycaseDash, create_app
from webapp.cases import Features
from webapp.db.database import Database
from webapp.db.migrate import migrate
from webapp.settings import Settings

TOTAL = int(os.environ.get("FUZZ", "0"))  # of requests to all apps; 0 for the few of `make test`
FEW = {"open": 400, "closed": 320, "empty": 100, "postgresql": 100}


@dataclass
class Target:
    """An app to send requests to, and what came back."""

    app: EverycaseDash
    share: float
    few: int
    statuses: dict[int, int] = field(default_factory=dict)

    def send(self, request: FuzzRequest) -> FuzzResponse:
        """The response, which must be no fault of the server's."""
        response = send(self.app.server, request)
        self.statuses[response.status] = self.statuses.get(response.status, 0) + 1
        is_empty = not self.app.services.catalog.versions()
        right = (503,) if is_empty else ()  # nothing can be predicted with
        assert response.status < 500 or response.status in right, (request, response)
        return response


@pytest.fixture(scope="module", params=list(FEW))
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """Apps with traffic and without, open and with tokens, on both kinds of database."""
    kind = str(request.param)
    var, settings_ = tmp_path_factory.mktemp(kind), {"rate_limit": "off"}
    share, few = FEW[kind] / sum(FEW.values()), FEW[kind]
    if kind in ("closed", "postgresql"):
        settings_ |= {"api_token": API_TOKEN, "admin_token": ADMIN_TOKEN}
    if kind != "postgresql":
        yield Target(_app(var, kind, **settings_), share, few)
        return
    server: Postgres = request.getfixturevalue("postgresql")
    with server.fresh() as url:
        database = Database(url)
        migrate(database)
        database.close()
        target = Target(_app(var, kind, database_url=url, **settings_), share, few)
        yield target
        target.app.services.close()


def _app(var: Path, kind: str, **values: str) -> EverycaseDash:
    wide, torn = ready("wide_v1", Features.numbered(12)), broken("torn_v1", "it is torn")
    versions = [] if kind == "empty" else [shipped(A), shipped(B), wide, torn]
    app = create_app(Settings(var_dir=var, **values), HandCatalog(versions))
    app.services.log.totals()  # makes the tables
    if kind != "empty":
        send_traffic(app.services, 2000)
    return app


def run(
    target: Target, requests: st.SearchStrategy[FuzzRequest], check: Callable[..., None]
) -> None:
    """Send as many requests as this run has for the target, and check each answer."""
    number = round(TOTAL * target.share / 2) if TOTAL else target.few // 2

    @settings(
        max_examples=number,
        derandomize=not TOTAL,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(requests)
    def send_one(request: FuzzRequest) -> None:
        check(request, target.send(request))

    send_one()


def test_callbacks(target: Target) -> None:
    def check(request: FuzzRequest, response: FuzzResponse) -> None:
        assert response.status in (200, 204, 400, 413, 415), (request, response)
        assert response.status < 400 or " " in response.sentence, (request, response)

    run(target, callbacks.callback_requests(callbacks.specs(target.app)), check)
    assert target.statuses[200] > 0.1 * sum(target.statuses.values())
    assert target.statuses[400] > 0.1 * sum(target.statuses.values())


def test_addresses(target: Target) -> None:
    def check(request: FuzzRequest, response: FuzzResponse) -> None:
        is_ours = request.path.startswith((b"/api/v1/", b"/page/")) and request.method != "HEAD"
        if is_ours and response.status >= 400:
            assert " " in response.sentence, (request, response)

    run(target, addresses.address_requests(addresses.addresses(target.app)), check)
