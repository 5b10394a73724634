"""``/api/v1`` over the app's own gate: predictions, outcomes, versions, the champion."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.app_access import ADMIN_TOKEN, API_TOKEN, bearer, make_app
from tests.support.event_logs import promotions
from tests.support.events import assert_consistent, number_of_events
from tests.support.versions import HandCatalog, broken, ready
from webapp.app import EverycaseDash, create_app
from webapp.db import database
from webapp.db.database import Database
from webapp.settings import Settings

GOOD = {f"G{i}": i % 2 for i in range(1, 11)}
CASE = 341
CHAMPION, OTHER = ready("logit_games_v1", seed=1), ready("hgb_games_v1", seed=2)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[EverycaseDash]:
    catalog = HandCatalog([CHAMPION, OTHER, broken("torn_v1", "its file is torn")])
    settings = Settings(var_dir=tmp_path, api_token=API_TOKEN, admin_token=ADMIN_TOKEN)
    app = create_app(settings, catalog)
    yield app
    app.services.close()


@pytest.fixture
def client(app: EverycaseDash) -> FlaskClient:
    return bearer(ADMIN_TOKEN)(app)


@pytest.fixture
def log(app: EverycaseDash, tmp_path: Path) -> Iterator[Database]:
    """The app's database, looked at from outside."""
    app.services.log.totals()  # makes the tables
    database = Database(f"sqlite:///{tmp_path / 'everycase.db'}")
    yield database
    database.close()


def predicted(client: FlaskClient, **values: Any) -> dict[str, Any]:
    response = client.post("/api/v1/predict", json={"features": GOOD} | values)
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def problem(response: Any) -> tuple[int, str, str | None]:
    error = response.get_json()["error"]
    assert error["message"]
    return response.status_code, error["code"], error.get("field")


def score(version: Any, case: int) -> float:
    return float(version.prepared.scores[case])


def test_a_prediction_is_in_the_log_with_its_counts(
    client: FlaskClient, app: EverycaseDash, log: Database
) -> None:
    answer = predicted(client)
    assert set(answer) == {"id", "version", "case", "probability"}
    assert (answer["version"], answer["case"]) == ("logit_games_v1", CASE)
    assert answer["probability"] == score(CHAMPION, CASE)
    event = app.services.log.find([answer["id"]])[answer["id"]]
    assert (event.source, event.version, event.case) == ("api", "logit_games_v1", CASE)
    assert_consistent(log)


def test_features_may_stand_beside_the_rest(client: FlaskClient) -> None:
    response = client.post("/api/v1/predict", json=GOOD | {"version": "hgb_games_v1"})
    assert response.get_json()["version"] == "hgb_games_v1"
    assert response.get_json()["probability"] == score(OTHER, CASE)


def test_a_retry_gets_the_first_answer(client: FlaskClient, log: Database) -> None:
    first = predicted(client, request_id="order 7")
    assert first["request_id"] == "order 7"
    assert predicted(client, request_id="order 7") == first
    client.put("/api/v1/champion", json={"version": "hgb_games_v1"})
    assert predicted(client, request_id="order 7") == first  # whoever is champion by now
    assert number_of_events(log) == 1
    other = client.post("/api/v1/predict", json=GOOD | {"G1": 0, "request_id": "order 7"})
    assert problem(other) == (409, "request_conflict", "request_id")
    with_names = {"features": GOOD, "version": "hgb_games_v1", "request_id": "order 7"}
    assert problem(client.post("/api/v1/predict", json=with_names))[0] == 409
    assert number_of_events(log) == 1


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, (400, "bad_input", "G1")),
        (GOOD | {"G3": 7}, (400, "bad_input", "G3")),
        (GOOD | {"G3": 0.5}, (400, "bad_input", "G3")),
        (GOOD | {"G3": [1]}, (400, "bad_input", "G3")),
        (GOOD | {"G11": 1}, (400, "bad_input", "G11")),
        ({"features": GOOD, "G1": 1}, (400, "bad_input", "G1")),
        ({"features": [0, 1]}, (400, "bad_input", "features")),
        (GOOD | {"version": 3}, (400, "bad_input", "version")),
        (GOOD | {"version": "nope_v1"}, (404, "unknown_version", "version")),
        (GOOD | {"version": "torn_v1"}, (409, "version_not_ready", "version")),
        (GOOD | {"request_id": ""}, (400, "bad_input", "request_id")),
        (GOOD | {"request_id": "x" * 201}, (400, "bad_input", "request_id")),
        (GOOD | {"request_id": "\ud800"}, (400, "not_json", None)),
        ([GOOD], (400, "bad_input", None)),
        ("G1", (400, "bad_input", None)),
    ],
)
def test_bad_predictions(client: FlaskClient, log: Database, body: Any, error: object) -> None:
    assert problem(client.post("/api/v1/predict", json=body)) == error
    assert number_of_events(log) == 0


