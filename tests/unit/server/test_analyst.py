"""Heavy views are run by another process, and a few requests wait for it at most."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort, request

from webapp.api.errors import refusal
from webapp.server import analyst
from webapp.server.analyst import Analyst
from webapp.services import answer_cache
from webapp.services.answer_cache import AnswerCache, BusyError

pytestmark = pytest.mark.filterwarnings("ignore:This process")  # a fork beside threads


def make_server() -> Flask:
    """An app whose views say which process ran them."""
    server = Flask("small")

    @server.route("/pid/<name>", methods=["GET", "POST"])
    def pid(name: str) -> Any:
        return {
            "pid": os.getpid(),
            "name": name,
            "query": request.args,
            "body": request.data.decode(),
        }

    @server.get("/teapot")
    def teapot() -> Any:
        abort(418)

    @server.get("/fault")
    def fault() -> Any:
        raise RuntimeError("a fault of ours")

    @server.get("/slow")
    def slow() -> Any:
        time.sleep(float(request.args["seconds"]))
        return "done"

    @server.get("/page")
    def page() -> Any:
        try:
            AnswerCache.admit()
        except BusyError as error:
            return str(error)
        return "an answer"

    heavy = Analyst(server)
    for endpoint in ("pid", "teapot", "fault"):
        heavy.take(endpoint, refuse=refusal)
    heavy.take("slow", lambda: "here" not in request.args, refuse=refusal)
    heavy.take("page")
    return server


@pytest.fixture(scope="module")
def server() -> Flask:
    return make_server()


@pytest.fixture
def process(
    server: Flask, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[int]:
    """The process that runs the heavy views, once it listens."""
    address = str(tmp_path_factory.mktemp("a") / "s")
    monkeypatch.setenv(analyst.ADDRESS, address)
    heavy = Analyst.of(server)
    assert heavy is not None
    pid = analyst.fork(heavy, address, [])
    end = time.monotonic() + 20
    while not Path(address).exists() and time.monotonic() < end:
        time.sleep(0.01)
    yield pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_it_answers_as_the_view_does(server: Flask, process: int) -> None:
    client = server.test_client()
    answer = client.post("/pid/ann?x=1", data=b"body").get_json()
    assert answer == {"pid": process, "name": "ann", "query": {"x": "1"}, "body": "body"}
    assert client.get("/teapot").status_code == 418
    assert client.get("/fault").status_code == 500
    assert client.get("/page").text == "an answer"
    assert client.get("/slow?seconds=0&here=1").text == "done"


def test_it_has_a_name_and_a_low_priority(process: int) -> None:
    assert os.getpriority(os.PRIO_PROCESS, process) >= analyst.NICE
    command = Path(f"/proc/{process}/cmdline")
    if command.exists():
        assert command.read_text().strip("\0") == analyst.NAME
    os.kill(process, signal.SIGTERM)  # which all of a group get, while workers still need it
    time.sleep(0.05)
    assert os.waitpid(process, os.WNOHANG) == (0, 0)


def test_without_it_views_run_where_they_are(
    server: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for address in ("", str(tmp_path / "nobody")):
        monkeypatch.setenv(analyst.ADDRESS, address)
        assert server.test_client().get("/pid/ann").get_json()["pid"] == os.getpid()


def test_what_finds_no_place_is_told_when_to_come_back(
    server: Flask, process: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyst, "WAIT_SECONDS", 0.1)
    with ThreadPoolExecutor(analyst.PLACES) as pool:
        path = "/slow?seconds=1.5"
        asking = [pool.submit(server.test_client().get, path) for _ in range(analyst.PLACES)]
        time.sleep(0.3)
        busy = server.test_client().get("/pid/ann")
        assert (busy.status_code, busy.headers["Retry-After"]) == (503, "5")
        assert "ask again in 5 seconds" in busy.get_json()["error"]["message"]
        assert "ask again in 5 seconds" in server.test_client().get("/page").text
        assert server.test_client().get("/slow?seconds=0&here=1").text == "done"
        assert [answer.result().status_code for answer in asking] == [200] * analyst.PLACES
    assert server.test_client().get("/pid/ann").status_code == 200


def test_if_it_ends_meanwhile_nothing_heavy_runs_here(server: Flask, process: int) -> None:
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(server.test_client().get, "/slow?seconds=20")
        time.sleep(0.3)
        os.kill(process, signal.SIGKILL)
        assert asking.result().status_code == 503


def test_an_app_of_somebody_else_has_none() -> None:
    assert Analyst.of(print) is None


def test_refusing_ends_with_its_block() -> None:
    with answer_cache.refusing(), pytest.raises(BusyError):
        AnswerCache.admit()
    AnswerCache.admit()
