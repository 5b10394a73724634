"""The bundle for Google under the real functions-framework: HTTP, and Pub/Sub as CloudEvents."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import function_runtimes as edge
from tests.support import root_contract as contract
from tests.support.root_contract import QUERY, ROW, Ask

SUBSCRIPTION = "projects/games/subscriptions/everycase"


@dataclass(frozen=True)
class Running:
    """A function, the log that it writes to, and the file of its lines."""

    port: int
    log: edge.FakeLog
    output: Path


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return edge.exported(tmp_path_factory.mktemp("gcf"), "gcf")


@pytest.fixture(scope="module")
def running(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The function for Pub/Sub."""
    output = tmp_path_factory.mktemp("output") / "lines"
    with (
        edge.fake_log() as log,
        edge.under_framework(bundle, output, "record", "cloudevent", **log.environ) as port,
    ):
        yield Running(port, log, output)


def test_every_answer_over_http_is_the_apps(bundle: Path, tmp_path: Path) -> None:
    requests = contract.asks()
    contract_answers = contract.of_app(requests)
    output = tmp_path / "lines"
    with (
        edge.fake_log() as log,
        edge.under_framework(bundle, output, **log.environ) as port,
    ):
        for ask, answer in zip(requests, contract_answers, strict=True):
            status, headers, body = edge.ask(port, ask.method, ask.query, ask.headers, ask.body)
            assert contract.comparable(status, body) == answer, ask
            assert headers["content-type"] == "application/json"
        other = edge.ask(port, "DELETE", QUERY, {}, b"")
    assert other[0] == 405
    n_responses = sum(
        bool(response and response.get("response")) for _, response in contract_answers
    )
    assert len(log.bodies) == n_responses + 1  # and the conflict; HEAD is no prediction
    assert edge.lines(output, "not logged") == []


def envelope(data: bytes | str, number: str = "17") -> dict[str, Any]:
    """The envelope of a Pub/Sub message."""
    text = data if isinstance(data, str) else b64encode(data).decode()
    message = {"data": text, "messageId": number, "publishTime": "2026-05-01T12:00:00.123Z"}
    return {"message": message, "subscription": SUBSCRIPTION}


ABOUT = {
    "specversion": "1.0",
    "id": "17",
    "source": "//pubsub.googleapis.com/projects/games/topics/players",
    "type": "google.cloud.pubsub.topic.v1.messagePublished",
}


def binary(port: int, data: Any) -> int:
    """Deliver it with its attributes in headers; the status that Pub/Sub sees."""
    headers = {f"ce-{name}": value for name, value in ABOUT.items()}
    headers["Content-Type"] = "application/json"
    return edge.ask(port, "POST", "", headers, json.dumps(data).encode())[0]


def structured(port: int, data: Any) -> int:
    """Deliver it with its attributes in the body."""
    headers = {"Content-Type": "application/cloudevents+json"}
    body = json.dumps(ABOUT | {"datacontenttype": "application/json", "data": data}).encode()
    return edge.ask(port, "POST", "", headers, body)[0]


@pytest.mark.parametrize("deliver", [binary, structured])
def test_a_message_reaches_the_log_once(running: Running, deliver: Any) -> None:
    running.log.events.clear()
    for _ in range(2):  # Pub/Sub may deliver it again
        message = envelope(json.dumps({"features": ROW, "label": 1}).encode())
        assert deliver(running.port, message) == 200
    [event] = running.log.events.values()
    del event["id"]
    assert event == {
        "request_id": "pubsub:everycase:17",
        "at": "2026-05-01T12:00:00.123Z",
        "version": edge.NAME,
        "case": 768,
        "score": contract.shipped_scores()[768],
        "label": 1,
    }
    assert running.log.bodies[-1]["source"] == "stream"


@pytest.mark.parametrize("deliver", [binary, structured])
def test_while_the_log_is_unavailable_pubsub_sends_again(running: Running, deliver: Any) -> None:
    running.log.events.clear()
    message = envelope(json.dumps(ROW).encode())
    running.log.status = 503
    assert deliver(running.port, message) == 500
    running.log.status = 200
    assert deliver(running.port, message) == 200
    assert list(running.log.events) == ["pubsub:everycase:17"]
    assert edge.lines(running.output, "away")[-1]["reason"] == "the log answered 503: not now"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (envelope(b"{"), "message is not valid JSON: Expecting property name enclosed in dou…"),
        (envelope("not base64!"), "message is not base64"),
        (envelope(json.dumps(ROW | {"G7": 2}).encode()), "G7 is 2: send 0 or 1"),
        ({}, "message is not valid JSON: Expecting value: line 1 column 1 (char …"),
        ({"message": 1}, "message is not valid JSON: Expecting value: line 1 column 1 (char …"),
        ([1], "message is not valid JSON: Expecting value: line 1 column 1 (char …"),
    ],
)
def test_bad_messages_are_acknowledged_and_reported(
    running: Running, data: Any, reason: str
) -> None:
    assert binary(running.port, data) == 200
    assert edge.lines(running.output, "refused")[-1]["reason"] == reason


def test_an_unavailable_log_is_reported(bundle: Path, tmp_path: Path) -> None:
    output = tmp_path / "lines"
    nowhere = {"EVERYCASE_URL": "http://127.0.0.1:9", "EVERYCASE_TOKEN": "x"}
    with edge.under_framework(bundle, output, **nowhere) as port:
        ask = Ask(QUERY)
        message = json.loads(edge.ask(port, "GET", ask.query, {}, b"")[2])
    assert message["logged"] is False
    [line] = edge.lines(output, "not logged")
    assert line["reason"].startswith("the log can't be reached: ")
    assert line["event"]["request_id"] == message["id"]
