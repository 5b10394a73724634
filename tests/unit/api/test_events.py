"""``POST /api/v1/events``: predictions made elsewhere, and outcomes by request id."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.app_access import ADMIN_TOKEN, API_TOKEN, bearer
from tests.support.events import assert_consistent, number_of_events
from tests.support.versions import HandCatalog, broken, ready
from webapp.app import EverycaseDash, create_app
from webapp.db import database
from webapp.db.database import Database
from webapp.settings import Settings
from webapp.timing import now_ms

VERSION = "logit_games_v1"
READY = ready(VERSION, seed=1)
FEATURES = {f"G{i}": i % 2 for i in range(1, 11)}
CASE = 341
SCORE = float(READY.prepared.scores[CASE])  # type: ignore[union-attr]
GOOD = {"request_id": "visit-1", "version": VERSION, "case": CASE}


@pytest.fixture
def app(address: str, tmp_path: Path) -> Iterator[EverycaseDash]:
    versions = [READY, broken("torn_v1", "its file is torn")]
    versions.append(broken("coming_v1", "", status="preparing"))
    settings = Settings(
        var_dir=tmp_path, api_token=API_TOKEN, admin_token=ADMIN_TOKEN, database_url=address
    )
    app = create_app(settings, HandCatalog(versions))
    yield app
    app.services.close()


@pytest.fixture
def client(app: EverycaseDash, database: Database) -> FlaskClient:
    return bearer(API_TOKEN)(app)


def sent(client: FlaskClient, *events: Any, **beside: Any) -> list[dict[str, Any]]:
    response = client.post("/api/v1/events", json={"events": list(events), **beside})
    assert response.status_code == 200, response.text
    answer = response.get_json()
    for status in ("recorded", "repeated", "conflict", "refused"):
        assert answer[status] == sum(one["status"] == status for one in answer["events"])
    return list(answer["events"])


def test_events_are_in_the_log_as_they_were_made(
    client: FlaskClient, app: EverycaseDash, database: Database
) -> None:
    whole = GOOD | {"at": "2026-11-20T13:00:00.25+01:00", "score": SCORE + 1e-12}
    by_features = {"request_id": "visit-2", "version": VERSION, "features": FEATURES}
    by_features |= {"at": 1_790_000_000_000, "label": 1, "labelled_at": "2026-10-01T00:00:00Z"}
    first, second = sent(client, whole, by_features)
    assert (first["status"], second["status"]) == ("recorded", "recorded")
    events = app.services.log.find([first["id"], second["id"]])
    at = int(datetime(2026, 11, 20, 12, 0, 0, 250_000, UTC).timestamp() * 1000)
    row = (at, "edge", VERSION, CASE, SCORE, None, None, "visit-1", "edge/api")
    assert events[first["id"]][1:] == row
    labelled_at = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp() * 1000)
    row = (1_790_000_000_000, "edge", VERSION, CASE, SCORE, 1, labelled_at, "visit-2", "edge/api")
    assert events[second["id"]][1:] == row
    (now,) = sent(client, GOOD | {"request_id": "visit-3"}, source="stream")
    event = app.services.log.find([now["id"]])[now["id"]]
    assert event.source == "stream"
    assert abs(event.at - now_ms()) < 60_000
    assert_consistent(database)


def test_a_retry_is_counted_once(client: FlaskClient, database: Database) -> None:
    twice = sent(client, GOOD, GOOD, GOOD | {"case": 7})
    assert [one["status"] for one in twice] == ["recorded", "repeated", "conflict"]
    assert twice[2]["error"]["code"] == "request_conflict"
    assert twice[2]["error"]["field"] == "request_id"
    (again,) = sent(client, GOOD | {"at": "2026-11-01T00:00:00Z"})
    assert (again["status"], again["id"]) == ("repeated", twice[0]["id"])
    assert number_of_events(database) == 1
    assert_consistent(database)


def test_an_outcome_may_come_later(
    client: FlaskClient, app: EverycaseDash, database: Database
) -> None:
    (first,) = sent(client, GOOD)
    steps = [GOOD | {"label": 1}, GOOD | {"label": 1}, GOOD, GOOD | {"label": 0}]
    statuses = [sent(client, step)[0] for step in steps]
    in_order = ["recorded", "repeated", "repeated", "conflict"]
    assert [one["status"] for one in statuses] == in_order
    assert statuses[-1]["error"]["code"] == "contradiction"
    assert {one["id"] for one in statuses} == {first["id"]}
    assert app.services.log.find([first["id"]])[first["id"]].label == 1
    within = sent(client, GOOD | {"request_id": "b"}, GOOD | {"request_id": "b", "label": 0})
    assert [one["status"] for one in within] == ["recorded", "recorded"]
    assert app.services.log.find([within[0]["id"]])[within[0]["id"]].label == 0
    assert_consistent(database)


BAD: list[tuple[Any, str, str]] = [
    ({"request_id": None}, "bad_input", "request_id"),
    ({"request_id": "x" * 201}, "bad_input", "request_id"),
    ({"request_id": "é"}, "bad_input", "request_id"),
    ({"version": None}, "bad_input", "version"),
    ({"version": "nope_v1"}, "unknown_version", "version"),
    ({"version": "torn_v1"}, "version_not_ready", "version"),
    ({"case": None}, "bad_input", "case"),
    ({"case": 1024}, "bad_input", "case"),
    ({"case": -1}, "bad_input", "case"),
    ({"case": 5.0}, "bad_input", "case"),
    ({"case": True}, "bad_input", "case"),
    ({"features": FEATURES}, "bad_input", "case"),
    ({"case": None, "features": [1]}, "bad_input", "features"),
    ({"case": None, "features": FEATURES | {"G3": 0.5}}, "bad_input", "G3"),
    ({"case": None, "features": {"G1": 1}}, "bad_input", "G2"),
    ({"score": SCORE + 1e-6}, "other_score", "score"),
    ({"score": 10**400}, "other_score", "score"),
    ({"score": "0.5"}, "bad_input", "score"),
    ({"at": "2026-11-20T13:00:00"}, "bad_input", "at"),
    ({"at": "2026-13-20T13:00:00Z"}, "bad_input", "at"),
    ({"at": 1_790_000_000.5}, "bad_input", "at"),
    ({"at": 1_790_000_000}, "bad_input", "at"),  # seconds
    ({"at": 10**17}, "bad_input", "at"),
    ({"label": 2}, "bad_input", "label"),
    ({"labelled_at": "2026-11-20T13:00:00Z"}, "bad_input", "labelled_at"),
    ({"label": 1, "labelled_at": "soon"}, "bad_input", "labelled_at"),
    ({"G1": 1}, "bad_input", "G1"),
]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_bad_event_does_not_stop_the_others(client: FlaskClient, database: Database) -> None:
    events: list[Any] = [GOOD | {"request_id": f"bad {i}"} | bad for i, (bad, *_) in enumerate(BAD)]
    answers = sent(client, *events, GOOD)
    assert answers[-1]["status"] == "recorded"
    for (bad, code, field), answer in zip(BAD, answers, strict=False):
        assert answer["status"] == "refused", bad
        assert (answer["error"]["code"], answer["error"]["field"]) == (code, field), bad
        assert answer["error"]["message"].startswith(field) or code.endswith(("version", "ready"))
    assert answers[-2]["request_id"] == f"bad {len(BAD) - 1}"
    assert number_of_events(database) == 1
    assert_consistent(database)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_clocks_may_differ_by_five_minutes(client: FlaskClient) -> None:
    soon = [datetime.now(UTC) + timedelta(minutes=m) for m in (4, 6)]
    events = [GOOD | {"request_id": str(at), "at": at.isoformat()} for at in soon]
    assert [one["status"] for one in sent(client, *events)] == ["recorded", "refused"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([GOOD], None),
        ({}, "events"),
        ({"events": {}}, "events"),
        ({"events": []}, "events"),
        ({"events": [GOOD] * 10_001}, "events"),
        ({"events": [GOOD, 5]}, "events[1]"),
        ({"events": [GOOD], "source": "api"}, "source"),
        ({"events": [GOOD], "source": ["edge"]}, "source"),
        ({"events": [GOOD], "version": VERSION}, "version"),
    ],
)
def test_bodies_that_are_malformed(
    client: FlaskClient, database: Database, body: Any, field: str | None
) -> None:
    response = client.post("/api/v1/events", json=body)
    error = response.get_json()["error"]
    assert (response.status_code, error["code"]) == (400, "bad_input")
    assert error.get("field") == field
    assert number_of_events(database) == 0


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_ten_thousand_events(client: FlaskClient, database: Database) -> None:
    events = [GOOD | {"request_id": f"visit-{i}", "case": i % 1024} for i in range(10_000)]
    assert {one["status"] for one in sent(client, *events)} == {"recorded"}
    assert {one["status"] for one in sent(client, *events)} == {"repeated"}
    assert number_of_events(database) == 10_000
    assert_consistent(database)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_while_it_can_not_be_done_nothing_is(
    client: FlaskClient, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coming = {"events": [GOOD, GOOD | {"request_id": "b", "version": "coming_v1"}]}
    response = client.post("/api/v1/events", json=coming)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    with closing(sqlite3.connect(database.url.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        response = client.post("/api/v1/events", json={"events": [GOOD]})
        assert response.get_json()["error"]["code"] == "log_unavailable"
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert number_of_events(database) == 0


@pytest.fixture(autouse=True)
def _short_waits(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if backend == "sqlite":
        monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_it_needs_the_token(app: EverycaseDash, database: Database, tmp_path: Path) -> None:
    response = app.server.test_client().post("/api/v1/events", json={"events": [GOOD]})
    assert response.status_code == 401
    open_app = create_app(Settings(var_dir=tmp_path / "other"), HandCatalog([READY]))
    response = open_app.server.test_client().post("/api/v1/events", json={"events": [GOOD]})
    assert response.status_code == 403
    assert "API_TOKEN" in response.get_json()["error"]["message"]
    open_app.services.close()
    assert number_of_events(database) == 0


def test_outcomes_by_request_id(
    client: FlaskClient, app: EverycaseDash, database: Database
) -> None:
    first, second = sent(client, GOOD, GOOD | {"request_id": "visit-2"})
    outcomes = [
        {"request_id": "visit-1", "label": 1},
        {"id": second["id"], "label": 0},
        {"request_id": "visit-2", "label": 1},
        {"request_id": "visit-3", "label": 1},
    ]
    response = client.post("/api/v1/outcomes", json=outcomes)
    assert response.status_code == 207
    rows = response.get_json()["outcomes"]
    assert [row["status"] for row in rows] == [200, 200, 409, 404]
    assert [row.get("request_id") for row in rows] == ["visit-1", None, "visit-2", "visit-3"]
    assert app.services.log.find([first["id"]])[first["id"]].label == 1
    assert_consistent(database)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"request_id": None, "label": 1}, "[0].request_id"),
        ({"request_id": 5, "label": 1}, "[0].request_id"),
        ({"request_id": "a", "id": "b", "label": 1}, "[0].id"),
        ({"request_id": "a"}, "[0].label"),
    ],
)
def test_bad_outcomes_by_request_id(client: FlaskClient, row: Any, field: str) -> None:
    error = client.post("/api/v1/outcomes", json=[row]).get_json()["error"]
    assert (error["code"], error["field"]) == ("bad_input", field)
