"""What the Models page's script asks: who may, what is refused and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.app_access import ADMIN_TOKEN
from tests.support.event_logs import promotions
from tests.support.events import make_event
from tests.support.traffic import A, B, send, with_versions
from tests.support.versions import HandCatalog, broken
from webapp.api import auth
from webapp.api.auth import Access
from webapp.pages.models import endpoints as models_endpoints
from webapp.server.session_files import SessionFiles
from webapp.services.context import QueueError, Services
from webapp.timing import now_ms

WISH: dict[str, Any] = {
    "version": B,
    "champion": A,
    "action": "promote",
    "reason": "it ranks better",
    "override": True,
}


class Queue:
    """Takes jobs, or says that it can't."""

    def __init__(self) -> None:
        self.jobs: list[str] = []
        self.broken = False

    def __call__(self, job: str) -> None:
        if self.broken:
            raise QueueError("the queue is full: try again")
        self.jobs.append(job)


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def services(queue: Queue) -> Iterator[Services]:
    test_services = replace(with_versions(), queue=queue)
    yield test_services
    test_services.close()


@pytest.fixture
def client(services: Services, tmp_path: Path) -> FlaskClient:
    server = Flask("test")
    server.secret_key = "k" * 32
    auth.install(server, Access("k" * 32, SessionFiles(tmp_path), admin_token=ADMIN_TOKEN))
    models_endpoints.register(server, services)
    test_client = server.test_client()
    test_client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {ADMIN_TOKEN}"
    return test_client


def test_a_class_is_chosen(client: FlaskClient, services: Services) -> None:
    catalog: Any = services.catalog
    classes = {"digest": "d" * 64, "classes": ("churn", "stay")}
    waiting = replace(broken("churn_v1", "", "needs a choice"), **classes)
    catalog.by_name["churn_v1"] = waiting
    services = replace(services, share_choices=lambda _: catalog.by_name.pop("churn_v1"))
    body = {"version": "churn_v1", "positive": "leave"}
    refusal = client.post("/page/models/choose", json=body)
    assert refusal.status_code == 400
    assert refusal.get_json()["error"]["message"] == "positive is leave: send churn or stay"
    body["positive"] = "churn"
    client.environ_base["HTTP_AUTHORIZATION"] = "Bearer nobody"
    assert client.post("/page/models/choose", json=body).status_code in (401, 403)
    assert services.class_choices.by_digest() == {}
    answer = models_endpoints.choose_class(services, body, "ann", 1)
    assert answer["said"] == "The probability of churn_v1 is that of churn from now on."
    assert services.class_choices.by_digest() == {"d" * 64: "churn"}


def test_a_version_is_promoted_with_its_evidence(client: FlaskClient, services: Services) -> None:
    send(services, 300)
    answer = client.post("/page/models/promote", json=WISH)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["said"] == f"{B} is the champion now."
    line = services.ledger.history(1)[0]
    assert (line.version, line.actor, line.reason) == (B, "admin token", "it ranks better")
    back = {"version": A, "champion": B, "action": "roll back", "reason": "no", "override": True}
    assert "is champion again" in client.post("/page/models/promote", json=back).get_json()["said"]


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"reason": ""}, 400, "reason"),
        ({"reason": None}, 400, "reason"),
        ({"reason": 5}, 400, "reason"),
        ({"override": False}, 400, "override"),
        ({"override": "yes"}, 400, "override"),
        ({"action": "delete"}, 400, "action"),
        ({"champion": B}, 400, "champion"),
        ({"version": "nope"}, 404, "version"),
    ],
)
def test_what_is_wrong_is_named(
    client: FlaskClient, services: Services, change: dict[str, Any], status: int, field: str
) -> None:
    answer = client.post("/page/models/promote", json=WISH | change)
    assert answer.status_code == status, answer.text
    assert answer.get_json()["error"]["field"] == field
    assert promotions(services.ledger) == []


