"""The bundle for AWS under Amazon's own runtime client and a Runtime API of ours."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import function_runtimes as edge
from tests.support import root_contract as contract
from tests.support.root_contract import QUERY, ROW, Answer, Ask
from webapp.bundle.ids import is_id

STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/players"


@dataclass(frozen=True)
class Running:
    """A function, the log that it writes to, and the file of its lines."""

    api: edge.RuntimeApi
    log: edge.FakeLog
    output: Path

    def lines(self, kind: str) -> list[dict[str, Any]]:
        return edge.lines(self.output, kind)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return edge.exported(tmp_path_factory.mktemp("lambda"), "lambda")


@pytest.fixture(scope="module")
def running(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    output = tmp_path_factory.mktemp("output") / "lines"
    with edge.fake_log() as log, edge.under_lambda(bundle, output, **log.environ) as api:
        yield Running(api, log, output)


@pytest.fixture(autouse=True)
def log(running: Running) -> edge.FakeLog:
    """The log as it is when nothing is wrong, and empty."""
    log = running.log
    log.status, log.refuses, log.chokes, log.code = 200, set(), set(), "bad_input"
    log.events.clear()
    log.bodies.clear()
    return log


@pytest.fixture(scope="module")
def contract_answers() -> list[tuple[Ask, Answer]]:
    """The app's own answers."""
    requests = contract.asks()
    return list(zip(requests, contract.of_app(requests), strict=True))


def test_the_contract_is_worth_something(contract_answers: list[tuple[Ask, Answer]]) -> None:
    statuses = [status for _, (status, _) in contract_answers]
    assert len(statuses) > 300
    assert set(statuses) == {200, 400, 404, 409, 413}
    assert statuses.count(200) > 50
    assert statuses.count(400) > 100


@pytest.mark.parametrize(
    ("shape", "decodes", "loses"),
    [
        (contract.version_2, False, False),
        (contract.version_1, True, False),
        (contract.balancer, False, True),
        (contract.balancer_many, False, False),
    ],
    ids=["HTTP API and function URL", "REST API", "balancer", "balancer, multi-value"],
)
def test_every_answer_is_the_apps(
    running: Running,
    contract_answers: list[tuple[Ask, Answer]],
    shape: Callable[[Ask], dict[str, Any]],
    decodes: bool,
    loses: bool,
) -> None:
    pairs = [(ask, answer) for ask, answer in contract_answers if not loses or ask.is_simple]
    assert len(pairs) > 290
    for ask, answer in pairs:
        response = running.api.invoke(shape(ask))
        assert contract.comparable(response["statusCode"], response["body"]) == answer, ask
        headers = response.get("headers") or {
            k: v for k, [v] in response["multiValueHeaders"].items()
        }
        assert headers["Content-Type"] == "application/json"
    n_responses = sum(bool(response and response.get("response")) for _, (_, response) in pairs)
    assert len(running.log.bodies) == n_responses + 1  # and the conflict; HEAD is no prediction
    assert running.lines("not logged") == []


def test_a_balancer_gets_what_it_needs(running: Running) -> None:
    single = running.api.invoke(contract.balancer(Ask(QUERY + "&version=nope")))
    assert single["statusDescription"] == "404 Not Found"
    many = running.api.invoke(contract.balancer_many(Ask(QUERY)))
    assert "headers" not in many
    assert many["multiValueHeaders"]["Content-Type"] == ["application/json"]


