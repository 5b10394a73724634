"""A labelled file sent by the page: counted, kept by its counts, compared on."""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support import populations
from tests.support.app_access import nobody
from tests.support.event_logs import hand_services
from tests.support.synthetic_rows import labelled_rows, write_csv
from tests.support.versions import ready
from webapp.api.errors import ApiError
from webapp.app import create_app
from webapp.catalog.versions import Version
from webapp.db.tables.uploads import Upload
from webapp.files.types import FileError
from webapp.pages.compare.upload_endpoint import receive
from webapp.services.compare import as_json as compare_as_json
from webapp.services.compare import reader as compare_reader
from webapp.services.compare import request as compare_request
from webapp.services.compare import upload
from webapp.services.compare.progress import Progress
from webapp.services.context import Services
from webapp.settings import Settings
from webapp.timing import DAY_MS

NOW = 20_780 * DAY_MS
A, B = "logit_games_v1", "hgb_games_v1"
FORM = "application/octet-stream"


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    rows = write_csv(tmp_path / "rows.csv", labelled_rows(1200)).read_bytes()
    return rows + b"1,0\n1,0,0,0,0,0,0,0,0,0,7\n"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    app = create_app(Settings(var_dir=tmp_path / "var"))
    yield nobody(app)
    app.services.close()


def send(client: FlaskClient, content: bytes, kind: str = FORM, query: str = "") -> Any:
    headers = {"X-File-Name": "my%20players.csv"}
    return client.post(
        f"/page/compare/file{query}", data=content, content_type=kind, headers=headers
    )


def keep(services: Services, content: bytes, progress: Progress | None = None) -> Upload:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return upload.keep_counts(
            services, file, "x", populations.GAMES, NOW, progress or Progress()
        )


def lines(response: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in response.get_data(as_text=True).splitlines()]


def test_a_file_is_sent_read_and_compared_on(client: FlaskClient, content: bytes) -> None:
    response = send(client, content)
    assert response.status_code == 200
    *reports, last = lines(response)
    assert last.keys() == {"file"}
    assert all(line["read"] <= line["rows"] == 1202 for line in reports)
    form = client.get(f"/api/v1/compare?versions={A},{B}&file={last['file']}").get_json()
    assert (form["n"], form["labelled"], form["window"]) == (1200, 1200, None)
    assert form["file"]["name"] == "my players.csv"
    assert form["file"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert form["file"]["bad_rows"] == 2
    assert lines(send(client, content))[-1] == last  # the same browser gets the same link


@pytest.mark.parametrize(
    ("kind", "content", "query", "status", "words"),
    [
        ("text/csv", b"G1\n", "", 415, "set Content-Type: application/octet-stream"),
        (FORM, b"G1\n1\n", "?versions=nope_v1,logit_games_v1", 404, "no version nope_v1"),
        (FORM, b"x" * (64 << 20) + b"y", "", 413, "at most 67,108,864 bytes"),
        (FORM, b"G1\n1\n", "", 200, "The file has no columns G2, G3"),
        (FORM, b"", "", 200, "The file is empty"),
    ],
)
def test_a_problem_with_the_file_is_reported(
    client: FlaskClient, kind: str, content: bytes, query: str, status: int, words: str
) -> None:
    response = send(client, content, kind, query)
    assert response.status_code == status
    last = lines(response)[-1]["error"]
    assert words in (last if isinstance(last, str) else last["message"])


def test_there_is_room_for_one_file_at_a_time(client: FlaskClient, services: Services) -> None:
    room = threading.BoundedSemaphore(1)
    place = {"path": "/page/compare/file", "method": "POST", "data": b"G1\n", "content_type": FORM}
    with client.application.test_request_context(**place), room:
        with pytest.raises(ApiError, match="another file is being read") as busy:
            receive(services, room)
        assert (busy.value.status, busy.value.retry_after) == (503, 5)
    with client.application.test_request_context(**place | {"content_type": "text/csv"}):
        with pytest.raises(ApiError, match="set Content-Type"):
            receive(services, room)
        assert room.acquire(blocking=False)  # it was given back


def test_very_many_bad_rows_cost_no_more_than_few(services: Services) -> None:
    names = ",".join((*populations.GAMES.names, "label"))
    good, bad = "1," + "0," * 9 + "1\n", "1," * 11 + "\n"
    row = keep(services, (names + "\n" + good + bad * 30_000 + "x\n" * 3).encode())
    assert row.counted["bad_total"] == 30_003
    assert [bad_row[0] for bad_row in row.counted["bad"]] == list(range(3, 53))


def test_another_site_can_not_send_one(client: FlaskClient) -> None:
    for kind in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
        assert send(client, b"G1\n", kind).status_code == 415


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("file=nothing", "file", "has expired: upload it again"),
        ("file=nothing&days=7", "days", "can't be combined with file"),
        ("rows=all", "rows", "is about the rows of a file: send it with file"),
        ("file=nothing&rows=some", "rows", "unseen"),
    ],
)
def test_a_wrong_link(client: FlaskClient, query: str, field: str, words: str) -> None:
    response = client.get(f"/api/v1/compare?{query}")
    assert response.status_code == 400
    error = response.get_json()["error"]
    assert error["field"] == field
    assert words in error["message"]