@pytest.mark.parametrize(
    ("data", "kind", "error"),
    [
        ("{", "application/json", (400, "not_json", None)),
        ('{"G1": NaN}', "application/json", (400, "not_json", None)),
        ("[" * 100_000, "application/json", (400, "not_json", None)),
        ('{"G1": 1, "G1": 0}', "application/json", (400, "bad_input", None)),
        ("G1=1", "application/x-www-form-urlencoded", (415, "unsupported_media_type", None)),
        (b"\xff", "application/json", (400, "not_json", None)),
    ],
)
def test_bodies_that_can_not_be_read(
    client: FlaskClient, data: Any, kind: str, error: object
) -> None:
    for path in ("/api/v1/predict", "/api/v1/predict/batch"):
        assert problem(client.post(path, data=data, content_type=kind)) == error


def test_a_batch_is_answered_in_order(
    client: FlaskClient, app: EverycaseDash, log: Database
) -> None:
    rows = [app_row(case) for case in (5, 1023, 5, 0)]
    answer = client.post("/api/v1/predict/batch", json=rows).get_json()
    assert answer["version"] == "logit_games_v1"
    assert [p["case"] for p in answer["predictions"]] == [5, 1023, 5, 0]
    assert [p["probability"] for p in answer["predictions"]] == [
        score(CHAMPION, case) for case in (5, 1023, 5, 0)
    ]
    events = app.services.log.find([p["id"] for p in answer["predictions"]])
    assert {event.source for event in events.values()} == {"batch"}
    assert len(events) == 4
    assert_consistent(log)


def app_row(case: int) -> dict[str, int]:
    return {f"G{i + 1}": case >> i & 1 for i in range(10)}


def test_a_batch_of_ten_thousand_rows(client: FlaskClient, log: Database) -> None:
    rows = [app_row(i % 1024) for i in range(10_000)]
    body = {"rows": rows, "version": "hgb_games_v1"}
    answer = client.post("/api/v1/predict/batch", json=body).get_json()
    assert [p["case"] for p in answer["predictions"]] == [i % 1024 for i in range(10_000)]
    assert len({p["id"] for p in answer["predictions"]}) == number_of_events(log) == 10_000
    assert_consistent(log)
    too_many = client.post("/api/v1/predict/batch", json=[*rows, rows[0]])
    assert problem(too_many) == (400, "bad_input", "rows")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ([], (400, "bad_input", "rows")),
        ({}, (400, "bad_input", "rows")),
        ({"rows": {}}, (400, "bad_input", "rows")),
        ({"rows": [GOOD], "row": 1}, (400, "bad_input", "row")),
        ([GOOD, 7], (400, "bad_input", "rows[1]")),
        ([GOOD, GOOD | {"G4": 2}], (400, "bad_input", "rows[1].G4")),
        ([GOOD, GOOD | {"G4": 0.5}], (400, "bad_input", "rows[1].G4")),
        ([GOOD, GOOD | {"G4": [1]}], (400, "bad_input", "rows[1].G4")),
        ([GOOD, GOOD | {"H4": 1}], (400, "bad_input", "rows[1].H4")),
        ([GOOD, {"G1": 1}], (400, "bad_input", "rows[1].G2")),
        ([GOOD, GOOD | {"request_id": 7}], (400, "bad_input", "rows[1].request_id")),
        ({"rows": [GOOD], "request_id": "x" * 195}, (400, "bad_input", "request_id")),
        ({"rows": [GOOD], "version": "nope_v1"}, (404, "unknown_version", "version")),
        (7, (400, "bad_input", None)),
    ],
)
def test_a_bad_batch_leaves_nothing(
    client: FlaskClient, log: Database, body: Any, error: object
) -> None:
    assert problem(client.post("/api/v1/predict/batch", json=body)) == error
    assert number_of_events(log) == 0


def test_a_batch_may_be_sent_again(client: FlaskClient, log: Database) -> None:
    body = {"rows": [app_row(1), app_row(2)], "request_id": "night"}
    first = client.post("/api/v1/predict/batch", json=body)
    assert client.post("/api/v1/predict/batch", json=body).get_json() == first.get_json()
    longer = body | {"rows": [app_row(1), app_row(2), app_row(3)]}
    other_rows = body | {"rows": [app_row(1), app_row(9)]}
    for other, field in ((longer, "request_id"), (other_rows, "rows[1].request_id")):
        refusal = client.post("/api/v1/predict/batch", json=other)
        assert problem(refusal) == (409, "request_conflict", field)
    assert number_of_events(log) == 2
    assert_consistent(log)


