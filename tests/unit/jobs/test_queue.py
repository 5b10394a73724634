"""The queue: jobs go in and come out, as JSON, from a file and from Redis."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from huey.exceptions import HueyException
from huey.registry import Message

from tests.support import redis
from tests.support.event_logs import hand_services
from tests.support.serving import free_port
from tests.support.versions import ready
from webapp.cases import InputError
from webapp.jobs.consumer import RepeatFilter, prepare
from webapp.jobs.enqueue import Enqueuer
from webapp.jobs.process import Runner
from webapp.jobs.queue import FILE, JsonSerializer, open_queue, task_of
from webapp.services.context import QueueError, Services
from webapp.services.models import jobs
from webapp.settings import Settings

NOW = 1_795_000_000_000


@pytest.mark.parametrize("kind", ["file", "redis"])
def test_what_web_processes_put_in_the_consumer_takes_out(kind: str, tmp_path: Path) -> None:
    if kind == "redis":
        with redis.running(tmp_path) as url:
            _in_and_out(tmp_path, url)
        assert not (tmp_path / FILE).exists()
    else:
        _in_and_out(tmp_path, "")


def _in_and_out(var: Path, url: str) -> None:
    results: list[str] = []
    put = Enqueuer(var, url)
    threads = [threading.Thread(target=put, args=(f"job {i}",)) for i in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue = open_queue(var, url)
    task_of(queue, results.append)
    assert queue.storage.queue_size() == 5
    while queue.storage.queue_size():
        queue.execute(queue.dequeue())
    assert sorted(results) == [f"job {i}" for i in range(5)]


def test_messages_are_json_and_nothing_else_is_read(tmp_path: Path) -> None:
    Enqueuer(tmp_path)("an id")
    queue = open_queue(tmp_path)
    (message,) = queue.storage.enqueued_items()
    assert "an id" in json.loads(message)["message"][6]
    with pytest.raises(ValueError, match=r"Expecting value|codec|utf-8|UTF-8"):
        JsonSerializer().deserialize(b"\x80\x05K\x01.")  # a pickle
    with pytest.raises(HueyException, match="not found"):
        queue.deserialize_task(JsonSerializer().serialize(Message("1", "os.system")))


def test_an_unavailable_queue_fails_the_job_with_the_reason() -> None:
    services = hand_services([ready("logit_games_v1")])
    away = Enqueuer(Path("/tmp"), f"redis://127.0.0.1:{free_port()}/0")
    object.__setattr__(services, "queue", away)
    with pytest.raises(QueueError, match="can't take a job"):
        jobs.start(services, "retrain", {}, "ann", NOW)
    (job,) = jobs.history(services, NOW)
    assert job.state == "failed"
    assert "can't take a job" in job.message


def test_an_unavailable_queue_is_logged_in_a_line_once_a_minute() -> None:
    now = [0.0]
    repeats = RepeatFilter(lambda: now[0])

    def said() -> logging.LogRecord | None:
        error = ConnectionError("refused")
        record = logging.LogRecord(
            "huey", logging.ERROR, "", 0, "Error reading from queue", (), (type(error), error, None)
        )
        return record if repeats.filter(record) else None

    first = said()
    assert first is not None
    assert (first.getMessage(), first.exc_info) == ("Error reading from queue: refused", None)
    assert said() is None
    now[0] = 61
    assert said() is not None


@pytest.fixture
def services() -> Services:
    made_services = hand_services([ready("logit_games_v1")])
    object.__setattr__(made_services, "queue", lambda _job: None)
    return made_services


def test_one_of_a_kind_at_a_time(services: Services) -> None:
    first = jobs.start(services, "retrain", {"estimators": "logit,hgb"}, "ann", NOW)
    assert first.arguments["estimators"] == ["logit", "hgb"]
    with pytest.raises(jobs.JobConflictError):
        jobs.start(services, "retrain", {}, "ann", NOW)
    other = jobs.start(services, "backtest", {"windows": [2000]}, "ann", NOW)
    assert other.arguments["windows"] == [2000]
    assert jobs.cancel(services, first.id, NOW).state == "cancelled"
    with pytest.raises(jobs.JobConflictError, match="it has ended already: cancelled"):
        jobs.cancel(services, first.id, NOW)
    with pytest.raises(jobs.UnknownJobError):
        jobs.find(services, "nonsense", NOW)
    jobs.start(services, "retrain", {}, "ann", NOW)


@pytest.mark.parametrize(
    ("kind", "arguments", "field"),
    [
        ("retrain", {"policy": "sometimes"}, "policy"),
        ("retrain", {"policy": ["never"]}, "policy"),
        ("retrain", {"windows": []}, "windows"),
        ("retrain", {"windows": [50]}, "windows"),
        ("retrain", {"windows": [2000, True]}, "windows"),
        ("retrain", {"windows": list(range(100, 200))}, "windows"),
        ("retrain", {"estimators": ["forest"]}, "estimators"),
        ("retrain", {"estimators": [{}]}, "estimators"),
        ("retrain", {"every": "many"}, "every"),
        ("retrain", {"churn": 1.2}, "churn"),
        ("retrain", {"churn": True}, "churn"),
        ("retrain", {"promote": "yes"}, "promote"),
        ("retrain", {"force": True}, "force"),
        ("backtest", {"promote": True}, "promote"),
        ("dance", {}, "kind"),
    ],
)
def test_what_can_not_be_done_is_named(
    services: Services, kind: str, arguments: dict[str, object], field: str
) -> None:
    with pytest.raises(InputError) as caught:
        jobs.start(services, kind, arguments, "ann", NOW)
    assert caught.value.field == field
    assert jobs.history(services, NOW) == []


def test_a_message_that_was_lost_is_sent_again(services: Services) -> None:
    messages: list[str] = []
    object.__setattr__(services, "queue", messages.append)
    first = jobs.start(services, "retrain", {}, "ann", NOW)
    for wait in (1_000, 61_000):
        with pytest.raises(jobs.JobConflictError):
            jobs.start(services, "retrain", {}, "ann", NOW + wait)
    assert messages == [first.id, first.id], "by the second who asked, after a minute"
    assert services.jobs.begin(first.id, NOW + 62_000)
    assert not services.jobs.begin(first.id, NOW + 62_000), "the other message finds it begun"


def test_a_job_without_a_worker_says_so(services: Services) -> None:
    """With JOBS=0 and no worker; while another one is at work it just waits for its turn."""
    object.__setattr__(services, "queue", lambda _job: None)
    job = jobs.start(services, "retrain", {}, "ann", NOW)
    assert jobs.find(services, job.id, NOW + 59_000).message == ""
    assert jobs.find(services, job.id, NOW + 61_000).message == jobs.UNTAKEN
    assert [one.message for one in jobs.history(services, NOW + 61_000)] == [jobs.UNTAKEN]
    other = jobs.start(services, "backtest", {}, "ann", NOW + 61_000)
    assert services.jobs.begin(other.id, NOW + 61_000)
    assert jobs.find(services, job.id, NOW + 62_000).message == ""


def test_of_checks_that_the_clock_piles_up_one_is_run(tmp_path: Path) -> None:
    """While a job was at work, the clock struck some times."""
    results: list[object] = []
    runner = Runner()
    runner.job = results.append  # type: ignore[method-assign]
    runner.command = lambda words, _fine=(): results.append(words[0])  # type: ignore[method-assign,assignment]
    settings = replace(Settings(), var_dir=tmp_path, clock="* * * * *")
    queue = prepare(settings, runner)
    Enqueuer(tmp_path)("job 1")
    for minute in range(5):
        for task in queue.read_periodic(datetime(2026, 1, 1, 0, minute)):
            queue.enqueue(task)
        if minute == 2:
            Enqueuer(tmp_path)("job 2")
    while queue.storage.queue_size():
        queue.execute(queue.dequeue())
    assert results == ["job 1", "job 2", "retrain"]
    for task in queue.read_periodic(datetime(2026, 1, 1, 0, 9)):
        queue.enqueue(task)
    queue.execute(queue.dequeue())
    assert results[3:] == ["retrain"]
