"""What the pages' scripts ask: recording a prediction, saying what came of it, the status."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.event_logs import hand_services
from tests.support.versions import HandCatalog, broken, ready
from webapp.cases import Features
from webapp.components.shell import versions_key
from webapp.db import database
from webapp.pages import endpoints as pages_endpoints
from webapp.pages.predict import endpoints as predict_endpoints
from webapp.services.context import Services
from webapp.services.predict.receipts import Receipts

NAMES = Features.numbered(10).names
CHAMPION = ready("logit_games_v1", seed=1)
OTHER = ready("hgb_games_v1", seed=2)
RECEIPTS = Receipts(b"a key")
GOOD: dict[str, Any] = {
    "version": "hgb_games_v1",
    "features": dict.fromkeys(NAMES, 0) | {"G10": 1},
    "request_id": "form-1",
}


@pytest.fixture
def services() -> Services:
    return hand_services([CHAMPION, OTHER, broken("old_v1", "torn")])


@pytest.fixture
def client(services: Services) -> FlaskClient:
    server = Flask("test")
    predict_endpoints.register(server, services, RECEIPTS)
    return server.test_client()


def recorded(client: FlaskClient, **changes: Any) -> str:
    response = client.post("/page/record", json=GOOD | changes)
    assert response.status_code == 200, response.text
    assert set(response.get_json()) == {"receipt"}
    return str(response.get_json()["receipt"])


@contextmanager
def locked(services: Services) -> Iterator[None]:
    """Lock the log for writing, as another process would."""
    path = str(services.log.database.url.database)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_recorded_prediction_is_in_the_log(client: FlaskClient, services: Services) -> None:
    event_id = RECEIPTS.event_id(recorded(client))
    event = services.log.find([event_id])[event_id]
    assert OTHER.prepared is not None
    assert (event.source, event.version, event.case) == ("form", "hgb_games_v1", 512)
    assert event.score == OTHER.prepared.scores[512]
    assert event.label is None
    assert services.log.totals() == {"form": 1}


def test_the_same_request_is_recorded_once(client: FlaskClient, services: Services) -> None:
    assert recorded(client) == recorded(client)
    assert services.log.totals() == {"form": 1}
    other = client.post("/page/record", json=GOOD | {"features": dict.fromkeys(NAMES, 1)})
    assert other.status_code == 409
    assert other.get_json()["error"]["code"] == "request_conflict"
    assert services.log.totals() == {"form": 1}


def test_an_outcome_is_recorded_once(client: FlaskClient, services: Services) -> None:
    receipt = recorded(client)
    for status in ("recorded", "repeated"):
        response = client.post("/page/label", json={"receipt": receipt, "label": 0})
        assert (response.status_code, response.get_json()["status"]) == (200, status)
        assert ("undo" in response.get_json()) == (status == "recorded")
    contrary = client.post("/page/label", json={"receipt": receipt, "label": 1})
    assert contrary.status_code == 409
    assert contrary.get_json()["error"]["code"] == "contradiction"
    event_id = RECEIPTS.event_id(receipt)
    assert services.log.find([event_id])[event_id].label == 0


def test_a_label_needs_a_receipt(client: FlaskClient, services: Services) -> None:
    event_id = RECEIPTS.event_id(recorded(client))
    for forgery in (event_id, Receipts(b"other").issue(event_id), None, 1, [event_id]):
        response = client.post("/page/label", json={"receipt": forgery, "label": 1})
        assert response.status_code == 403
        assert response.get_json()["error"]["code"] == "bad_receipt"
    assert services.log.find([event_id])[event_id].label is None


def test_an_event_that_is_gone(client: FlaskClient, services: Services) -> None:
    receipt = recorded(client)
    services.log.forget("form")
    response = client.post("/page/label", json={"receipt": receipt, "label": 1})
    assert response.status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"version": None}, 400, "version"),
        ({"version": ["hgb_games_v1"]}, 400, "version"),
        ({"version": "nope"}, 404, "version"),
        ({"version": "old_v1"}, 409, "version"),
        ({"features": None}, 400, "features"),
        ({"features": {}}, 400, "G1"),
        ({"features": GOOD["features"] | {"G7": 2}}, 400, "G7"),
        ({"features": GOOD["features"] | {"G11": 1}}, 400, "G11"),
        ({"request_id": None}, 400, "request_id"),
        ({"request_id": "x" * 201}, 400, "request_id"),
        ({"request_id": "\ud800"}, 400, None),
    ],
)
def test_what_is_wrong_is_named(
    client: FlaskClient, services: Services, changes: dict[str, Any], status: int, field: str | None
) -> None:
    response = client.post("/page/record", json=GOOD | changes)
    assert response.status_code == status
    assert response.get_json()["error"].get("field") == field
    assert services.log.totals() == {}


@pytest.mark.parametrize("path", ["/page/record", "/page/label"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"data": {"version": "hgb_games_v1"}}, 415),  # as another site's form would
        ({"data": "{}", "content_type": "text/plain"}, 415),
        ({"data": "{", "content_type": "application/json"}, 400),
        ({"data": "[" * 50_000, "content_type": "application/json"}, 400),
        ({"data": b"\xff", "content_type": "application/json"}, 400),
        ({"json": [1]}, 400),
    ],
)
def test_bodies_that_cannot_be_used(
    client: FlaskClient, path: str, body: dict[str, Any], status: int
) -> None:
    response = client.post(path, **body)
    assert response.status_code == status
    assert set(response.get_json()["error"]) <= {"code", "message", "field"}


@pytest.mark.parametrize("label", [None, 2, "maybe", [1]])
def test_a_label_is_0_or_1(client: FlaskClient, label: object) -> None:
    response = client.post("/page/label", json={"receipt": recorded(client), "label": label})
    assert response.status_code == 400
    assert response.get_json()["error"]["field"] == "label"


def test_an_unavailable_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    own = hand_services([CHAMPION, OTHER])  # its connections wait no longer than that
    server = Flask("test")
    predict_endpoints.register(server, own, RECEIPTS)
    client = server.test_client()
    with locked(own):
        response = client.post("/page/record", json=GOOD)
        assert response.status_code == 503
        assert response.get_json()["error"]["code"] == "log_unavailable"
        assert int(response.headers["Retry-After"]) > 0
    recorded(client)
    assert own.log.totals() == {"form": 1}


def test_the_status_changes_when_the_champion_breaks(services: Services) -> None:
    server = Flask("test")
    pages_endpoints.register(server, services)
    client = server.test_client()
    before = client.get("/page/status").get_json()
    assert client.get("/page/status").get_json() == before
    services.ledger.promote("old_v1", actor="test", reason="to see")
    assert client.get("/page/status").get_json()["state"] != before["state"]


def test_the_status_changes_with_the_versions(services: Services) -> None:
    """A new one, and one that breaks; an open page then asks for what it shows of them."""
    assert isinstance(services.catalog, HandCatalog)
    keys = [versions_key(services)]
    for version in (broken("torn_v1", "torn"), broken("torn_v1", "worse"), ready("torn_v1")):
        services.catalog.by_name[version.name] = version
        keys.append(versions_key(services))
    assert len(set(keys)) == 4
    assert versions_key(services) == keys[-1]
