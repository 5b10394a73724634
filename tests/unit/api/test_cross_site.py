"""A page of another site logs nothing, whatever it has a visitor's browser send."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.app_access import API_TOKEN, bearer, make_app, nobody
from webapp.app import EverycaseDash

ROW = {f"G{i}": i % 2 for i in range(1, 11)}
IMAGES = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
IMAGE = {"Accept": IMAGES, "Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"}
PLAIN = "http://localhost"  # where test clients ask; without HTTPS there is no Sec-Fetch-Site
EVIL = "https://evil.example"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[EverycaseDash]:
    app = make_app(tmp_path)
    yield app
    app.services.close()


@pytest.mark.parametrize(
    "headers",
    [
        IMAGE | {"Sec-Fetch-Site": "cross-site", "Referer": EVIL},
        IMAGE | {"Sec-Fetch-Site": "cross-site"},
        IMAGE | {"Sec-Fetch-Site": "same-site"},
        {"Accept": "*/*", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "script"},
        {"Accept": "*/*", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "empty"},
        {"Accept": IMAGES, "Referer": f"{EVIL}/page"},  # over plain HTTP, or by an old browser
        {"Accept": IMAGES},  # and with a policy that hides the referrer
        {"Accept": "text/css,*/*;q=0.1"},
        {"Accept": "*/*", "Referer": EVIL},
        {"Accept": "*/*", "Origin": "null"},
        {"Accept": "*/*", "Origin": "http://localhost:8051"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_of_another_site_logs_nothing(
    app: EverycaseDash, headers: dict[str, str], method: str
) -> None:
    client = nobody(app)
    response = client.open("/", method=method, query_string=ROW, headers=headers)
    assert response.status_code == 403
    assert response.get_json()["success"] is False
    for path, body in (("/api/v1/predict", ROW), ("/api/v1/predict/batch", [ROW])):
        assert client.post(path, json=body, headers=headers).status_code == 403
    form = {"version": "logit_games_v1", "features": ROW, "request_id": "1"}
    assert client.post("/page/record", json=form, headers=headers).status_code == 403
    assert app.services.log.totals() == {}


def test_a_form_of_another_site_logs_nothing(app: EverycaseDash) -> None:
    headers = {
        "Accept": "text/html",
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
        "Origin": EVIL,
    }
    assert nobody(app).post("/", data=ROW, headers=headers).status_code == 403
    assert app.services.log.totals() == {}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Accept": "*/*"},
        {"Accept": "application/json"},
        {"Accept": "*/*", "Sec-Fetch-Site": "same-origin"},
        {"Accept": "*/*", "Sec-Fetch-Site": "none"},
        {"Accept": "*/*", "Origin": PLAIN, "Referer": f"{PLAIN}/compare"},
        {"Accept": "*/*", "Referer": f"{PLAIN}/"},
    ],
)
def test_programs_and_our_own_pages_are_answered(
    app: EverycaseDash, headers: dict[str, str]
) -> None:
    client = nobody(app)
    assert client.get("/", query_string=ROW, headers=headers).get_json()["success"]
    assert client.post("/api/v1/predict", json=ROW, headers=headers).status_code == 200
    assert app.services.log.totals() == {"api": 2}


def test_a_link_from_another_site_opens_the_page(app: EverycaseDash) -> None:
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "cross-site", "Referer": EVIL}
    response = nobody(app).get("/", query_string=ROW, headers=headers)
    assert (response.status_code, response.mimetype) == (200, "text/html")
    assert app.services.log.totals() == {}


def test_a_program_with_a_token_is_no_page(tmp_path: Path) -> None:
    client = bearer(API_TOKEN)(make_app(tmp_path, api_token=API_TOKEN))
    assert client.get("/", query_string=ROW, headers={"Origin": EVIL}).get_json()["success"]
