"""What a bundle does where it runs, in this process."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import function_runtimes as edge
from tests.support import root_contract as contract
from tests.support.function_runtimes import FakeLog, fake_log
from tests.support.root_contract import QUERY, ROW, Ask
from tests.support.serving import wait_until
from tests.support.versions import ready
from webapp.bundle import messages, reading, remote
from webapp.bundle.answers import Answerer, HttpRequest
from webapp.bundle.library import Library
from webapp.bundle.remote import (
    FunctionSettingError,
    Remote,
    RemoteUnavailableError,
    remote_from_environment,
)
from webapp.bundle.rules import InputError
from webapp.bundle.table import Model, load_model
from webapp.cases import Features
from webapp.catalog.export import PACKAGE, make_bundle, write_folder

EVENT = {"request_id": "a", "version": edge.NAME, "case": 1, "score": 0.5}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(str(edge.exported(tmp_path_factory.mktemp("bundle"), "lambda") / PACKAGE))


@pytest.fixture
def log() -> Iterator[FakeLog]:
    with fake_log() as log:
        yield log


@pytest.fixture
def sender(log: FakeLog) -> Iterator[Remote]:
    remote_log = remote_from_environment(log.environ, "test")
    assert remote_log is not None
    yield remote_log
    remote_log.close()


def test_one_connection_serves_many_requests(log: FakeLog, sender: Remote) -> None:
    for _ in range(3):
        assert sender.send("edge", [EVENT])[0]["status"] in ("recorded", "repeated")
    assert log.connections == 1


def test_a_connection_that_was_closed_meanwhile_is_replaced(log: FakeLog, sender: Remote) -> None:
    log.closes = True
    for n in (1, 2, 3):
        sender.send("edge", [EVENT])
        wait_until(lambda n=n: log.server.closed_connections == n)
    assert log.connections == 3
    assert len(log.bodies) == 3


def test_a_connection_that_was_not_used_for_long_is_replaced(
    log: FakeLog, sender: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.send("edge", [EVENT])
    monkeypatch.setattr(remote, "_FRESH", 0.0)
    sender.send("edge", [EVENT])
    assert log.connections == 2


def test_a_slow_log_is_not_waited_for(log: FakeLog, sender: Remote) -> None:
    sender.send("edge", [EVENT])  # so that it is also true of a kept connection
    log.delay = 10.0
    start = time.monotonic()
    with pytest.raises(RemoteUnavailableError, match="can't be reached"):
        sender.send("edge", [EVENT], timeout=0.1)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "raw", [b"<html>", b"[]", b'{"events": []}', b'{"events": 1}', b'{"events": [1]}', b"\xff"]
)
def test_another_server_is_not_taken_for_the_log(log: FakeLog, sender: Remote, raw: bytes) -> None:
    log.raw = raw
    with pytest.raises(RemoteUnavailableError, match="doesn't answer like Everycase"):
        sender.send("edge", [EVENT])


@pytest.mark.parametrize("status", [301, 400, 401, 404, 500, 503])
def test_errors_of_the_log(log: FakeLog, sender: Remote, status: int) -> None:
    log.status = status
    with pytest.raises(RemoteUnavailableError, match=f"the log answered {status}: not now"):
        sender.send("edge", [EVENT])


@pytest.mark.parametrize("status", [400, 404, 413])
def test_only_what_is_too_large_or_not_understood_is_split(
    model: Model, log: FakeLog, sender: Remote, status: int
) -> None:
    """Another server may answer 400 to anything: then nothing is given up."""
    log.status = status
    rows = [messages.StreamMessage(str(i), None, json.dumps(ROW).encode()) for i in range(4)]
    again = messages.Recorder(model, sender).record(rows)
    assert (again, len(log.bodies)) == ((None, 7) if status == 413 else (0, 1))


@pytest.mark.parametrize(
    ("url", "token", "error"),
    [
        ("", "x", "EVERYCASE_URL is not set"),
        ("https://host", "", "EVERYCASE_TOKEN is not set"),
        ("host", "x", "EVERYCASE_URL isn't an address"),
        ("ftp://host", "x", "EVERYCASE_URL isn't an address"),
        ("https://[", "x", "EVERYCASE_URL isn't an address"),
        ("https://host:port", "x", "EVERYCASE_URL isn't an address"),
        ("http://example.org", "x", "EVERYCASE_URL would send the token unencrypted"),
        ("https://host", "a\n", "EVERYCASE_TOKEN isn't a valid token"),
    ],
)
def test_settings_that_can_not_be_used(url: str, token: str, error: str) -> None:
    with pytest.raises(FunctionSettingError, match=error) as caught:
        remote_from_environment({"EVERYCASE_URL": url, "EVERYCASE_TOKEN": token}, "test")
    assert str(caught.value).count("set ") == 1 or "is not set: set both" in str(caught.value)


def test_an_impossible_host_is_unavailable() -> None:
    with pytest.raises(RemoteUnavailableError):
        Remote("https://a..b", "x", "test").send("edge", [EVENT])


def test_what_the_log_refuses_is_answered_and_kept(
    model: Model, log: FakeLog, sender: Remote, capsys: pytest.CaptureFixture[str]
) -> None:
    log.refuses = {768}
    reply = Answerer(model, sender).reply(HttpRequest("GET", QUERY, {}, b""))
    assert json.loads(reply.body)["logged"] is False
    line = json.loads(capsys.readouterr().out)
    assert line["reason"] == "the log refused it: this case is refused"
    assert line["event"]["case"] == 768


@pytest.mark.parametrize("token", ["sesame\n", "ses ame", "sésame"])
def test_a_token_that_no_header_can_carry_stops_the_start(token: str) -> None:
    with pytest.raises(FunctionSettingError, match="API_TOKEN isn't a valid token: set ASCII"):
        remote.read_token({"API_TOKEN": token}, "API_TOKEN")


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"authorization": "Bearer \ud800"},
        {"authorization": "Basic sesame"},
        {"authorization": "x"},
    ],
)
def test_a_token_is_asked_for_when_it_is_set(model: Model, header: dict[str, str]) -> None:
    answerer = Answerer(model, None, "sesame")
    assert answerer.reply(HttpRequest("GET", QUERY, header, b"")).status == 401
    good = {"authorization": "Bearer sesame"}
    assert answerer.reply(HttpRequest("GET", "", good, b"")).status == 200


def test_the_library_says_what_the_app_says(model: Model) -> None:
    """Rows as JSON, which is what the wheel takes, too."""
    library, n_rows = Library(model), 0
    requests = [ask for ask in contract.asks() if ask.kind == contract.JSON and not ask.query]
    for ask, (status, answer) in zip(requests, contract.of_app(requests), strict=True):
        row = _row(ask)
        if not row:
            continue
        n_rows += 1
        if status == 200:
            assert repr(library.predict(**row)) == answer["response"]
            assert library.predict_proba([row]) == [float(answer["response"])]
        else:
            with pytest.raises(InputError) as caught:
                library.predict_proba([ROW, row])
            assert str(caught.value) == f"rows[1].{answer['error']}"
    assert n_rows > 60


def _row(ask: Ask) -> dict[str, Any] | None:
    try:
        row = json.loads(ask.body)
    except (ValueError, RecursionError):
        return None
    plain = isinstance(row, dict) and not row.keys() & {"version", "request_id"}
    is_nested = plain and any(isinstance(value, dict | list) for value in row.values())
    return row if plain and not is_nested and ask.body.count(b'"G2"') == 1 else None


def test_places_in_streams_are_request_ids() -> None:
    request_ids = messages.make_request_id("kinesis", "players", "shardId-000000000000", "4" * 56)
    assert request_ids == f"kinesis:players:shardId-000000000000:{'4' * 56}"
    long = messages.make_request_id("kinesis", "p" * 128, "shardId-000000000000", "4" * 56)
    other = messages.make_request_id("kinesis", "q" * 128, "shardId-000000000000", "4" * 56)
    assert len(long) <= reading.MAX_REQUEST_ID
    assert long != other


@pytest.mark.parametrize(
    ("beside", "error"),
    [
        ({"label": 2}, "label is 2: send 0 or 1"),
        ({"label": [1]}, "label is [1]: send 0 or 1"),
        ({"at": [1]}, "at is [1]: send RFC 3339 or milliseconds since 1970"),
        ({"at": True}, "at is True: send RFC 3339 or milliseconds since 1970"),
        ({"at": 1e9}, "at is 1000000000.0: send RFC 3339 or milliseconds since 1970"),
        ({"at": "\ud800"}, "at is �: send RFC 3339 or milliseconds since 1970"),
        ({"at": "1" * 41}, f"at is {'1' * 39}…: send RFC 3339 or milliseconds since 1970"),
        ({"labelled_at": 10**20}, "labelled_at is 100000000000000000000: send RFC 3339 or"),
        ({"version": "nope"}, f"version is nope: this is {edge.NAME}"),
        ({"request_id": ""}, "request_id is not an id: send 1 to 200 printable ASCII characters"),
    ],
)
def test_what_stands_beside_a_row_is_checked(
    model: Model,
    log: FakeLog,
    sender: Remote,
    capsys: pytest.CaptureFixture[str],
    beside: dict[str, Any],
    error: str,
) -> None:
    message = messages.StreamMessage("a", None, json.dumps({"features": ROW} | beside).encode())
    assert messages.Recorder(model, sender).record([message]) is None
    assert json.loads(capsys.readouterr().out)["reason"].startswith(error)
    assert log.bodies == []


def test_a_flat_message_may_say_more_than_its_row(
    model: Model, log: FakeLog, sender: Remote, capsys: pytest.CaptureFixture[str]
) -> None:
    flat = ROW | {"at": 5, "label": "true", "version": edge.NAME}
    recorder = messages.Recorder(model, sender)
    assert recorder.record([messages.StreamMessage("a", 1, json.dumps(flat).encode())]) is None
    [event] = log.bodies[0]["events"]
    assert (event["at"], event["label"], event["case"]) == (5, 1, 768)
    for extra in ({"colour": 1}, {"G1": 2}):
        message = messages.StreamMessage("b", 1, json.dumps(flat | extra).encode())
        assert recorder.record([message]) is None
        assert f"{next(iter(extra))} is " in json.loads(capsys.readouterr().out)["reason"]


def test_a_feature_may_have_the_name_of_something_beside_a_row(
    log: FakeLog, sender: Remote, tmp_path: Path
) -> None:
    features = Features(("at", "label"))
    prepared = ready("odd_v1", features).prepared
    assert prepared is not None
    write_folder(tmp_path, make_bundle("odd_v1", prepared, "lambda"))
    recorder = messages.Recorder(load_model(str(tmp_path / PACKAGE)), sender)
    assert recorder.record([messages.StreamMessage("a", 9, b'{"at": 0, "label": 1}')]) is None
    [event] = log.bodies[0]["events"]
    assert (event["at"], event["case"], "label" in event) == (9, 2, False)


def test_what_is_null_beside_a_row_is_left_out(model: Model, log: FakeLog, sender: Remote) -> None:
    beside = dict.fromkeys(("version", "request_id", "at", "label", "labelled_at"))
    message = messages.StreamMessage("a", 1, json.dumps({"features": ROW} | beside).encode())
    assert messages.Recorder(model, sender).record([message]) is None
    assert log.bodies[0]["events"][0].keys() == {"request_id", "at", "version", "case", "score"}


def test_a_stream_without_a_log_waits(model: Model, capsys: pytest.CaptureFixture[str]) -> None:
    message = messages.StreamMessage("a", None, json.dumps(ROW).encode())
    assert messages.Recorder(model, None).record([message]) == 0
    assert "set EVERYCASE_URL and EVERYCASE_TOKEN" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("method", "mode", "dest", "status"),
    [
        ("GET", "no-cors", "image", 403),
        ("GET", "no-cors", "script", 403),
        ("POST", "navigate", "document", 403),  # a form
        ("GET", "navigate", "iframe", 403),
        ("GET", "navigate", "document", 200),  # a link
        ("GET", "cors", "empty", 200),  # which the platform allows or not
    ],
)
def test_a_page_of_another_site_logs_nothing(
    model: Model, log: FakeLog, sender: Remote, method: str, mode: str, dest: str, status: int
) -> None:
    headers = {"sec-fetch-mode": mode, "sec-fetch-dest": dest}
    for site in ("cross-site", "same-site"):
        request = HttpRequest(method, QUERY, headers | {"sec-fetch-site": site}, b"")
        assert Answerer(model, sender).reply(request).status == status
    assert bool(log.events) is (status == 200)
    own = HttpRequest("GET", QUERY, headers | {"sec-fetch-site": "same-origin"}, b"")
    assert Answerer(model, sender).reply(own).status == 200
