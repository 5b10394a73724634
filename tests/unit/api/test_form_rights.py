"""Writing needs a right: who may record in the form, how much, and what it counts for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.app_access import (
    ACTORS,
    ADMIN_TOKEN,
    API_TOKEN,
    bearer,
    make_app,
    nobody,
    sign_in,
)
from tests.support.events import make_event
from webapp.api import auth
from webapp.app import EverycaseDash
from webapp.jobs.retrain import matured_stream
from webapp.pages.predict import page
from webapp.services.models.policy_state import count_matured
from webapp.services.models.shown_traffic import is_simulated_shown
from webapp.services.predict import version_choice
from webapp.services.traffic.pool import TrafficPool
from webapp.timing import now_ms

TOKENS = {"api_token": API_TOKEN, "admin_token": ADMIN_TOKEN}
FORM: dict[str, Any] = {
    "version": "logit_games_v1",
    "features": {f"G{i}": i % 2 for i in range(1, 11)},
    "request_id": "attempt-1",
}


def record_and_label(client: FlaskClient, name: str = "attempt-1") -> tuple[int, int]:
    recording = client.post("/page/record", json=FORM | {"request_id": name})
    receipt = (recording.get_json() or {}).get("receipt")
    label = client.post("/page/label", json={"receipt": receipt, "label": 1})
    return recording.status_code, label.status_code


@pytest.mark.parametrize("who", ACTORS)
def test_with_tokens_the_form_needs_one_or_a_signed_in_browser(tmp_path: Path, who: str) -> None:
    app = make_app(tmp_path, **TOKENS)
    is_allowed = who in ("API token", "admin token", "session")
    assert record_and_label(ACTORS[who](app)) == ((200, 200) if is_allowed else (401, 401))
    assert app.services.log.totals() == ({"form": 1} if is_allowed else {})


def test_a_refusal_says_what_to_do(tmp_path: Path) -> None:
    error = nobody(make_app(tmp_path, **TOKENS)).post("/page/record", json=FORM).get_json()
    assert error["error"]["message"].startswith("sign in to record")


@pytest.mark.parametrize("settings", [{}, {"admin_token": ADMIN_TOKEN}, TOKENS | {"form": "open"}])
def test_without_an_api_token_or_with_an_open_form_everybody_records(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    assert record_and_label(nobody(make_app(tmp_path, **settings))) == (200, 200)


def test_a_browser_signs_in_with_the_api_token_and_promotes_nothing(tmp_path: Path) -> None:
    app = make_app(tmp_path, api_token=API_TOKEN)
    client = nobody(app)
    assert "Sign in" in client.get("/", headers={"Accept": "text/html"}).text
    assert '<label for="token">Token</label>' in client.get("/sign-in").text
    sign_in(client, API_TOKEN)
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    assert record_and_label(client) == (200, 200)
    assert client.get("/api/v1/versions").status_code == 200
    assert client.put("/api/v1/champion", json={"version": "logit_games_v1"}).status_code == 403
    other = make_app(tmp_path, api_token="another-0123456789").server.test_client()
    cookie = client.get_cookie("everycase-session")
    assert cookie is not None
    other.set_cookie("everycase-session", cookie.value)
    other.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    assert other.post("/page/record", json=FORM).status_code == 401  # another token, no session


def test_the_form_has_a_limit_of_its_own(tmp_path: Path) -> None:
    app = make_app(tmp_path, form_limit="4/minute", rate_limit="100/minute")
    client = nobody(app)
    assert [record_and_label(client, f"a{i}") for i in range(3)] == [(200, 200)] * 2 + [(429, 429)]
    assert client.get("/api/v1/versions").status_code == 200
    assert app.services.log.totals() == {"form": 2}


def fill(app: EverycaseDash, source: str, n: int) -> None:
    app.services.log.record([make_event(source=source, case=i % 8, label=1) for i in range(n)])


@pytest.mark.parametrize("learns", [False, True])
def test_what_was_recorded_in_the_form_is_no_evidence_unless_a_setting_says_so(
    tmp_path: Path, learns: bool
) -> None:
    app = make_app(tmp_path, learn_from_form=learns)
    services = app.services
    fill(app, "form", 300)
    fill(app, "api", 20)
    _, champion = version_choice.resolve(services, None)
    n = 320 if learns else 20
    stream = matured_stream.read(services, champion, "real", None)
    assert stream.matured == n  # what retraining fits and its gate judges on
    assert count_matured(services, 0) == n
    for query, count in (("", n), ("?source=form", 300), ("?source=api", 20)):
        answer = bearer(ADMIN_TOKEN)(app).get(f"/api/v1/drift{query}").get_json()
        assert answer["n"] == count, query
    pool = TrafficPool(services, services.counts, champion, None)  # gate, leaderboard, alerts
    assert ("form" in pool.sources) is learns


def test_where_only_the_form_has_outcomes_nothing_is_learnt(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    fill(app, "form", 50)
    assert not is_simulated_shown(app.services, now_ms())
    fill(app, "demo", 50)
    assert is_simulated_shown(app.services, now_ms())
    answer = bearer(ADMIN_TOKEN)(app).get("/api/v1/drift").get_json()
    assert (answer["n"], answer["not_shown"]) == (50, 50)


@pytest.mark.parametrize("who", ACTORS)
def test_the_page_offers_only_what_the_visitor_may(tmp_path: Path, who: str) -> None:
    """Where the form is closed there is no button, but a way to sign in."""
    for settings, is_open in (({}, True), (TOKENS | {"form": "open"}, True), (TOKENS, False)):
        app = make_app(tmp_path / str(len(settings)), **settings)
        may = is_open or who in ("API token", "admin token", "session")
        client = ACTORS[who](app)
        cookie = client.get_cookie(auth.COOKIE)
        headers = {"Cookie": f"{cookie.key}={cookie.value}"} if cookie else {}
        environ = dict(client.environ_base)
        with app.server.test_request_context("/", environ_base=environ, headers=headers):
            assert ("data-closed" not in str(page.layout())) == may
