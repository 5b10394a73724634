"""Request ids are one's own: nobody takes the id that another client is going to use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.app_access import ADMIN_TOKEN, API_TOKEN, bearer, make_app, nobody
from tests.support.events import assert_consistent
from webapp.app import EverycaseDash
from webapp.db.database import Database

ROW = {f"G{i}": i % 2 for i in range(1, 11)}
OTHER = dict.fromkeys(ROW, 1)
TOKENS = {"api_token": API_TOKEN, "admin_token": ADMIN_TOKEN}
FORM: dict[str, Any] = {"version": "logit_games_v1", "features": OTHER}


@pytest.fixture
def app(address: str, database: Database, tmp_path: Path) -> Iterator[EverycaseDash]:
    app = make_app(tmp_path, database_url=address, form="open", **TOKENS)
    yield app
    app.services.close()
    assert_consistent(database)


def labelled(client: FlaskClient, app: EverycaseDash, name: str, label: int = 1) -> int | str:
    """The case that an outcome by request id went to, or what became of it."""
    rows = [{"request_id": name, "label": label}]
    (result,) = client.post("/api/v1/outcomes", json=rows).get_json()["outcomes"]
    if result["status"] != 200:
        return str(result["error"]["code"])
    with app.services.log.database.reading() as link:
        select = 'SELECT "case" FROM events WHERE label = ? ORDER BY labelled_at DESC LIMIT 1'
        return int(link.run(select, (label,)).fetchone()[0])


def test_an_anonymous_record_stands_in_nobodys_way(app: EverycaseDash) -> None:
    stranger, client = nobody(app), bearer(API_TOKEN)(app)
    names = [f"order-{i}" for i in range(16, 20)]
    for name in names:
        form = FORM | {"request_id": name}
        assert stranger.post("/page/record", json=form).status_code == 200
    rows = [{"features": ROW, "request_id": name} for name in names]
    batch = client.post("/api/v1/predict/batch", json=rows)
    assert batch.status_code == 200
    assert {one["case"] for one in batch.get_json()["predictions"]} == {341}
    assert labelled(client, app, "order-18") == 341
    assert app.services.log.totals() == {"batch": 4, "form": 4}


def test_the_forms_ids_are_made_by_the_server(app: EverycaseDash) -> None:
    client = nobody(app)
    form = FORM | {"request_id": "order-18"}
    receipts = [client.post("/page/record", json=form).get_json()["receipt"] for _ in range(2)]
    assert receipts[0] == receipts[1]  # a retry is logged once
    with app.services.log.database.reading() as link:
        ((name,),) = link.run("SELECT request_id FROM events").fetchall()
    assert name.startswith("form-")
    assert "order" not in name
    for guess in (name, "order-18"):
        assert labelled(bearer(API_TOKEN)(app), app, guess) == "unknown_event"


def test_each_token_and_source_has_ids_of_its_own(app: EverycaseDash) -> None:
    api, admin = bearer(API_TOKEN)(app), bearer(ADMIN_TOKEN)(app)
    event = {"request_id": "order-18", "version": "logit_games_v1"}
    cases = {}
    for number, client in enumerate((api, admin)):
        row = ROW | {"G1": number, "request_id": "order-18"}
        cases[client] = client.post("/api/v1/predict", json=row).get_json()["case"]
        for source in ("edge", "stream"):
            events = {"source": source, "events": [event | {"case": 7 + number}]}
            answer = client.post("/api/v1/events", json=events).get_json()
            assert answer["recorded"] == 1
            assert client.post("/api/v1/events", json=events).get_json()["repeated"] == 1
        again = client.post("/api/v1/predict", json=row)
        assert again.get_json()["case"] == cases[client]
    assert labelled(admin, app, "order-18", 0) == cases[admin]
    assert labelled(api, app, "order-18", 1) == cases[api]
    assert app.services.log.totals() == {"api": 2, "edge": 2, "stream": 2}


def test_outcomes_find_what_functions_logged_with_the_same_token(app: EverycaseDash) -> None:
    api, admin = bearer(API_TOKEN)(app), bearer(ADMIN_TOKEN)(app)
    events = [{"request_id": "visit-1", "version": "logit_games_v1", "case": 9}]
    assert api.post("/api/v1/events", json={"events": events}).get_json()["recorded"] == 1
    assert labelled(api, app, "visit-1") == 9
    assert admin.post("/api/v1/predict", json=ROW | {"request_id": "a"}).status_code == 200
    assert labelled(api, app, "a", 0) == "unknown_event"
    assert labelled(admin, app, "visit-1") == 9


def test_an_id_from_before_there_was_a_token_is_another_ones(
    address: str, database: Database, tmp_path: Path
) -> None:
    """What anybody could send while the API was open doesn't meet the clients' ids later."""
    before = make_app(tmp_path, database_url=address)
    early_answer = nobody(before).get("/", query_string=OTHER | {"request_id": "order-18"})
    assert early_answer.get_json()["success"]
    before.services.close()
    app = make_app(tmp_path, database_url=address, **TOKENS)
    client = bearer(API_TOKEN)(app)
    answer = client.get("/", query_string=ROW | {"request_id": "order-18"}).get_json()
    assert answer["case"] == 341
    assert labelled(client, app, "order-18") == 341
    app.services.close()
