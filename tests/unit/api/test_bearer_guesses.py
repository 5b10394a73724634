"""Bearer tokens are guessed as slowly as at signing in, and what happened is in the audit log."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.support.app_access import (
    ADMIN_TOKEN,
    API_TOKEN,
    SAME_ORIGIN,
    bearer,
    make_app,
    nobody,
    session,
    sign_in,
)
from webapp.api import audit
from webapp.api.guesses import Guesses
from webapp.server import logging_setup
from webapp.server.session_files import SessionFiles

TOKENS = {"api_token": API_TOKEN, "admin_token": ADMIN_TOKEN}
ROW = {f"G{i}": i % 2 for i in range(1, 11)}


def statuses(app: Any, guesses: int, path: str = "/api/v1/versions") -> list[int]:
    return [bearer(f"guess-{i}")(app).get(path).status_code for i in range(guesses)]


@pytest.mark.parametrize("path", ["/api/v1/versions", "/metrics", "/?G1=1", "/api/v1/retrain"])
def test_ten_wrong_tokens_a_minute(tmp_path: Path, path: str) -> None:
    app = make_app(tmp_path, **TOKENS)
    assert statuses(app, 10, path) == [401] * 10
    response = bearer("another-guess")(app).get(path)
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 60
    for token in (API_TOKEN, ADMIN_TOKEN):  # a guess that is right isn't told from a wrong one
        assert bearer(token)(app).get(path).status_code == 429
    far_away = bearer(API_TOKEN)(app)
    far_away.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert far_away.get(path).status_code != 429
    assert session(app).get("/api/v1/versions").status_code == 200


def test_a_program_that_repeats_a_wrong_token_locks_nobody_out(tmp_path: Path) -> None:
    app = make_app(tmp_path, **TOKENS)
    for _ in range(30):
        assert bearer("an-old-token")(app).get("/api/v1/versions").status_code == 401
    assert bearer(API_TOKEN)(app).get("/api/v1/versions").status_code == 200


def test_an_open_api_is_no_way_to_try_the_admins_token(tmp_path: Path) -> None:
    """Whose request ids they are tells a right token from a wrong one."""
    app = make_app(tmp_path, admin_token=ADMIN_TOKEN)
    for i in range(12):
        client = bearer(f"guess-{i}")(app)
        assert client.get("/", query_string=ROW | {"request_id": f"a{i}"}).status_code == 200
    ids = {
        client.get("/", query_string=ROW | {"request_id": "a1"}).get_json()["id"]
        for client in (bearer(ADMIN_TOKEN)(app), nobody(app))
    }
    assert len(ids) == 1


def test_guesses_end_with_their_minute(tmp_path: Path) -> None:
    now = [0.0]
    app = make_app(tmp_path, **TOKENS)
    object.__setattr__(app.access, "guesses", Guesses("", lambda: now[0]))
    statuses(app, 11)
    assert bearer(API_TOKEN)(app).get("/api/v1/versions").status_code == 429
    now[0] = 61.0
    assert bearer(API_TOKEN)(app).get("/api/v1/versions").status_code == 200


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, Any]]]:
    return [
        (record.getMessage(), audit.facts_of(record))
        for record in caplog.records
        if record.name == audit.LOGGER
    ]


def test_sign_ins_and_failures_leave_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(tmp_path, host="127.0.0.1", **TOKENS)
    client = nobody(app)
    client.post("/sign-in", data={"token": "wrong"}, headers=SAME_ORIGIN)
    sign_in(client)
    client.post("/sign-out", headers=SAME_ORIGIN)
    nobody(app).get(f"/sign-in?once={SessionFiles(tmp_path).make_link()}")
    nobody(app).get("/sign-in?once=used")
    bearer("wrong-token")(app).get("/api/v1/versions")
    assert [(event, facts.get("way")) for event, facts in lines(caplog)] == [
        ("sign-in failed", "token"),
        ("signed in", "admin token"),
        ("signed out", None),
        ("signed in", "one-time link"),
        ("sign-in failed", "one-time link"),
        ("wrong token", None),
    ]
    assert {facts["client"] for _, facts in lines(caplog)} == {"127.0.0.1"}
    for secret in (ADMIN_TOKEN, API_TOKEN, "wrong-token"):
        assert secret not in caplog.text


def test_what_administrators_do_leaves_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(tmp_path, **TOKENS)
    body = {"version": "logit_games_v1", "reason": "a test"}
    bearer(ADMIN_TOKEN)(app).put("/api/v1/champion", json=body)
    session(app).post("/page/models/promote", json={"version": "nope"})
    bearer(API_TOKEN)(app).put("/api/v1/champion", json=body)
    nobody(app).post("/page/models/cancel", json={"id": "1"})
    acts = [(facts["actor"], facts["path"], facts["status"]) for _, facts in lines(caplog)]
    assert acts == [
        ("admin token", "/api/v1/champion", 200),
        ("signed-in administrator", "/page/models/promote", 400),
        ("API token", "/api/v1/champion", 401),
        ("anybody", "/page/models/cancel", 401),
    ]


def test_the_lines_are_written_whatever_the_level(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    logging_setup.configure("json", "ERROR")
    nobody(make_app(tmp_path, **TOKENS)).post(
        "/sign-in", data={"token": "wrong"}, headers=SAME_ORIGIN
    )
    (line,) = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert line["event"] == "sign-in failed"
    assert (line["logger"], line["client"], line["status"]) == (audit.LOGGER, "127.0.0.1", 401)
    root.handlers[:] = []