def test_other_methods(running: Running) -> None:
    refusal = running.api.invoke(contract.version_2(Ask(QUERY, method="DELETE")))
    assert refusal["statusCode"] == 405
    assert refusal["headers"]["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert json.loads(refusal["body"])["success"] is False


def test_a_prediction_is_in_the_log_before_it_is_given(running: Running) -> None:
    message = json.loads(running.api.invoke(contract.version_2(Ask(QUERY)))["body"])
    [body] = running.log.bodies
    [event] = body["events"]
    assert body["source"] == "edge"
    assert is_id(event["request_id"])
    assert (event["version"], event["case"]) == (edge.NAME, 768)
    assert repr(event["score"]) == message["response"]
    assert message["id"] == running.log.events[event["request_id"]]["id"]
    assert "logged" not in message


def test_an_unavailable_log_is_reported_and_the_event_is_kept(running: Running) -> None:
    before = len(running.lines("not logged"))
    running.log.status = 503
    message = json.loads(running.api.invoke(contract.version_2(Ask(QUERY)))["body"])
    assert message["success"] is True
    assert message["logged"] is False
    [line] = running.lines("not logged")[before:]
    assert line["reason"] == "the log answered 503: not now"
    assert line["event"]["request_id"] == message["id"]
    running.log.status = 200  # what the line holds is what the log takes
    answer = running.log.answer(
        "/api/v1/events", f"Bearer {edge.TOKEN}", {"source": "edge", "events": [line["event"]]}
    )
    assert answer[1]["events"][0]["status"] == "recorded"


def record(number: int, data: bytes | str) -> dict[str, Any]:
    """A record as Kinesis hands it over."""
    body = data if isinstance(data, str) else b64encode(data).decode()
    return {
        "eventSource": "aws:kinesis",
        "eventID": f"shardId-000000000002:{number}",
        "eventSourceARN": STREAM,
        "kinesis": {
            "sequenceNumber": str(number),
            "data": body,
            "approximateArrivalTimestamp": 1_700_000_000.123,
        },
    }


def row(**beside: Any) -> bytes:
    return json.dumps({"features": ROW} | beside).encode()


def test_a_batch_of_kinesis_is_one_request_to_the_log(running: Running) -> None:
    records = [record(i, row(label=i % 2)) for i in range(500)]
    assert running.api.invoke({"Records": records}) == {"batchItemFailures": []}
    [body] = running.log.bodies
    assert body["source"] == "stream"
    assert len(body["events"]) == 500
    assert body["events"][1] == {
        "request_id": "kinesis:players:shardId-000000000002:1",
        "at": 1_700_000_000_123,
        "version": edge.NAME,
        "case": 768,
        "score": contract.shipped_scores()[768],
        "label": 1,
    }
    running.api.invoke({"Records": records})  # Kinesis may send all of it again
    assert len(running.log.events) == 500


def test_messages_in_both_forms_and_with_an_id_of_their_own(running: Running) -> None:
    flat = json.dumps(ROW | {"version": edge.NAME, "request_id": "order-1"}).encode()
    own = row(request_id="order-2", at="2026-05-01T12:00:00Z")
    answer = running.api.invoke({"Records": [record(1, flat), record(2, own)]})
    assert answer == {"batchItemFailures": []}
    assert list(running.log.events) == ["order-1", "order-2"]
    assert running.log.events["order-2"]["at"] == "2026-05-01T12:00:00Z"


def test_bad_records_are_reported_and_do_not_hold_up_the_shard(running: Running) -> None:
    before = len(running.lines("refused"))
    running.log.refuses = {512}
    bad = [b"{", b"[]", b"\xff", row(version="nope"), row(colour="red"), b'{"features": 1}']
    records = [record(i, data) for i, data in enumerate(bad)]
    records.append(record(10, "not base64!"))
    records.append(record(11, json.dumps(ROW | {"G9": 0}).encode()))  # the log refuses it
    records.append(record(12, row()))
    assert running.api.invoke({"Records": records}) == {"batchItemFailures": []}
    assert list(running.log.events) == ["kinesis:players:shardId-000000000002:12"]
    reasons = {line["request_id"]: line["reason"] for line in running.lines("refused")[before:]}
    assert list(reasons.values()) == [
        "message is not valid JSON: Expecting property name enclosed in dou…",
        "message must be a JSON object that has 0 or 1 for each input",
        "message is not valid JSON: not readable",
        f"version is nope: this is {edge.NAME}",
        "colour is unknown or repeated: send features and at most version, request_id, at, label, "
        "labelled_at",
        "features must be a JSON object that has 0 or 1 for each input",
        "message is not base64",
        "refused: this case is refused",
    ]


def test_kinesis_goes_on_from_the_first_record_that_could_not_be_sent(running: Running) -> None:
    running.log.status = 503
    records = [record(1, b"{"), record(2, row()), record(3, row())]
    result = running.api.invoke({"Records": records})
    assert result == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert running.lines("away")[-1]["reason"] == "the log answered 503: not now"
    only_bad = running.api.invoke({"Records": records[:1]})
    assert only_bad == {"batchItemFailures": []}


def test_a_record_that_the_log_chokes_on_is_found_and_left_out(running: Running) -> None:
    before = len(running.lines("refused"))
    running.log.chokes = {512}
    records = [record(i, row()) for i in range(20)]
    records[13] = record(13, json.dumps(ROW | {"G10": 1, "G9": 0}).encode())
    assert running.api.invoke({"Records": records}) == {"batchItemFailures": []}
    assert len(running.log.events) == 19
    [line] = running.lines("refused")[before:]
    assert line["request_id"] == "kinesis:players:shardId-000000000002:13"
    assert line["reason"] == "refused: the log answered 400: this can't be read"
    assert line["message"]["case"] == 512


@pytest.mark.parametrize("code", ["unknown_version", "version_not_ready", "other_score"])
def test_a_version_that_the_log_does_not_take_is_waited_for(running: Running, code: str) -> None:
    before = len(running.lines("refused"))
    running.log.refuses, running.log.code = {768}, code
    other = json.dumps(ROW | {"G9": 0}).encode()
    records = [
        record(1, other),
        record(2, b"{"),
        record(3, row()),
        record(4, b"["),
        record(5, other),
    ]
    result = running.api.invoke({"Records": records})
    assert result == {"batchItemFailures": [{"itemIdentifier": "3"}]}
    assert running.lines("away")[-1]["reason"] == "the log refused it: this case is refused"
    ids = [line["request_id"] for line in running.lines("refused")[before:]]
    assert ids == ["kinesis:players:shardId-000000000002:2"]  # the fourth comes again
    running.log.refuses = set()
    assert running.api.invoke({"Records": records[2:]}) == {"batchItemFailures": []}
    assert len(running.log.events) == 3
    assert len(running.lines("refused")) == before + 2


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        None,
        "ping",
        {"Records": None},
        {"Records": [{"eventSource": "aws:sqs"}]},
        {"version": "2.0"},
        {"httpMethod": "GET", "multiValueHeaders": {"x": []}},
    ],
)
def test_other_events_are_an_error_that_says_so(running: Running, event: Any) -> None:
    with pytest.raises(AssertionError, match="know"):
        running.api.invoke(event)


