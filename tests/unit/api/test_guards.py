"""What stands before every view: limits, and one shape of errors."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from tests.support.app_access import ADMIN_TOKEN, API_TOKEN, make_app, nobody, session
from webapp.api import guards
from webapp.api.errors import ApiError
from webapp.api.limiter import Limiter
from webapp.server.middleware import YEAR

BATCH = "/api/v1/predict/batch"
CALLBACK = "/_dash-update-component"
ROW = {f"G{i}": 0 for i in range(1, 11)}
UNKNOWN_CALLBACK = {"output": "nothing.data", "outputs": [], "inputs": [], "changedPropIds": []}


def small_server(limiter: Limiter | None = None) -> FlaskClient:
    """A server with an API of three views."""
    server = Flask("test")
    server.config["MAX_CONTENT_LENGTH"] = 16 << 20

    @server.get("/<path:path>")
    def page(path: str) -> str:
        return f"<html>{path}"

    def size() -> dict[str, int]:
        return {"size": len(request.get_data())}

    server.add_url_rule("/api/v1/predict", "predict", size, methods=["POST"])
    server.add_url_rule(BATCH, "batch", size, methods=["POST"])

    @server.put("/api/v1/broken/<int:number>")
    def broken(number: int) -> dict[str, int]:
        if number == 1:
            raise ApiError(409, "conflict", "that is taken: take another", field="request_id")
        return request.get_json() | {"share": 1 // number}

    guards.install(server, limiter)
    return server.test_client()


def error(response: Any) -> tuple[int, str]:
    values = response.get_json()
    assert set(values) == {"error"}
    assert {"code", "message"} <= set(values["error"]) <= {"code", "message", "field"}
    assert values["error"]["message"]
    return response.status_code, values["error"]["code"]


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", "/api/", (404, "not_found")),
        ("GET", "/api/nope", (404, "not_found")),
        ("GET", "/page/", (404, "not_found")),
        ("POST", "/api/v1/nope/more", (404, "not_found")),
        ("DELETE", "/api/v1/predict/", (404, "not_found")),
        ("GET", "/api/v1/predict", (405, "method_not_allowed")),
        ("DELETE", BATCH, (405, "method_not_allowed")),
        ("TRACE", "/api/v1/predict", (405, "method_not_allowed")),
        ("PUT", "/api/v1/broken/1", (409, "conflict")),
        ("PUT", "/api/v1/broken/2", (415, "unsupported_media_type")),
        ("PUT", "/api/v1/broken/x", (404, "not_found")),
    ],
)
def test_one_shape_of_errors(method: str, path: str, answer: tuple[int, str]) -> None:
    assert error(small_server().open(path, method=method)) == answer


def test_the_other_methods_are_named() -> None:
    assert small_server().get("/api/v1/predict").headers["Allow"] == "POST"


def test_what_breaks_and_what_can_not_be_read() -> None:
    client = small_server()
    broken = client.put("/api/v1/broken/0", json={})
    assert error(broken) == (500, "internal")
    bad = client.put("/api/v1/broken/2", data="{", content_type="application/json")
    assert error(bad) == (400, "bad_request")


def test_elsewhere_errors_are_as_they_were() -> None:
    client = small_server()
    assert client.post("/somewhere").mimetype == "text/html"
    assert client.get("/apiary").text == "<html>apiary"


@pytest.mark.parametrize(("path", "limit"), [("/api/v1/predict", 1 << 20), (BATCH, 8 << 20)])
@pytest.mark.parametrize("says_length", [True, False])
def test_body_limits(path: str, limit: int, says_length: bool) -> None:
    client = small_server()
    for size, status in ((limit, 200), (limit + 1, 413)):
        if says_length:
            response = client.post(path, data=b"x" * size)
        else:
            environ = {"wsgi.input": BytesIO(b"x" * size), "wsgi.input_terminated": True}
            environ["HTTP_TRANSFER_ENCODING"] = "chunked"
            response = client.post(path, environ_overrides=environ)
        assert response.status_code == status
        if status == 413:
            assert error(response) == (413, "too_large")


def test_rate_limit_of_the_api() -> None:
    client = small_server(Limiter("2/minute"))
    assert [client.post("/api/v1/predict").status_code for _ in range(2)] == [200, 200]
    response = client.get("/api/nope")
    assert error(response) == (429, "too_many_requests")
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert client.get("/elsewhere").status_code == 200


def test_rate_limit_of_the_app(tmp_path: Path) -> None:
    client = nobody(make_app(tmp_path, rate_limit="2/minute"))
    for _ in range(2):
        assert client.get("/", query_string=ROW).status_code == 200
    refusal = client.get("/", query_string=ROW)
    assert (refusal.status_code, refusal.mimetype) == (429, "application/json")
    assert set(refusal.get_json()) == {"success", "error"}
    assert refusal.get_json()["success"] is False
    assert 0 < int(refusal.headers["Retry-After"]) <= 60
    callback = client.post(CALLBACK, json=UNKNOWN_CALLBACK)
    assert error(callback) == (429, "too_many_requests")
    assert callback.headers["Retry-After"]
    for path in ("/healthz", "/readyz", "/robots.txt", "/assets/css/everycase.css"):
        for _ in range(3):
            with client.get(path) as response:
                assert response.status_code == 200
    assert client.get("/", headers={"Accept": "text/html"}).status_code == 200
    other = client.get("/", query_string=ROW, environ_base={"REMOTE_ADDR": "192.0.2.9"})
    assert other.status_code == 200


def test_behind_a_proxy_its_clients_count_apart(tmp_path: Path) -> None:
    def statuses(var: Path, proxies: int) -> list[int]:
        client = nobody(make_app(var, rate_limit="1/minute", trusted_proxies=proxies))
        addresses = ("192.0.2.1", "192.0.2.2", "192.0.2.2")
        return [
            client.get("/", query_string=ROW, headers={"X-Forwarded-For": a}).status_code
            for a in addresses
        ]

    assert statuses(tmp_path / "proxy", 1) == [200, 200, 429]
    assert statuses(tmp_path / "none", 0) == [200, 429, 429]  # else anyone could say who they are


def test_the_root_costs_nothing_where_there_is_nothing_to_check(tmp_path: Path) -> None:
    assert guards.for_root(make_app(tmp_path).access, None) is None


def test_the_root_asks_for_the_api_token_in_its_own_shape(tmp_path: Path) -> None:
    client = nobody(make_app(tmp_path, api_token=API_TOKEN))
    for response in (client.get("/", query_string=ROW), client.post("/", json=ROW)):
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert response.headers["Vary"] == "Accept, User-Agent, Accept-Encoding"
        assert response.get_json() == {
            "success": False,
            "error": "this needs API_TOKEN: send it as Authorization: Bearer TOKEN",
        }
    page = client.get("/", query_string=ROW, headers={"Accept": "text/html"})
    assert page.status_code == 200
    with_token = {"Authorization": f"Bearer {API_TOKEN}"}
    assert client.get("/", query_string=ROW, headers=with_token).get_json()["success"] is True


def test_callbacks_of_a_signed_in_browser_come_from_our_own_pages(tmp_path: Path) -> None:
    app = make_app(tmp_path, admin_token=ADMIN_TOKEN)
    evil = {"Sec-Fetch-Site": "cross-site"}
    refusal = session(app).post(CALLBACK, json=UNKNOWN_CALLBACK, headers=evil)
    assert error(refusal) == (403, "cross_site")


def test_security_headers_are_on_every_answer(tmp_path: Path) -> None:
    client = nobody(make_app(tmp_path, admin_token=ADMIN_TOKEN))
    html = {"Accept": "text/html"}
    for path, headers in (
        ("/", html), ("/", {}), ("/nowhere", html), ("/sign-in", html), ("/sign-in?once=x", {}),
        ("/healthz", {}), ("/api/nope", {}), ("/assets/css/everycase.css", {}),
        ("/_dash-layout", {}), ("/robots.txt", {}),
    ):  # fmt: skip
        for method in ("GET", "DELETE"):
            with client.open(path, method=method, headers=headers) as response:
                response_headers = response.headers
            assert response_headers.getlist("X-Content-Type-Options") == ["nosniff"]
            if response_headers["Content-Type"].startswith("text/html"):
                assert response_headers.getlist("Referrer-Policy") == ["same-origin"]
                assert response_headers.getlist("X-Frame-Options") == ["DENY"]
                assert response_headers.getlist("Cross-Origin-Opener-Policy") == ["same-origin"]
                assert "camera=()" in response_headers["Permissions-Policy"]
            (policy,) = response_headers.getlist("Content-Security-Policy")
            directives = dict(part.split(" ", 1) for part in policy.split("; "))
            assert directives["frame-ancestors"] == "'none'"
            scripts = directives.get("script-src", directives["default-src"])
            assert "unsafe" not in scripts
            assert "*" not in scripts
            assert "Strict-Transport-Security" not in response_headers


def test_only_https_asks_for_https(tmp_path: Path) -> None:
    client = nobody(make_app(tmp_path, trusted_proxies=1))
    for path in ("/", "/healthz"):
        secure = client.get(path, headers={"X-Forwarded-Proto": "https"})
        assert secure.headers["Strict-Transport-Security"] == f"max-age={YEAR}"
        plain = client.get(path, headers={"X-Forwarded-Proto": "http"})
        assert "Strict-Transport-Security" not in plain.headers