def test_a_retrain_is_begun_watched_and_cancelled(
    client: FlaskClient, services: Services, queue: Queue
) -> None:
    assert client.get("/page/models/jobs").get_json()["running"] is False
    first = client.post("/page/models/start", json={"kind": "retrain"}).get_json()
    assert queue.jobs == [first["id"]]
    job = services.jobs.get(first["id"])
    assert job is not None
    assert (job.kind, job.actor, job.arguments["now"]) == ("retrain", "admin token", True)
    assert job.arguments["simulated"] is False
    again = client.post("/page/models/start", json={"kind": "retrain"})
    assert (again.status_code, again.get_json()["error"]["code"]) == (409, "conflict")
    jobs = client.get("/page/models/jobs").get_json()
    assert jobs["running"] is True
    assert first["id"] in jobs["work"]["retrain"]
    assert jobs["work"]["backtest"] == ""
    answer = client.post("/page/models/cancel", json={"id": first["id"]})
    assert answer.get_json() == {"state": "cancelled"}
    assert client.post("/page/models/cancel", json={"id": first["id"]}).status_code == 409
    assert client.get("/page/models/jobs").get_json()["running"] is False


@pytest.mark.parametrize("kind", ["retrain", "backtest"])
def test_without_real_traffic_the_simulated_is_taken(
    client: FlaskClient, services: Services, kind: str
) -> None:
    for source in ("demo", "api"):
        services.log.record([make_event(at=now_ms(), source=source)])
    first = client.post("/page/models/start", json={"kind": kind}).get_json()
    job = services.jobs.get(first["id"])
    assert job is not None
    assert job.arguments["simulated"] is True


def test_a_page_on_real_traffic_learns_from_it(client: FlaskClient, services: Services) -> None:
    services.log.record([make_event(at=now_ms(), source="demo")])
    first = client.post("/page/models/start", json={"kind": "retrain", "source": "all"}).get_json()
    job = services.jobs.get(first["id"])
    assert job is not None
    assert job.arguments["simulated"] is False


def test_a_backtest_takes_no_arguments(
    client: FlaskClient, services: Services, queue: Queue
) -> None:
    first = client.post("/page/models/start", json={"kind": "backtest", "now": 1}).get_json()
    assert queue.jobs == [first["id"]]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("start", {}, 400, "bad_input"),
        ("start", {"kind": "demolish"}, 400, "bad_input"),
        ("start", {"kind": 5}, 400, "bad_input"),
        ("start", {"kind": "retrain", "source": "mail"}, 400, "bad_input"),
        ("cancel", {}, 404, "unknown_job"),
        ("cancel", {"id": "nope"}, 404, "unknown_job"),
        ("cancel", {"id": "01900000-0000-7000-8000-000000000000"}, 404, "unknown_job"),
    ],
)
def test_what_can_not_be_done_is_reported(
    client: FlaskClient, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = client.post(f"/page/models/{path}", json=body)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)


def test_a_queue_that_is_full_says_so(
    client: FlaskClient, services: Services, queue: Queue
) -> None:
    queue.broken = True
    answer = client.post("/page/models/start", json={"kind": "retrain"})
    assert answer.status_code == 503
    assert answer.get_json()["error"]["message"] == "the queue is full: try again"
    assert services.jobs.history()[0].state == "failed"


def test_others_may_not(client: FlaskClient, services: Services) -> None:
    client.environ_base["HTTP_AUTHORIZATION"] = "Bearer wrong-token-0123456789"
    for path in ("promote", "start", "cancel"):
        answer = client.post(f"/page/models/{path}", json=WISH)
        assert answer.status_code == 401, path
    assert client.get("/page/models/jobs").status_code == 200
    assert promotions(services.ledger) == []
    assert services.jobs.history() == []


def test_a_version_on_its_way_is_work_too(client: FlaskClient, services: Services) -> None:
    assert isinstance(services.catalog, HandCatalog)
    services.catalog.by_name["made_v1"] = broken("made_v1", "", "preparing")
    jobs = client.get("/page/models/jobs").get_json()
    assert jobs["running"] is True
    assert "Preparing made_v1" in jobs["work"]["retrain"]
    assert jobs["work"]["backtest"] == ""


def test_the_card_of_versions_is_that_of_now(client: FlaskClient, services: Services) -> None:
    """As an open page asks for it when the list of versions has changed."""
    assert isinstance(services.catalog, HandCatalog)
    before = client.get("/page/models/versions?source=all").get_json()
    services.catalog.by_name["torn_v1"] = broken("torn_v1", "its files are torn")
    now = client.get("/page/models/versions?source=nonsense").get_json()
    assert "torn_v1" not in before["table"]
    assert 'data-version="torn_v1"' in now["table"]
    assert "Its files are torn." in now["table"]
    assert now["summary"] == before["summary"] + " 1 folder can't be served."
    assert "data-promote" in now["table"]
