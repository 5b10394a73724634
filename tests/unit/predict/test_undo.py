"""Taking back what was recorded in the form: one's own, for an hour, and the counts agree.

On SQLite and on PostgreSQL, whose rows are locked and whose counts are added up in other ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.event_logs import hand_services
from tests.support.events import assert_consistent
from tests.support.versions import ready
from webapp.cases import Features
from webapp.db.database import Database
from webapp.db.sql import insert_into
from webapp.events import withdrawals
from webapp.events.counts import CountsQuery
from webapp.pages.predict import endpoints
from webapp.services.context import Services
from webapp.services.predict.receipts import Receipts
from webapp.timing import DAY_MS, HOUR_MS, now_ms

NAMES = Features.numbered(10).names
RECEIPTS = Receipts(b"a key")


@pytest.fixture
def services(database: Database) -> Iterator[Services]:
    services = hand_services([ready("a_v1", seed=1)], database)
    yield services
    assert_consistent(services.log.database)
    services.close()


@pytest.fixture
def client(services: Services) -> FlaskClient:
    server = Flask("test")
    endpoints.register(server, services, RECEIPTS)
    return server.test_client()


def ask(client: FlaskClient, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    response = client.post(f"/page/{path}", json=body)
    return response.status_code, response.get_json()


def record(client: FlaskClient, on: str = "G1", attempt: str = "form-1") -> str:
    features = {name: int(name == on) for name in NAMES}
    body = {"version": "a_v1", "features": features, "request_id": attempt}
    return str(ask(client, "record", **body)[1]["receipt"])


def test_a_prediction_and_its_outcome_are_taken_back(
    client: FlaskClient, services: Services
) -> None:
    receipt = record(client)
    _, answer = ask(client, "label", receipt=receipt, label=1)
    status, refusal = ask(client, "undo", receipt=receipt)
    assert (status, refusal["error"]["message"]) == (409, "its outcome is known: undo that first")
    assert ask(client, "undo", undo=answer["undo"]) == (200, {"status": "withdrawn"})
    assert services.log.matured() == {}
    assert ask(client, "undo", undo=answer["undo"])[0] == 409  # a second click changes nothing
    assert ask(client, "label", receipt=receipt, label=0)[1]["status"] == "recorded"
    assert ask(client, "undo", undo=answer["undo"])[0] == 409  # another outcome isn't its own
    other = record(client, "G2", "form-2")
    assert ask(client, "undo", receipt=other) == (200, {"status": "withdrawn"})
    assert ask(client, "undo", receipt=other)[0] == 404
    assert services.log.totals() == {"form": 1}
    assert record(client, "G2", "form-2") != other  # it may be recorded again


def test_readers_of_counts_see_that_another_event_took_its_place(
    client: FlaskClient, services: Services
) -> None:
    today = now_ms() // DAY_MS * DAY_MS
    query = CountsQuery("a_v1", ("form",), today - DAY_MS, today + 2 * DAY_MS)
    receipt = record(client, "G1")
    before = services.counts.open([query])
    assert services.counts.read(query)[:, 1].tolist() == [1]
    ask(client, "undo", receipt=receipt)
    record(client, "G2", "form-2")
    assert services.counts.open([query]).mark != before.mark
    assert services.counts.read(query)[:, 1].tolist() == [2]


def test_after_an_hour_it_stays(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = record(client)
    undo = ask(client, "label", receipt=receipt, label=1)[1]["undo"]
    other = record(client, "G2", "form-2")
    monkeypatch.setattr(withdrawals, "TIME_MS", -HOUR_MS)
    for body in ({"undo": undo}, {"receipt": other}):
        status, answer = ask(client, "undo", **body)
        assert (status, answer["error"]["code"]) == (409, "kept")
        assert "for an hour only" in answer["error"]["message"]
    assert services.log.totals() == {"form": 2}


def test_what_retraining_has_read_stays(client: FlaskClient, services: Services) -> None:
    undo = ask(client, "label", receipt=record(client), label=1)[1]["undo"]
    columns = ("at", "tries", "policy", "traffic", "actor", "champion", "decision", "explanation")
    insert = insert_into("checks", (*columns, "evidence", "batch"))
    values = (now_ms() + 1, 0, "on_gain", "real", "x", "a_v1", "wait", "", "{}", "{}")
    with services.log.database.writing() as link:
        link.run(insert, values)
    status, answer = ask(client, "undo", undo=undo)
    assert (status, "retraining has read" in answer["error"]["message"]) == (409, True)
    assert services.log.matured() == {"form": 1}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)  # no receipt reaches the log
def test_two_clicks_at_once_take_back_once(client: FlaskClient, services: Services) -> None:
    """Two browsers' tabs, on workers of their own: the second waits, and finds nothing left."""
    receipts = [record(client, "G1", "form-1"), record(client, "G2", "form-2")]
    ids = [RECEIPTS.event_id(receipt) for receipt in receipts]
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(services.log.withdraw, ids * 4))
    assert sorted(results) == ["unknown"] * 6 + ["withdrawn"] * 2
    assert services.log.totals() == {}


@pytest.mark.parametrize("body", [{}, {"receipt": "x"}, {"undo": "x"}, {"undo": None}])
def test_nobody_takes_back_what_another_recorded(client: FlaskClient, body: Any) -> None:
    receipt = record(client)
    undo = ask(client, "label", receipt=receipt, label=1)[1]["undo"]
    for forgery in (body, {"undo": receipt}, {"receipt": undo}):
        status, answer = ask(client, "undo", **forgery)
        assert (status, "receipt" in answer["error"]["message"]) == (403, True)
