"""The queue between web processes and the consumer: a file in VAR_DIR, or Redis.

Its messages are JSON: the library's own format is pickle, with which anybody who can write to the
queue could run code.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from huey import Huey, RedisHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer

from webapp.private_file import make_private

FILE = "queue.db"
NAME = "everycase"
TASK = "job"  # of one argument: the job's id


class JsonSerializer(Serializer):  # type: ignore[misc]
    """JSON for messages of tasks without callbacks, and for plain values."""

    def _serialize(self, data: Any) -> bytes:
        if isinstance(data, Message):
            return json.dumps({"message": list(data)}).encode()
        return json.dumps({"value": data}).encode()

    def _deserialize(self, data: bytes) -> Any:
        form = json.loads(data)
        return Message(*form["message"]) if "message" in form else form["value"]


def open_queue(var: Path, redis_url: str = "") -> Huey:
    """Open the queue of this installation. Results aren't stored in it: jobs have a table."""
    common = {"results": False, "utc": True, "serializer": JsonSerializer()}
    if redis_url:
        return RedisHuey(NAME, url=redis_url, **common)
    var.mkdir(parents=True, exist_ok=True)
    make_private(var / FILE)
    return SqliteHuey(NAME, filename=str(var / FILE), cache_mb=1, fsync=True, **common)


def task_of(queue: Huey, run: Callable[[str], None]) -> Any:
    """The task that runs a job; calling it queues the job.

    Messages name a task by its module, so both sides must create it here.
    """

    def job(id_: str) -> None:
        run(id_)

    return queue.task(name=TASK)(job)
