"""The queue between web processes and the consumer: a file in VAR_DIR, or Redis.

Its messages are JSON: the library's own form is pickle, and whoever can write to a queue must not
be able to run code by it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from huey import Huey, RedisHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer

FILE = "queue.db"
NAME = "everycase"
TASK = "job"  # of one argument: the job's id


class JsonSerializer(Serializer):  # type: ignore[misc]
    """Messages of tasks without callbacks, and plain values, as JSON."""

    def _serialize(self, data: Any) -> bytes:
        if isinstance(data, Message):
            return json.dumps({"message": list(data)}).encode()
        return json.dumps({"value": data}).encode()

    def _deserialize(self, data: bytes) -> Any:
        found = json.loads(data)
        return Message(*found["message"]) if "message" in found else found["value"]


def open_queue(var: Path, redis_url: str = "") -> Huey:
    """The queue of this installation. What tasks return is not kept: jobs have a table."""
    common = {"results": False, "utc": True, "serializer": JsonSerializer()}
    if redis_url:
        return RedisHuey(NAME, url=redis_url, **common)
    var.mkdir(parents=True, exist_ok=True)
    return SqliteHuey(NAME, filename=str(var / FILE), cache_mb=1, fsync=True, **common)


def task_of(queue: Huey, run: Callable[[str], None]) -> Any:
    """The task that runs a job; calling it puts the job into the queue.

    Messages name a task by its module, so both sides make it here.
    """

    def job(id_: str) -> None:
        run(id_)

    return queue.task(name=TASK)(job)
