"""One's own server: gunicorn behind real nginx, with the very site of ``deploy/server``."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.support import nginx as proxies
from tests.support.app_access import ADMIN_TOKEN, API_TOKEN
from tests.support.nginx import Nginx, needs_nginx
from tests.support.serving import free_port, served, wait_until
from webapp.settings import ROOT, Settings

pytestmark = needs_nginx
MIB = 1 << 20
LIMIT = 100
ROW = {f"G{i}": i % 2 for i in range(1, 11)}
QUERY = "/?" + "&".join(f"{name}={value}" for name, value in ROW.items())
OTHER = "127.0.0.9"  # an address of loopback that no other test asks from
SETTINGS = {
    "TRUSTED_PROXIES": "1",
    "ADMIN_TOKEN": ADMIN_TOKEN,
    "API_TOKEN": API_TOKEN,
    "LOG_FORMAT": "json",
}


@pytest.fixture(scope="module")
def nginx_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Nginx, int, Path]]:
    """Nginx, gunicorn's process, and gunicorn's log."""
    place = tmp_path_factory.mktemp("server")
    settings = SETTINGS | {"RATE_LIMIT": f"{LIMIT}/hour", "WEB_CONCURRENCY": "1"}
    with served(ROOT / "models", place / "var", **settings) as (url, process):
        ports = [int(url.rpartition(":")[2])]
        with proxies.running(place / "nginx", ports) as nginx:
            yield nginx, process.pid, place / "var" / "gunicorn.log"


def ask(
    nginx: Nginx, method: str, path: str, body: Any = None, client: str = "127.0.0.1", **more: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a request of a client with that address."""
    headers = {
        "Authorization": f"Bearer {API_TOKEN}",
        **{k.replace("_", "-"): more[k] for k in more},
    }
    if body is not None and not isinstance(body, bytes):
        body, headers["Content-Type"] = json.dumps(body), "application/json"
    connection = nginx.connect(client)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def entries(log: Path) -> list[dict[str, Any]]:
    """The lines of gunicorn's log that are requests."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("event") == "request"]


def _requests_for(path: str, log: Path) -> int:
    return sum(line["path"] == path for line in entries(log))


def test_http_leads_to_https_and_http2_is_spoken(nginx_site: tuple[Nginx, int, Path]) -> None:
    nginx, _, _ = nginx_site
    connection = nginx.plain()
    connection.request("POST", "/api/v1/predict?x=1", headers={"Host": "play.example"})
    answer = connection.getresponse()
    redirect = answer.status, answer.headers["Location"]
    assert redirect == (308, "https://play.example/api/v1/predict?x=1")
    connection.close()
    context = ssl.create_default_context(cafile=str(nginx.folder / "cert.pem"))
    context.set_alpn_protocols(["h2", "http/1.1"])
    secure = nginx.connect()
    secure._context = context  # type: ignore[attr-defined]
    secure.connect()
    assert secure.sock.selected_alpn_protocol() == "h2"  # type: ignore[attr-defined]
    secure.close()
    for ciphers, is_accepted in (("ECDHE+AESGCM", True), ("ECDHE+AES:!AESGCM:!AESCCM", False)):
        assert handshakes(nginx, ciphers) is is_accepted, ciphers
    _, headers, _ = ask(nginx, "GET", "/healthz")
    assert "max-age" in headers["strict-transport-security"], "the app knows that it is https"


def handshakes(nginx: Nginx, ciphers: str) -> bool:
    """True if nginx agrees on one of these ciphers in TLS 1.2."""
    context = ssl.create_default_context(cafile=str(nginx.folder / "cert.pem"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    client = nginx.connect()
    client._context = context  # type: ignore[attr-defined]
    try:
        client.connect()
    except ssl.SSLError:
        return False
    client.close()
    return True


def test_clients_are_limited_separately_and_cannot_forge_an_address(
    nginx_site: tuple[Nginx, int, Path],
) -> None:
    nginx, _, log = nginx_site
    connection = nginx.connect(OTHER)
    statuses = []
    for i in range(LIMIT + 5):
        claims = {"X-Forwarded-For": f"10.0.0.{i}", "Forwarded": f"for=10.0.1.{i}"}
        claims |= {"X-Real-IP": f"10.0.2.{i}", "Authorization": f"Bearer {API_TOKEN}"}
        connection.request("GET", "/api/v1/champion", headers=claims)
        answer = connection.getresponse()
        statuses.append(answer.status)
        content = answer.read()
    connection.close()
    assert statuses == [200] * LIMIT + [429] * 5
    assert json.loads(content)["error"]["code"] == "too_many_requests"
    request_id = "given-by-the-client"
    status, headers, _ = ask(
        nginx, "GET", "/api/v1/champion", client="127.0.0.8", X_Request_ID=request_id
    )
    assert (status, headers["x-request-id"]) == (200, request_id)
    wait_until(lambda: any(e["request_id"] == request_id for e in entries(log)))
    clients = {e["client"] for e in entries(log) if e["path"] == "/api/v1/champion"}
    assert clients == {OTHER, "127.0.0.8"}
    assert f"127.0.0.8 [{nginx.log.rpartition('127.0.0.8 [')[2]}" in nginx.log
    assert request_id in nginx.log


def test_fingerprinted_files_are_cached_and_nothing_else(
    nginx_site: tuple[Nginx, int, Path],
) -> None:
    nginx, _, log = nginx_site
    _, _, page = ask(nginx, "GET", "/", Accept="text/html", Accept_Encoding="identity")
    sources = [part.partition('"')[0] for part in page.decode().split('src="')[1:]]
    paths = [next(p for p in sources if p.startswith(b)) for b in ("/assets/", "/_dash-component")]
    for path in paths:
        kinds = ["br", "gzip, deflate, br", "br;q=0.1, gzip", "gzip", "identity"]
        states = []
        for kind in kinds:
            status, headers, _ = ask(nginx, "GET", path, Accept_Encoding=kind)
            assert status == 200
            assert "max-age=31536000" in headers["cache-control"]
            states.append((headers["x-cache"], headers.get("content-encoding")))
        assert states == [
            *[("MISS", "br"), ("HIT", "br"), ("HIT", "br")],
            *[("MISS", "gzip"), ("MISS", None)],
        ]
        plain = path.partition("?")[0]
        wait_until(lambda p=plain: _requests_for(p, log) >= 3, what="the log has the last request")
        assert _requests_for(plain, log) == 3, "the app was asked once for each encoding"
    bare = paths[0].partition("?")[0]
    assert {ask(nginx, "GET", bare)[1]["x-cache"] for _ in range(2)} == {"BYPASS"}
    assert "x-cache" not in ask(nginx, "GET", "/api/v1/champion")[1]
    assert ask(nginx, "GET", "/metrics")[0] == 404


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/api/v1/predict", MIB),
        ("/api/v1/predict/batch", 8 * MIB),
        ("/_dash-update-component", 16 * MIB),
        ("/page/compare/file", 64 * MIB),
        ("/", MIB),
    ],
)
def test_bodies_meet_the_same_limit_at_the_edge(
    nginx_site: tuple[Nginx, int, Path], path: str, most: int
) -> None:
    """One byte too many is refused unread; what nginx takes gets the app's own answer."""
    nginx, _, _ = nginx_site
    connection = nginx.connect()
    connection.putrequest("POST", path)
    connection.putheader("Content-Length", str(most + 1))
    connection.endheaders()
    answer = connection.getresponse()
    refusal = answer.status, answer.headers.get_content_type()
    body = json.loads(answer.read())
    connection.close()
    assert refusal == (413, "application/json")
    words = body["error"] if path == "/" else body["error"]["message"]
    assert "the body is too large" in words
    if most <= 8 * MIB:
        status, headers, content = ask(nginx, "POST", path, b" " * most)
        assert status in (400, 415, 200), (status, content)
        assert "x-request-id" in headers, "the app answered"


