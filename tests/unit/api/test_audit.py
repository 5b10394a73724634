"""Sign-ins, failures and what administrators do leave an audit line, with who it was."""

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
from tests.support.event_logs import promotions
from tests.support.versions import HandCatalog, ready
from webapp.api import audit
from webapp.app import create_app
from webapp.server import logging_setup
from webapp.server.session_files import SessionFiles
from webapp.settings import Settings

TOKENS = {"api_token": API_TOKEN, "admin_token": ADMIN_TOKEN}


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


def test_the_ledgers_actor_is_who_was_authenticated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A name that is sent proves nothing, so it is part of the reason."""
    names = ("logit_games_v1", "hgb_games_v1", "logit_games_v2")
    catalog = HandCatalog([ready(name, seed=i) for i, name in enumerate(names)])
    app = create_app(Settings(var_dir=tmp_path, **TOKENS), catalog)
    body = {"version": names[1], "actor": "the board", "reason": "better"}
    assert bearer(ADMIN_TOKEN)(app).put("/api/v1/champion", json=body).status_code == 200
    assert (
        session(app).put("/api/v1/champion", json=body | {"version": names[2]}).status_code == 200
    )
    lines_of_ledger = [(line.actor, line.reason) for line in promotions(app.services.ledger)]
    reason = "better (said to be by the board)"
    assert lines_of_ledger == [("signed-in administrator", reason), ("admin token", reason)]
    longest = body | {"version": names[0], "reason": "x" * 1000}
    refusal = bearer(ADMIN_TOKEN)(app).put("/api/v1/champion", json=longest)
    assert (refusal.status_code, refusal.get_json()["error"]["field"]) == (400, "reason")
    bearer(ADMIN_TOKEN)(app).post("/api/v1/retrain", json={"actor": "the board"})
    (job,) = app.services.jobs.history(5)
    assert job.actor == "admin token"
    assert ("retrain", "the board") in [(event, f.get("said")) for event, f in lines(caplog)]
