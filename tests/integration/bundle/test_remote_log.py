"""What a function answers is in the log of a real server."""

from __future__ import annotations

import json
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.bundle.test_aws_lambda import record
from tests.support import function_runtimes as edge
from tests.support import root_contract as contract
from tests.support.events import select
from tests.support.root_contract import QUERY, ROW, Ask
from tests.support.serving import served
from webapp.db.database import Database
from webapp.settings import ROOT


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """An Everycase server whose API_TOKEN is known: its address and folder."""
    var = tmp_path_factory.mktemp("var")
    with served(ROOT / "models", var, API_TOKEN=edge.TOKEN, WEB_CONCURRENCY="1") as (url, _):
        yield url, var


@pytest.fixture(scope="module")
def environ(server: tuple[str, Path]) -> dict[str, str]:
    return {"EVERYCASE_URL": server[0], "EVERYCASE_TOKEN": edge.TOKEN}


def logged(var: Path) -> list[tuple[Any, ...]]:
    """Every event but its times: id, source, version, case, label, request_id."""
    database = Database(f"sqlite:///{var / 'everycase.db'}")
    columns = 'id, source, version, "case", label, request_id'
    rows = select(database, f"SELECT {columns} FROM events ORDER BY at, request_id")
    database.close()
    return rows


def send(url: str, path: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {edge.TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.load(response)


def test_lambda_writes_predictions_and_streams(
    server: tuple[str, Path], environ: dict[str, str], tmp_path: Path
) -> None:
    bundle = edge.exported(tmp_path / "lambda", "lambda")
    message = json.dumps({"features": ROW, "label": 1}).encode()
    batch = {"Records": [record(1, message), record(2, b"{"), record(3, message)]}
    output = tmp_path / "lines"
    with edge.under_lambda(bundle, output, **environ) as api:
        answer = json.loads(api.invoke(contract.version_2(Ask(QUERY)))["body"])
        twice = Ask(f"{QUERY}&request_id=order-17")
        first, again = (json.loads(api.invoke(contract.version_2(twice))["body"]) for _ in "12")
        other = api.invoke(contract.version_2(Ask(f"{QUERY[:-1]}0&request_id=order-17")))
        assert api.invoke(batch) == {"batchItemFailures": []}
        assert api.invoke(batch) == {"batchItemFailures": []}
    assert "logged" not in answer
    assert first == again
    assert other["statusCode"] == 409
    shard = "kinesis:players:shardId-000000000002"
    events = {row[5]: row for row in logged(server[1])}
    assert events.pop("order-17") == (first["id"], "edge", edge.NAME, 768, None, "order-17")
    assert {key: row[1:5] for key, row in events.items() if key.startswith(shard)} == {
        f"{shard}:{number}": ("stream", edge.NAME, 768, 1) for number in (1, 3)
    }
    [own] = [row for key, row in events.items() if not key.startswith(shard)]
    assert own[:2] == (answer["id"], "edge")
    outcomes = send(server[0], "/api/v1/outcomes", [{"id": answer["id"], "label": 0}])
    assert outcomes["outcomes"][0]["status"] == 200


def test_pubsub_writes_once(
    server: tuple[str, Path], environ: dict[str, str], tmp_path: Path
) -> None:
    bundle = edge.exported(tmp_path / "gcf", "gcf")
    data = b64encode(json.dumps(ROW).encode()).decode()
    message = {"data": data, "messageId": "17", "publishTime": "2026-05-01T12:00:00.123Z"}
    body = json.dumps({"message": message, "subscription": "projects/p/subscriptions/s"}).encode()
    about = {"specversion": "1.0", "id": "17", "source": "//pubsub", "type": "published"}
    headers = {f"ce-{name}": value for name, value in about.items()}
    headers["Content-Type"] = "application/json"
    output = tmp_path / "lines"
    with edge.under_framework(bundle, output, "record", "cloudevent", **environ) as port:
        for _ in range(2):
            assert edge.ask(port, "POST", "", headers, body)[0] == 200
    rows = [row for row in logged(server[1]) if str(row[5]).startswith("pubsub")]
    assert [row[1:] for row in rows] == [("stream", edge.NAME, 768, None, "pubsub:s:17")]


def test_a_line_of_what_was_not_logged_can_be_sent_later(
    server: tuple[str, Path], tmp_path: Path
) -> None:
    bundle = edge.exported(tmp_path / "lambda", "lambda")
    output = tmp_path / "lines"
    with edge.under_lambda(bundle, output) as api:
        message = json.loads(api.invoke(contract.version_2(Ask(QUERY)))["body"])
    assert message["logged"] is False
    events = [line["event"] for line in edge.lines(output, "not logged")]
    answer = send(server[0], "/api/v1/events", {"source": "edge", "events": events})
    assert answer["recorded"] == 1
    outcome = [{"request_id": message["id"], "label": 1}]
    assert send(server[0], "/api/v1/outcomes", outcome)["outcomes"][0]["status"] == 200