def test_rows_with_their_own_request_ids(client: FlaskClient, log: Database) -> None:
    one, two, three = (app_row(case) | {"request_id": f"r{case}"} for case in (1, 2, 3))
    body = {"rows": [one, two, one, app_row(4)], "request_id": "whole"}
    first = client.post("/api/v1/predict/batch", json=body).get_json()["predictions"]
    assert [row["request_id"] for row in first] == ["r1", "r2", "r1", "whole/3"]
    assert first[0] == first[2]
    again = client.post("/api/v1/predict/batch", json=[two, three]).get_json()["predictions"]
    assert again[0] == first[1]
    assert number_of_events(log) == 4
    other = app_row(7) | {"request_id": "r2"}
    refusal = client.post("/api/v1/predict/batch", json=[app_row(8), other])
    assert problem(refusal) == (409, "request_conflict", "rows[1].request_id")
    assert number_of_events(log) == 4  # the good row of a refused batch is not there either
    assert_consistent(log)


def test_outcomes_are_answered_one_by_one(client: FlaskClient, log: Database) -> None:
    ids = [predicted(client)["id"] for _ in range(3)]
    first = client.post("/api/v1/outcomes", json=[{"id": i, "label": 1} for i in ids[:2]])
    assert first.status_code == 200
    assert [row["result"] for row in first.get_json()["outcomes"]] == ["recorded", "recorded"]
    outcomes = [
        {"id": ids[0], "label": 1},
        {"id": ids[1], "label": 0},
        {"id": ids[2].upper(), "label": False},
        {"id": "01936b2e-7c00-7abc-8def-0123456789ab", "label": 1},
        {"id": "nonsense", "label": 1},
    ]
    second = client.post("/api/v1/outcomes", json={"outcomes": outcomes})
    assert second.status_code == 207
    rows = second.get_json()["outcomes"]
    assert [row["status"] for row in rows] == [200, 409, 200, 404, 404]
    assert [row.get("result") for row in rows[:3]] == ["repeated", None, "recorded"]
    assert rows[1]["error"]["code"] == "contradiction"
    assert_consistent(log)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], None),
        ({}, None),
        ([7], "[0]"),
        ([{"label": 1}], "[0].id"),
        ([{"id": 5, "label": 1}], "[0].id"),
        ([{"id": "x"}], "[0].label"),
        ([{"id": "x", "label": 1}, {"id": "x", "label": 2}], "[1].label"),
        ([{"id": "x", "label": 0.5}], "[0].label"),
        ([{"id": "x", "label": None}], "[0].label"),
        ([{"id": "x", "label": -1}], "[0].label"),
        ([{"id": "x", "label": 1, "lable": 1}], "[0].lable"),
    ],
)
def test_outcomes_that_can_not_be_read(client: FlaskClient, body: Any, field: str | None) -> None:
    assert problem(client.post("/api/v1/outcomes", json=body)) == (400, "bad_input", field)


def test_one_bad_outcome_leaves_the_others_unrecorded(
    client: FlaskClient, app: EverycaseDash
) -> None:
    event_id = predicted(client)["id"]
    body = [{"id": event_id, "label": 1}, {"id": event_id, "label": "maybe"}]
    assert client.post("/api/v1/outcomes", json=body).status_code == 400
    assert app.services.log.find([event_id])[event_id].label is None


def test_versions(client: FlaskClient) -> None:
    versions = client.get("/api/v1/versions").get_json()["versions"]
    assert [v["version"] for v in versions] == ["logit_games_v1", "hgb_games_v1", "torn_v1"]
    assert [v["champion"] for v in versions] == [True, False, False]
    one = client.get("/api/v1/versions/torn_v1").get_json()
    assert one == versions[2]
    assert (one["status"], one["reason"]) == ("unavailable", "its file is torn")
    baseline = CHAMPION.prepared.baseline  # type: ignore[union-attr]
    assert baseline is not None
    assert versions[0]["training_rows"] == baseline.n.sum()
    assert versions[0]["base_rate"] == baseline.positives.sum() / baseline.n.sum()
    assert problem(client.get("/api/v1/versions/nope"))[:2] == (404, "unknown_version")