def started(bundle: Path, output: Path, **environ: str) -> Any:
    """The report of a function that can't start to the Runtime API: its kind and content."""
    with edge.under_lambda(bundle, output, **environ) as api:
        return api.answers.get(timeout=edge.PATIENCE)


def test_a_function_that_can_not_work_does_not_start(bundle: Path, tmp_path: Path) -> None:
    kind, problem = started(bundle, tmp_path / "lines", EVERYCASE_URL="https://host")
    assert kind == "error"
    assert problem["errorMessage"].startswith("EVERYCASE_TOKEN is not set")


def test_without_a_log_predictions_are_lines(bundle: Path, tmp_path: Path) -> None:
    output = tmp_path / "lines"
    with edge.under_lambda(bundle, output, API_TOKEN="sesame") as api:
        refusal = api.invoke(contract.version_2(Ask(QUERY)))
        event = contract.version_2(Ask(QUERY))
        event["headers"]["authorization"] = "Bearer sesame"
        response = api.invoke(event)
    assert refusal["statusCode"] == 401
    assert refusal["headers"]["WWW-Authenticate"] == "Bearer"
    assert json.loads(response["body"])["logged"] is False
    [line] = edge.lines(output, "not logged")
    assert line["reason"] == "EVERYCASE_URL is not set"
    assert line["event"]["case"] == 768