@pytest.fixture
def services() -> Iterator[Services]:
    services = hand_services(
        [Version(name, "ready", prepared=populations.shipped(name)) for name in (A, B)]
    )
    yield services
    services.close()


def train_on(services: Services, name: str, sha256: str, rows: str) -> None:
    """Have the version be trained on these rows of the file."""
    version = services.catalog.get(name)
    assert version is not None
    assert version.prepared is not None
    facts = version.prepared.facts
    training = {**facts.training, "sha256": sha256, "rows": rows}
    own = replace(version.prepared, facts=replace(facts, training=training))
    services.catalog.by_name[name] = replace(version, prepared=own)  # type: ignore[attr-defined]


def form_of(services: Services, file: Upload, **params: str) -> dict[str, Any]:
    request = compare_request.read_request({"a": A, "b": B, "file": file.id, **params}, NOW)
    return compare_as_json.as_json(compare_reader.answer_request(services, request))


@pytest.mark.parametrize(
    ("rows", "is_early"),
    [("1100:2000", False), ("1:2000", True)],
    ids=["trained after the upload", "no other rows"],
)
def test_rows_that_a_version_was_trained_on_are_no_evidence(
    services: Services, content: bytes, rows: str, is_early: bool
) -> None:
    if is_early:
        train_on(services, B, hashlib.sha256(content).hexdigest(), rows)
    file = keep(services, content)
    train_on(services, B, file.sha256, rows)
    form = form_of(services, file)
    assert [version["trained_on_these"] for version in form["versions"]] == [False, True]
    assert form["versions"][1]["differences"]["log_loss"]["verdict"] is None
    assert "was trained on some of these rows" in form["sentence"]
    assert {segment["verdict"] for segment in form["segments"]} == {"not enough evidence"}


def test_the_rows_that_no_version_was_trained_on_are_evidence(
    services: Services, content: bytes
) -> None:
    train_on(services, B, hashlib.sha256(content).hexdigest(), "101:900")
    file = keep(services, content)  # with an uneven row at the end
    form = form_of(services, file)
    assert (form["n"], form["file"]["trained_rows"]) == (400, 800)
    assert not any(version["trained_on_these"] for version in form["versions"])
    assert form["versions"][1]["differences"]["log_loss"]["verdict"] is not None
    lines = content.splitlines(keepends=True)
    alone = keep(services, b"".join([*lines[:101], *lines[901:]]))
    own, others = form["versions"], form_of(services, alone)["versions"]
    assert [v["metrics"] for v in own] == [v["metrics"] for v in others]
    every = form_of(services, file, rows="all")
    assert (every["n"], every["file"]["trained_rows"]) == (1200, 0)
    assert every["headline"] == "No verdict on these rows."


def test_versions_that_ask_for_more_than_the_file_has(services: Services, content: bytes) -> None:
    file = keep(services, content)
    wide = ready("wide_v1", populations.GAMES.numbered(11))
    services.catalog.by_name["wide_v1"] = wide  # type: ignore[attr-defined]
    request = compare_request.read_request({"a": A, "b": "wide_v1", "file": file.id}, NOW)
    with pytest.raises(ValueError, match="lacks the columns G11"):
        compare_reader.answer_request(services, request)


def test_a_file_without_a_good_row(services: Services) -> None:
    names = ",".join((*populations.GAMES.names, "label"))
    with pytest.raises(FileError, match=r'No row can be used\. Line 2: label is "x"; use 0 or 1'):
        keep(services, f"{names}\n{'1,' * 10}x\n".encode())


def test_reading_ends_when_the_client_is_gone(services: Services, content: bytes) -> None:
    progress = Progress()
    progress.stop()
    with pytest.raises(FileError):
        keep(services, content, progress)
    assert services.uploads.get("x") is None


def test_progress_ends_with_its_last_message_and_stops_the_reading() -> None:
    progress = Progress()
    progress.report(1, 2)
    progress.finish({"file": "x"})
    assert not progress.is_stopped()
    assert list(progress.messages()) == [{"read": 1, "rows": 2}, {"file": "x"}]
    assert progress.is_stopped()


def test_progress_stops_the_reading_when_its_messages_are_closed() -> None:
    progress = Progress()
    progress.report(1, 2)
    messages = progress.messages()
    next(messages)
    messages.close()  # type: ignore[attr-defined]
    assert progress.is_stopped()
