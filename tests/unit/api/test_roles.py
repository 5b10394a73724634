"""Every route and every callback, asked by everybody: who may, and how a refusal looks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.routing import Rule

from tests.support.app_access import ACTORS, ADMIN_TOKEN, API_TOKEN, make_app, nobody
from tests.support.event_logs import promotions
from webapp.app import EverycaseDash

# What each route asks for. One that isn't listed fails: whoever adds it decides here.
ROLES = {
    "root": "read",
    "/": "read",  # of Dash, behind ours
    "metrics_": "read",
    "v1.predict_one": "read",
    "v1.predict_batch": "read",
    "v1.record_outcomes": "outcomes",
    "v1.record_events": "outcomes",
    "v1.list_versions": "read",
    "v1.one_version": "read",
    "v1.scores": "read",
    "v1.evaluation": "read",
    "v1.forget_evaluation": "admin",
    "v1.compare_window": "read",
    "v1.compare_versions": "read",
    "v1.list_datasets": "read",
    "v1.get": "read",
    "page_record": "read",
    "page_label": "read",
    "page_undo": "read",
    "v1.put": "admin",
    "page_promote": "admin",
    "page_choose": "admin",
    "page_start": "admin",
    "page_cancel": "admin",
    "v1.retrain": "admin",
    "v1.policy": "read",
    "v1.history": "read",
    "v1.one": "read",
    "v1.cancel": "admin",
    **dict.fromkeys(
        (
            "healthz",
            "readyz",
            "robots",
            "sign_in",
            "sign_out",
            "openapi",
            "api_docs",
            "rapidoc",
            "page_status",
            "page_glossary",
            "favicon",
            "page_compare",
            "page_compare_file",
            "page_jobs",
            "page_versions",
            "scripts",
            "styles",
            "api_nowhere",
            "_dash_assets.static",
            "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>",
            "/_dash-layout",
            "/_dash-dependencies",
            "/_dash-update-component",
            "/_reload-hash",
            "/_favicon.ico",
            "/<path:path>",
        ),
        "anyone",
    ),
}
RECEIPTS = (("page_label", "POST"), ("page_undo", "POST"))  # what needs one is 403 without it
# The callbacks that a server answers; all of them show what everybody may see.
CALLBACKS = {
    "..predict-table.data...predict-body.children...predict-problems.children..",
    "score-result.children",
    "score-download.data",
    "score-example.data",
    "..version-picker.data...shell-poll.disabled...shell-status.children"
    "...shell-status.data-state...shell-status.data-versions..",
    "..models-dialog.title...models-dialog.opened...models-dialog-body.data-markup"
    "...models-confirm.children...models-override.label...models-override.style"
    "...models-dialog-problem.children..",
    ".._pages_content.children..._pages_store.data..",
}
MAY = {
    "anyone": set(ACTORS),
    "read": {"API token", "admin token", "session"},
    "outcomes": {"API token", "admin token", "session"},
    "admin": {"admin token", "session"},
}
OPEN = {"anyone": set(ACTORS), "read": set(ACTORS), "outcomes": set(), "admin": set()}
TOKENS = {"api_token": API_TOKEN, "admin_token": ADMIN_TOKEN}
# Whatever PAGES is: how to sign in, whether the server is well, and scripts and styles
ALWAYS_OPEN = {
    *("sign_in", "sign_out", "healthz", "readyz", "robots", "favicon", "_dash_assets.static"),
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>",
    *("/_favicon.ico", "scripts", "styles"),
}
FILLED = {
    "version": "logit_games_v1",
    "job": "01900000-0000-7000-8000-000000000000",
    "path": "nothing/here",
    "filename": "css/everycase.css",
    "package_name": "dash",
    "fingerprinted_path": "nothing.js",
}
EMPTY = {"pathname": "/"}  # values of a page on which nothing was done; of the others it is null
ROW = {f"G{i}": i % 2 for i in range(1, 11)}
GOOD: dict[str, Any] = {
    "v1.predict_one": ROW,
    "v1.predict_batch": [ROW],
    "v1.record_outcomes": [{"id": "01900000-0000-7000-8000-000000000000", "label": 1}],
    "v1.put": {"version": "logit_games_v1", "reason": "a test"},
}


def routes(app: EverycaseDash) -> Iterator[tuple[Rule, str, str]]:
    """Every rule, method and an address for it."""
    for rule in app.server.url_map.iter_rules():
        with app.server.test_request_context():
            path = app.server.url_map.bind("").build(
                rule.endpoint, {name: FILLED[name] for name in rule.arguments}
            )
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if rule.endpoint == "v1.get" and method == "PUT":
                continue
            yield rule, method, path


def callbacks(app: EverycaseDash) -> dict[str, dict[str, Any]]:
    """A request of each callback that a server answers, as a page without values sends it."""
    callback_list = nobody(app).get("/_dash-dependencies").get_json()
    return {
        spec["output"]: {
            "output": spec["output"],
            "outputs": _outputs(spec["output"]),
            "inputs": [part | {"value": EMPTY.get(part["property"])} for part in spec["inputs"]],
            "state": [part | {"value": None} for part in spec["state"]],
            "changedPropIds": [],
        }
        for spec in callback_list
        if not spec.get("clientside_function")
    }


def _outputs(text: str) -> Any:
    parts = text.strip(".").split("...") if text.startswith("..") else [text]
    outputs = [dict(zip(("id", "property"), part.rsplit(".", 1), strict=True)) for part in parts]
    return outputs if text.startswith("..") else outputs[0]


def test_every_route_and_callback_is_listed(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    assert {rule.endpoint for rule, _, _ in routes(app)} == set(ROLES)
    assert set(callbacks(app)) == CALLBACKS


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("with_tokens", [True, False])
def test_who_may_do_what(tmp_path: Path, actor: str, with_tokens: bool) -> None:
    app = make_app(tmp_path, **(TOKENS if with_tokens else {}))
    who_may = MAY if with_tokens else OPEN
    for rule, is_refusal in refusals(app, actor):
        assert is_refusal == (actor not in who_may[ROLES[rule.endpoint]]), rule


def refusals(app: EverycaseDash, actor: str, **headers: str) -> Iterator[tuple[Rule, bool]]:
    """Every rule, and whether it refuses the actor."""
    for rule, method, path in routes(app):
        client = ACTORS[actor](app)
        body = None if method == "GET" else GOOD.get(rule.endpoint, {})
        response = client.open(path, method=method, json=body, headers=headers)
        location = response.headers.get("Location", "")
        response.close()
        if rule.endpoint == "sign_in" or (rule.endpoint, method) in RECEIPTS:
            continue  # a wrong password and a forged receipt have tests of their own
        yield rule, response.status_code in (401, 403) or location.startswith("/sign-in")


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("names", [("api_token",), ("api_token", "admin_token")])
def test_with_pages_for_tokens_nobody_else_sees_anything(
    tmp_path: Path, actor: str, names: tuple[str, ...]
) -> None:
    """Not the pages, their data, callbacks, reports or documentation; either token will do."""
    app = make_app(tmp_path, pages="token", **{name: TOKENS[name] for name in names})
    who_may = MAY["read"] if len(names) == 2 else {"API token"}
    for rule, is_refusal in refusals(app, actor, Accept="text/html"):
        if rule.endpoint in ALWAYS_OPEN or rule.rule.startswith("/api/v1"):
            continue
        if ROLES[rule.endpoint] == "anyone" or rule.endpoint == "root":
            assert is_refusal == (actor not in who_may), rule
    if actor not in who_may:
        for output, body in callbacks(make_app(tmp_path)).items():
            response = ACTORS[actor](app).post("/_dash-update-component", json=body)
            assert response.status_code == 401, output
            assert response.get_json()["error"]["code"] == "unauthorized"


def test_what_is_off_stays_off_for_everybody(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    for actor, make in ACTORS.items():
        for endpoint, setting in (("outcomes", "API_TOKEN"), ("champion", "ADMIN_TOKEN")):
            method = "PUT" if endpoint == "champion" else "POST"
            response = make(app).open(f"/api/v1/{endpoint}", method=method, json={})
            assert response.status_code == 403, actor
            assert setting in response.get_json()["error"]["message"]


@pytest.mark.parametrize("actor", ACTORS)
def test_every_callback_answers_every_role_the_same(tmp_path: Path, actor: str) -> None:
    app = make_app(tmp_path, api_token=API_TOKEN, admin_token=ADMIN_TOKEN)
    for output, body in callbacks(app).items():
        without_session = nobody(app).post("/_dash-update-component", json=body)
        response = ACTORS[actor](app).post("/_dash-update-component", json=body)
        assert response.status_code == without_session.status_code, output
        assert response.status_code in (200, 204), (output, response.get_data(as_text=True)[:500])
    assert promotions(app.services.ledger) == []  # and none of them changed anything
    assert app.services.log.totals() == {}


def junk() -> Iterator[dict[str, Any]]:
    """Malformed requests."""
    yield {}
    yield {"json": {}}
    yield {"json": [1, 2]}
    yield {"json": {"version": {"a": 1}, "G1": [], "rows": 3, "receipt": 5}}
    yield {"data": b"{", "content_type": "application/json"}
    yield {"data": b"\xff\xfe", "content_type": "application/json"}
    yield {"data": b"a=1", "content_type": "text/plain"}
    yield {"data": b"x" * ((16 << 20) + 1), "content_type": "application/json"}


def test_every_error_has_one_shape(tmp_path: Path) -> None:
    """``{"error": {"code", "message", "field"?}}``, except at ``/``, whose form is older."""
    app = make_app(tmp_path, api_token=API_TOKEN, admin_token=ADMIN_TOKEN)
    statuses = set()
    for rule, _, path in routes(app):
        if not rule.rule.startswith(("/api", "/page", "/metrics")) and rule.endpoint != "root":
            continue
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            for request in junk():
                for actor in ("nobody", "admin token"):
                    response = ACTORS[actor](app).open(path, method=method, **request)
                    response.get_data()
                    response.close()
                    if response.status_code < 400:
                        continue
                    where = (method, path, response.status)
                    if response.status_code == 405 and not path.startswith("/api"):
                        continue
                    if rule.endpoint == "root":
                        body = response.get_json()
                        assert (body["success"], type(body["error"])) == (False, str), where
                        continue
                    assert response.mimetype == "application/json", where
                    assert response.status_code < 500, where
                    body = json.loads(response.data)
                    assert set(body) == {"error"}, where
                    assert {"code", "message"} <= set(body["error"]), where
                    assert set(body["error"]) <= {"code", "message", "field"}, where
                    assert all(isinstance(value, str) for value in body["error"].values())
                    statuses.add(response.status_code)
    assert {400, 401, 404, 405, 413, 415} <= statuses
