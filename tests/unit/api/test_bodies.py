"""Requests that aren't predictions write none, and bodies are read in every form clients send."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.versions import HandCatalog, ready
from webapp.api import guards, root
from webapp.app import EverycaseDash, create_app
from webapp.cases import Features
from webapp.settings import ROOT, Settings

INPUTS = Features(("late_payments", "new_contract"))
ROW = {"late_payments": 1, "new_contract": 0}
JSON = json.dumps(ROW).encode()
BOM = b"\xef\xbb\xbf"


def packed(data: bytes) -> bytes:
    """Gzip without the time of day: the names of tests hold it, and all workers must agree."""
    return gzip.compress(data, mtime=0)


BOMB = packed(b"[" + b" " * (guards.BODY_LIMIT + 1))
CRAWLERS = (
    "facebookexternalhit/1.1",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Mozilla/5.0 (compatible; MicrosoftPreview/2.0; +https://aka.ms/MicrosoftPreview)",
    "Mastodon/4.3.0 (http.rb/5.2.0; +https://mastodon.social/)",
    "http.rb/5.1.1 (Mastodon/4.2.0; +https://mastodon.social/) Bot",
    "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)",
    "WhatsApp/2",  # Signal's, too
    "Signal-Desktop/7.0",
    "Mozilla/5.0 (compatible; redditbot/1.0; +http://www.reddit.com/feedback)",
)
PROGRAMS = (
    "python-requests/2.32",
    "curl/8.5.0",
    "Go-http-client/2.0",
    "okhttp/4.12.0",
    "axios/1.7",
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EverycaseDash]:
    folder: Path = tmp_path_factory.mktemp("app")
    settings = Settings(models_uri=folder, var_dir=folder / "var")
    app = create_app(settings, HandCatalog([ready("churn_v1", INPUTS)]))
    yield app
    app.services.close()


@pytest.fixture
def client(app: EverycaseDash) -> FlaskClient:
    return app.server.test_client()


def logged(app: EverycaseDash) -> int:
    return sum(app.services.log.totals().values())


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/api/v1/predict", "/api/v1/predict/batch"])
def test_methods_without_an_answer_log_nothing(app: EverycaseDash, method: str, path: str) -> None:
    before, client = logged(app), app.server.test_client()
    response = client.open(path, method=method, query_string=ROW)
    assert response.status_code in (200, 204, 405)
    assert response.data == b""
    assert logged(app) == before
    assert client.get("/", query_string=ROW).status_code == 200
    assert logged(app) == before + 1


def test_head_says_what_get_would(client: FlaskClient) -> None:
    for query, status in (
        (ROW, 200),
        ({}, 200),
        (ROW | {"new_contract": 7}, 400),
        (ROW | {"version": "nope_v1"}, 404),
    ):
        assert client.head("/", query_string=query).status_code == status
        assert client.get("/", query_string=query).status_code == status


@pytest.mark.parametrize("agent", CRAWLERS)
def test_link_previews_get_the_page_and_log_nothing(app: EverycaseDash, agent: str) -> None:
    before, client = logged(app), app.server.test_client()
    headers = {"Accept": "*/*", "User-Agent": agent}
    response = client.get("/", query_string=ROW, headers=headers)
    assert response.mimetype == "text/html"
    assert 'property="og:title"' in response.get_data(as_text=True)
    assert logged(app) == before


def test_nginx_knows_the_same_crawlers() -> None:
    conf = (ROOT / "deploy/server/nginx.conf").read_text("utf-8")
    names = "|".join(re.findall(r'"~\*\((.+)\)" 0;', conf)).split("|")
    assert sorted(names) == sorted(root._PREVIEWS.pattern.split("|"))


@pytest.mark.parametrize("agent", PROGRAMS)
def test_programs_get_json(client: FlaskClient, agent: str) -> None:
    response = client.get("/", query_string=ROW, headers={"Accept": "*/*", "User-Agent": agent})
    assert response.get_json()["success"] is True


@pytest.mark.parametrize("path", ["/nowhere", "/compare/more", "/404", "/robots"])
def test_an_address_without_a_page_is_not_found(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert "Not found · Everycase" in response.get_data(as_text=True)
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]


def test_addresses_of_scripts_are_not_found_in_json(client: FlaskClient) -> None:
    answers = [client.get("/page/nothing"), client.get("/page/record"), client.post("/page/more/x")]
    assert [(a.status_code, a.mimetype) for a in answers] == [
        (status, "application/json") for status in (404, 405, 404)
    ]


@pytest.mark.parametrize("path", ["/", "/compare", "/drift", "/models", "/drift/"])
def test_pages_are_found(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers={"Accept": "text/html"}).status_code == 200


def test_the_icon_is_where_browsers_look(client: FlaskClient) -> None:
    response = client.get("/favicon.ico")
    assert (response.status_code, response.mimetype) == (200, "image/svg+xml")
    assert response.data.startswith(b"<svg")
    assert "max-age=86400" in response.headers["Cache-Control"]
    response.close()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (JSON, {}),
        (JSON, {"Content-Type": "text/plain"}),
        (JSON, {"Content-Type": "application/x-www-form-urlencoded"}),  # of curl --data
        (BOM + JSON, {}),
        (BOM + JSON, {"Content-Type": "application/json"}),
        (b" \n" + JSON, {"Content-Type": "application/octet-stream"}),
        (packed(JSON), {"Content-Encoding": "gzip", "Content-Type": "application/json"}),
        (packed(JSON), {"Content-Encoding": "GZIP"}),
        (packed(b" ") + packed(JSON), {"Content-Encoding": "gzip"}),
        (packed(b"late_payments=1&new_contract=0"),
         {"Content-Encoding": "gzip", "Content-Type": "application/x-www-form-urlencoded"}),
    ],
)  # fmt: skip
def test_bodies_of_the_original_api(
    client: FlaskClient, body: bytes, headers: dict[str, str]
) -> None:
    response = client.post("/", data=body, headers=headers)
    assert response.get_json()["case"] == 1, response.data


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (JSON, {}),
        (BOM + JSON, {"Content-Type": "application/json"}),
        (packed(JSON), {"Content-Encoding": "gzip", "Content-Type": "application/json"}),
    ],
)
def test_bodies_of_the_api(client: FlaskClient, body: bytes, headers: dict[str, str]) -> None:
    response = client.post("/api/v1/predict", data=body, headers=headers)
    assert response.get_json()["case"] == 1, response.data
    batch = packed(json.dumps([ROW, ROW]).encode())
    gzip_headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    response = client.post("/api/v1/predict/batch", data=batch, headers=gzip_headers)
    assert len(response.get_json()["predictions"]) == 2


@pytest.mark.parametrize(
    ("body", "encoding", "status", "words"),
    [
        (JSON, "gzip", 400, "is not gzip, though Content-Encoding says so"),
        (packed(JSON)[:-9], "gzip", 400, "is cut off: send the gzip to its end"),
        (packed(JSON), "", 400, "is packed with gzip: set Content-Encoding: gzip"),
        (JSON, "br", 400, "is encoded as br: send it plain, or as gzip"),
        (BOMB, "gzip", 413, "is too large: send at most 1,048,576 bytes"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/predict"])
def test_what_is_wrong_with_an_encoded_body(
    app: EverycaseDash, path: str, body: bytes, encoding: str, status: int, words: str
) -> None:
    before = logged(app)
    headers = {"Content-Type": "application/json"} | (
        {"Content-Encoding": encoding} if encoding else {}
    )
    response = app.server.test_client().post(path, data=body, headers=headers)
    error: Any = response.get_json()["error"]
    assert response.status_code == status
    assert words in (error if isinstance(error, str) else error["message"])
    assert logged(app) == before


def test_a_type_that_is_not_json_is_named(client: FlaskClient) -> None:
    for kind in ("text/csv", "application/x-www-form-urlencoded"):
        response = client.post("/api/v1/predict", data=JSON, content_type=kind)
        assert response.status_code == 415
        assert response.get_json()["error"]["message"] == "set Content-Type: application/json"