def test_a_logged_get_has_a_request_id_for_a_second_try(
    nginx_site: tuple[Nginx, int, Path],
) -> None:
    """Nginx asks another process when one breaks under a GET: its event is there once."""
    nginx, _, log = nginx_site
    assert json.loads(ask(nginx, "GET", QUERY)[2])["success"] is True
    assert json.loads(ask(nginx, "GET", "/")[2]) == {"success": False}
    ours = f"{QUERY}&request_id=mine"
    first, second = (json.loads(ask(nginx, "GET", ours)[2]) for _ in range(2))
    assert first["id"] == second["id"], "a name of the client's stays"
    page = ask(nginx, "GET", QUERY, Accept="text/html")[2].decode()
    assert "request_id" not in page
    names = select(log.parent, "SELECT request_id FROM events ORDER BY id")
    assert names[-1] == "mine"
    assert names[-2].startswith("nginx-")


class Dying(Thread):
    """A process that breaks under each request, after it has read it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.seen: list[str] = []

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self.seen.append(connection.recv(1 << 16).decode().splitlines()[0])


@pytest.fixture
def dying() -> Iterator[Dying]:
    server = Dying()
    server.start()
    yield server
    server.socket.shutdown(socket.SHUT_RDWR)  # which ends the wait for the next one
    server.socket.close()


def test_only_what_can_not_happen_twice_is_asked_twice(
    nginx_site: tuple[Nginx, int, Path], dying: Dying, tmp_path: Path
) -> None:
    nginx, _, log = nginx_site
    before = select(log.parent, "SELECT count(*) FROM events")[0]
    site = (nginx.folder / "site.conf").read_text()
    gunicorn = int(re.findall(r"server 127\.0\.0\.1:(\d+)", site)[0])
    with proxies.running(tmp_path / "get", [dying.port, gunicorn]) as get:
        status, _, body = ask(get, "GET", QUERY)
    assert (status, len(dying.seen)) == (200, 1), "the first broke, the second answered"
    ids = re.findall(r"request_id=(nginx-\w+)", dying.seen[0])
    assert select(log.parent, "SELECT request_id FROM events ORDER BY id")[-1:] == ids
    assert json.loads(body)["success"] is True
    with proxies.running(tmp_path / "post", [dying.port, gunicorn]) as post:
        status, headers, body = ask(post, "POST", "/api/v1/predict", ROW)
    assert (status, len(dying.seen)) == (502, 2), "nobody knows whether it was logged"
    assert "same request_id" in json.loads(body)["error"]["message"]
    assert headers["retry-after"] == "2"
    # where nobody listens nothing was sent, so the next one is asked
    with proxies.running(tmp_path / "refused", [free_port(), gunicorn]) as proxy:
        assert ask(proxy, "POST", "/api/v1/predict", ROW)[0] == 200
    assert select(log.parent, "SELECT count(*) FROM events")[0] == before + 2


def select(var: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(var / "everycase.db")) as link:
        return [row[0] for row in link.execute(statement)]


def test_the_units_and_the_environment_are_as_systemd_and_the_app_want_them(tmp_path: Path) -> None:
    lines = (ROOT / "deploy/server/env.example").read_text().splitlines()
    variables = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    settings = Settings.read(variables)
    assert (settings.trusted_proxies, settings.is_private) == (1, False)
    if not Path("/usr/bin/systemd-analyze").exists():
        pytest.skip("apt-get install systemd: systemd-analyze is not on this machine")
    for unit in (ROOT / "deploy/server").glob("everycase*.s*"):
        text = unit.read_text().replace("/srv/everycase/.venv/bin/", "/bin/true ")
        (tmp_path / unit.name).write_text(text)
        # five failures in ten seconds would end the unit, and refuse what waits in the socket
        is_unlimited = "\nStartLimitIntervalSec=0\n" in text.partition("[Service]")[0]
        assert is_unlimited is (unit.suffix == ".service")
    units = sorted(str(unit) for unit in tmp_path.glob("everycase*"))
    process = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert (process.returncode, process.stderr) == (0, "")


def test_without_a_process_there_is_a_plain_word(tmp_path: Path) -> None:
    with proxies.running(tmp_path, [9]) as alone:
        status, headers, body = ask(alone, "POST", "/api/v1/predict", ROW)
        assert (status, json.loads(body)["error"]["code"]) == (502, "unavailable")
        assert headers["retry-after"] == "2"
        status, headers, body = ask(alone, "GET", "/drift", Accept="text/html,*/*")
        assert (status, headers["content-type"]) == (502, "text/html")
        assert b"Try again" in body