def test_score_tables(client: FlaskClient) -> None:
    path = "/api/v1/versions/hgb_games_v1/scores"
    assert OTHER.prepared is not None
    values = client.get(path).get_json()
    assert values["scores"] == OTHER.prepared.scores.tolist()
    response = client.get(path, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [float(row["score"]) for row in rows] == values["scores"]
    assert {name: int(rows[341][name]) for name in GOOD} == GOOD
    tag = response.headers["ETag"]
    again = client.get(path, headers={"Accept": "text/csv", "If-None-Match": tag})
    assert again.status_code == 304
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200  # JSON is another
    assert problem(client.get(path, headers={"Accept": "image/png"}))[:2] == (406, "not_acceptable")
    assert problem(client.get("/api/v1/versions/torn_v1/scores"))[:2] == (409, "version_not_ready")


def test_promotion(client: FlaskClient, app: EverycaseDash) -> None:
    before = client.get("/api/v1/champion").get_json()
    assert (before["version"], before["previous"]) == ("logit_games_v1", None)
    assert (before["actor"], before["evidence"]) == ("default", {"default": "named"})
    body = {"version": "hgb_games_v1", "reason": "better", "evidence": {"gain": 0.02}}
    promotion = client.put("/api/v1/champion", json=body).get_json()
    assert client.get("/api/v1/champion").get_json() == promotion
    facts = {
        name: promotion[name] for name in ("version", "previous", "reason", "actor", "evidence")
    }
    assert facts == body | {"previous": "logit_games_v1", "actor": "admin token"}
    assert promotion["at"].endswith("Z")
    assert predicted(client)["version"] == "hgb_games_v1"
    assert client.put("/api/v1/champion", json=body | {"reason": "again"}).get_json() == promotion
    back = {"version": "logit_games_v1", "actor": "Ann", "reason": "rolled back"}
    promotion = client.put("/api/v1/champion", json=back).get_json()
    assert promotion["actor"] == "admin token"  # who was authenticated; the rest is a text
    assert promotion["reason"] == "rolled back (said to be by Ann)"
    assert [p.version for p in promotions(app.services.ledger)] == [
        "logit_games_v1",
        "hgb_games_v1",
    ]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, (400, "bad_input", "version")),
        ({"version": "nope_v1"}, (404, "unknown_version", "version")),
        ({"version": "torn_v1"}, (409, "version_not_ready", "version")),
        ({"version": "hgb_games_v1", "reason": 5}, (400, "bad_input", "reason")),
        ({"version": "hgb_games_v1", "reason": "x" * 1001}, (400, "bad_input", "reason")),
        ({"version": "hgb_games_v1", "evidence": []}, (400, "bad_input", "evidence")),
        ({"version": "hgb_games_v1", "why": "x"}, (400, "bad_input", "why")),
    ],
)
def test_promotions_that_are_refused(
    client: FlaskClient, app: EverycaseDash, body: Any, error: object
) -> None:
    assert problem(client.put("/api/v1/champion", json=body)) == error
    assert promotions(app.services.ledger) == []


def test_a_champion_that_can_not_answer(client: FlaskClient, app: EverycaseDash) -> None:
    app.services.ledger.promote("torn_v1", actor="test", reason="")
    assert client.get("/api/v1/champion").get_json()["problem"] == "its file is torn"
    refusal = client.post("/api/v1/predict", json=GOOD)
    assert problem(refusal) == (503, "version_not_ready", None)
    assert refusal.headers["Retry-After"] == "5"


def test_while_the_log_is_unavailable(
    client: FlaskClient, log: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = predicted(client)["id"]
    with closing(sqlite3.connect(tmp_path / "everycase.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for method, path, body in (
            ("POST", "/api/v1/predict", GOOD),
            ("POST", "/api/v1/predict/batch", [GOOD]),
            ("POST", "/api/v1/outcomes", [{"id": event_id, "label": 1}]),
            ("PUT", "/api/v1/champion", {"version": "hgb_games_v1"}),
        ):
            response = client.open(path, method=method, json=body)
            assert problem(response) == (503, "log_unavailable", None)
            assert response.headers["Retry-After"] == "5"
    assert predicted(client)["version"] == "logit_games_v1"
    assert_consistent(log)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)


def test_the_documentation_is_served_from_here(tmp_path: Path) -> None:
    client = make_app(tmp_path, api_token=API_TOKEN).server.test_client()
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert "http" not in page.text.replace("https://everycase", "")  # nothing from elsewhere
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"].split("style-src")[0]
    with client.get("/api/docs/rapidoc.js") as script:
        assert script.mimetype == "text/javascript"
    document = json.loads(client.get("/api/openapi.json").data)
    assert document["openapi"].startswith("3.1")
