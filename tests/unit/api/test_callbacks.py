"""Bodies for Dash's endpoint are checked against the registered callbacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dash import ALL, MATCH, Dash, Input, Output, State, html
from flask.testing import FlaskClient

from tests.support.app_access import make_app, nobody
from tests.support.router import router_body
from webapp.api import callbacks
from webapp.api.callbacks import ADDRESS
from webapp.cases import InputError

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A browser of nobody's, at an app with one version."""
    return nobody(make_app(tmp_path_factory.mktemp("callbacks")))


def drift_page(search: object = "") -> dict[str, Any]:
    """What a page sends when it goes to Drift."""
    return router_body("/drift", search)


def scoring(**values: Any) -> dict[str, Any]:
    """What a page sends when a file is dropped."""
    values = {"contents": "data:;base64,AA", "model": None, "filename": "a.csv"} | values
    return {
        "output": "score-result.children",
        "outputs": {"id": "score-result", "property": "children"},
        "inputs": [
            {"id": "score-request", "property": "data", "value": values["model"]},
        ],
        "changedPropIds": ["score-request.data"],
        "state": [
            {"id": "score-upload", "property": "contents", "value": values["contents"]},
            {"id": "score-upload", "property": "filename", "value": values["filename"]},
        ],
    }


def refusal(client: FlaskClient, body: Any) -> str:
    """The sentence of the refusal, whose status is 400."""
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    response = client.post(ADDRESS, data=text, content_type="application/json")
    assert response.status_code == 400, response.text[:300]
    return str(response.get_json()["error"]["message"])


def test_right_bodies_are_answered(client: FlaskClient) -> None:
    assert client.post(ADDRESS, json=drift_page()).status_code == 200
    no_version = client.post(ADDRESS, json=scoring())
    assert "This version is no longer available" in no_version.text
    without_state = drift_page()
    del without_state["state"]  # so sends a page for a callback that has none
    assert client.post(ADDRESS, json=without_state).status_code == 200


SHAPES: list[tuple[Change, str]] = [
    (lambda body: [body], "body must be a JSON object"),
    (lambda body: body | {"output": None}, "output names no callback of this server"),
    (lambda body: body | {"output": ["a"]}, "output names no callback of this server"),
    (lambda body: body | {"output": "shell-page.data"}, "output names no callback of this server"),
    (lambda body: body | {"outputs": body["outputs"][:1]}, "outputs must be a list of 2"),
    (lambda body: body | {"outputs": body["outputs"][::-1]}, "outputs[0] isn't _pages_content.ch"),
    (lambda body: body | {"outputs": {}}, "outputs must be a list of 2"),
    (lambda body: body | {"inputs": None}, "inputs must be a list of 2"),
    (lambda body: body | {"inputs": body["inputs"] * 2}, "inputs must be a list of 2"),
    (lambda body: body | {"inputs": ["x", 1]}, "inputs[0] isn't _pages_location.pathname"),
    (lambda body: body | {"inputs": [[body["inputs"][0]], {}]}, "inputs[0] isn't _pages_location"),
    (lambda body: body | {"state": body["inputs"]}, "state must be a list of 0"),
    (lambda body: body | {"changedPropIds": 7}, "changedPropIds must be a list of texts"),
    (lambda body: body | {"changedPropIds": None}, "changedPropIds must be a list of texts"),
    (lambda body: body | {"changedPropIds": ["a.b"]}, "changedPropIds has a.b, which is no input"),
    (lambda body: body | {"changedPropIds": [{}]}, "changedPropIds has {}, which is no input"),
    (lambda body: body | {"x": float("nan")}, "body has a number that JSON hasn't"),
    (lambda body: body | {"x": "\ud800"}, "body has half a character"),
    (lambda body: body | {"x\0": 1}, "body has a text with the character NUL"),
    (lambda body: json.dumps(body | {"x": 0}).replace(" 0", "[" * 40 + "]" * 40), "nested too"),
    (lambda _body: "[" * 9000 + "]" * 9000, "the body is nested too deeply"),
    (lambda body: json.dumps(body)[:-1], "the request can't be read: send JSON"),
    (lambda _body: b"\xff", "the request can't be read: send JSON"),
]


@pytest.mark.parametrize(("change", "sentence"), SHAPES, ids=[text for _, text in SHAPES])
def test_a_body_that_no_page_sends(client: FlaskClient, change: Change, sentence: str) -> None:
    assert sentence in refusal(client, change(drift_page()))


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (drift_page(7), "_pages_location.search is 7: send a text"),
        (drift_page("?" + "x" * 9000), "_pages_location.search has 9,001 characters: send at most"),
        (scoring(contents=["x"]), "score-upload.contents is ['x']: send a text such as data:"),
        (scoring(filename={}), "score-upload.filename is {}: send a text"),
        (scoring(model=[1]), "score-request.data is [1]: send an object"),
        (scoring(model={"version": 1}), "score-request.data.version is 1: send a text"),
    ],
)
def test_a_value_of_the_wrong_kind(
    client: FlaskClient, body: dict[str, Any], sentence: str
) -> None:
    assert sentence in refusal(client, body)


def test_too_many_values_and_another_kind_of_body(client: FlaskClient) -> None:
    many = client.post(ADDRESS, data="[" + "{}," * 60_000 + "{}]", content_type="application/json")
    assert (many.status_code, "too many values" in many.text) == (413, True)
    other = client.post(ADDRESS, data="a=1", content_type="text/plain")
    assert other.status_code == 415
    assert other.get_json()["error"]["message"] == "set Content-Type: application/json"


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("?days=1&days=2", "days"),
        ("?days=7&days=7", None),  # says the same twice
        ("?baseline=previous&baseline=training", "previous, training"),
        ("?version=%00", "�"),
    ],
)
def test_a_repeated_parameter_of_a_page(
    client: FlaskClient, search: str, message: str | None
) -> None:
    response = client.post(ADDRESS, json=drift_page(search))
    assert response.status_code == 200
    content = response.get_json()["response"]["_pages_content"]["children"]
    notice = next(
        part["props"]["children"]
        for part in content["props"]["children"]
        if part["props"].get("id") == "drift-problems"
    )
    assert (message in json.dumps(notice, ensure_ascii=False)) if message else notice == []
    assert client.get(f"/drift{search}", headers={"Accept": "text/html"}).status_code == 200


def test_the_first_paint_reads_repeated_inputs_as_its_page_does(client: FlaskClient) -> None:
    once = client.get("/?G1=1&G1=1&G2=1", headers={"Accept": "text/html"})
    assert "for G1 + G2" in once.text
    other = client.get("/?G1=1&G1=0&G2=1", headers={"Accept": "text/html"})
    assert "for G2 ·" in other.text
    for odd in ("/?" + "x" * 60 + "=1", "/?%00=1"):
        assert client.get(odd, headers={"Accept": "text/html"}).status_code == 200


def test_bytes_that_are_no_text_in_a_query(client: FlaskClient) -> None:
    for path in ("/", "/drift", "/page/compare.html", "/api/v1/drift", "/sign-in"):
        environ = {"QUERY_STRING": "\xd7\xd4=\xff&%ff=1", "HTTP_ACCEPT": "text/html"}
        assert client.get(path, environ_overrides=environ).status_code < 500


def test_files_of_dash_that_there_are_not(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    client = nobody(app)
    client.get("/_dash-layout")
    places = [(name, path) for name, paths in app.registered_paths.items() for path in paths]
    for name, path in [
        *places,
        ("nothing", "x.js"),
        ("dash", "nothing.js"),
        ("dash", "../dash.py"),
    ]:
        response = client.get(f"/_dash-component-suites/{name}/{path}")
        is_there = path.endswith(".js") and (name, path) in places
        assert (response.status_code == 200) if is_there else response.status_code in (200, 404)
        response.close()


# ---- patterns, which no callback of ours has today ----


@pytest.fixture(scope="module")
def patterns() -> FlaskClient:
    """An app whose callbacks match components by patterns."""
    app = Dash("patterns")
    app.layout = html.Div()

    @app.callback(
        Output({"type": "sum", "row": MATCH}, "children"),
        Input({"type": "cell", "row": MATCH}, "value"),
        State({"type": "all", "row": ALL}, "value"),
    )
    def add(cell: Any, others: Any) -> str:
        if cell == "wrong":
            raise InputError("cell", "is wrong: send another")
        return f"{cell} {others}"

    callbacks.guard_dash(app)
    return app.server.test_client()


def pattern_body(row: Any = 1, others: Any = (1, 2), value: Any = "a") -> dict[str, Any]:
    """A body for the callback, for one of its rows."""
    cell = {"id": {"type": "cell", "row": row}, "property": "value", "value": value}
    all_ = [
        {"id": {"type": "all", "row": other}, "property": "value", "value": other}
        for other in others
    ]
    return {
        "output": '{"row":["MATCH"],"type":"sum"}.children',
        "outputs": {"id": {"type": "sum", "row": row}, "property": "children"},
        "inputs": [cell],
        "state": [all_],
        "changedPropIds": ['{"row":1,"type":"cell"}.value'] if row == 1 else [],
    }


def test_patterns(patterns: FlaskClient) -> None:
    response = patterns.post(ADDRESS, json=pattern_body())
    assert response.get_json()["response"] == {'{"row":1,"type":"sum"}': {"children": "a [1, 2]"}}
    assert patterns.post(ADDRESS, json=pattern_body(row="é", others=())).status_code == 200
    for body, sentence in (
        (pattern_body(row=[1]), "outputs isn't"),
        (pattern_body(others=([1],)), "state[0] isn't"),
        (pattern_body() | {"inputs": [[]]}, "inputs[0] isn't"),
        (pattern_body() | {"state": [{}]}, "state[0] must be a list, as"),
        (pattern_body(row=2) | {"changedPropIds": ['{"row":3,"type":"cell"}.value']}, "no input"),
        (pattern_body(row=2) | {"changedPropIds": ["{.value"]}, "no input"),
        (pattern_body(value="wrong"), "cell is wrong: send another"),
    ):
        assert sentence in refusal(patterns, body)
