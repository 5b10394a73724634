"""Receives a labelled file from the Compare page and answers with lines of JSON as it is read.

    {"read": 350000, "rows": 1000000}
    {"file": "1f2e…"}                     at last, or {"error": "why it can't be used"}

One answer that grows, so that any process can give it and the page needn't poll.
"""

from __future__ import annotations

import json
import logging
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import IO
from urllib.parse import unquote

from flask import Flask, Response, request

from webapp.api import browser
from webapp.api.errors import RETRY_SECONDS, ApiError, as_api_error, handle_errors
from webapp.cases import Features
from webapp.db.tables.uploads import NOBODY, Owner
from webapp.files.types import FileError
from webapp.services.compare import upload
from webapp.services.compare.progress import Message, Progress
from webapp.services.context import Services
from webapp.timing import now_ms

ADDRESS = "/page/compare/file"
TYPE = "application/octet-stream"  # which no other site can send on a visitor's behalf
AT_ONCE = 1  # per process: each file takes a thread, a core and up to a GiB
_CHUNK = 1 << 16
_log = logging.getLogger(__name__)


def register(server: Flask, services: Services) -> None:
    """Add the route."""

    room = threading.BoundedSemaphore(AT_ONCE)

    @server.post(ADDRESS)
    def page_compare_file() -> Response:
        return handle_errors(lambda: receive(services, room))


@dataclass(frozen=True)
class _ReceivedFile:
    """A body on the disk, and the inputs that it must have."""

    file: IO[bytes]
    name: str
    features: Features
    owner: Owner = NOBODY


def receive(services: Services, room: threading.Semaphore) -> Response:
    """Write the body to disk, then answer with the progress of reading it.

    Raises ApiError, InputError, UnknownVersionError and VersionNotReadyError.
    """
    if not room.acquire(blocking=False):
        message = "another file is being read: try again in a moment"
        raise ApiError(503, "busy", message, retry_after=RETRY_SECONDS)
    try:
        body = _receive_body(services)
    except BaseException:
        room.release()
        raise
    progress = Progress()
    answer = Response(_lines(progress), content_type="application/x-ndjson")
    body = replace(body, owner=browser.new_owner(answer))
    threading.Thread(
        target=_count, args=(services, body, progress, room.release), daemon=True
    ).start()
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"  # nginx would keep the lines to itself
    return answer


def _receive_body(services: Services) -> _ReceivedFile:
    if request.mimetype != TYPE:
        raise ApiError(415, "unsupported_media_type", f"set Content-Type: {TYPE}")
    if "Transfer-Encoding" in request.headers:
        raise ApiError(411, "length_required", "send Content-Length")
    names = request.args.get("versions", "")
    features = upload.file_features(services, [name for name in names.split(",") if name])
    filename = unquote(request.headers.get("X-File-Name", "file"))
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the reading thread closes it)
    while chunk := request.stream.read(_CHUNK):  # the worker has all of it by now
        file.write(chunk)
    file.flush()
    return _ReceivedFile(file, filename, features)


def _count(
    services: Services, body: _ReceivedFile, progress: Progress, release: Callable[[], None]
) -> None:
    """Count the file and finish with its id or its problem, whether or not anybody waits."""
    try:
        with body.file:
            message = _try_to_keep(services, body, progress)
    finally:
        release()
    progress.finish(message)


def _try_to_keep(services: Services, body: _ReceivedFile, progress: Progress) -> Message:
    try:
        row = upload.keep_counts(
            services, body.file, body.name, body.features, now_ms(), progress, body.owner
        )
    except FileError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001  (the answer has begun: no other handler can report it)
        api_error = as_api_error(error)
        if api_error is None:
            _log.exception("a file could not be counted")
        return {"error": api_error.message if api_error else "Something went wrong: try again."}
    return {"file": row.id}


def _lines(progress: Progress) -> Iterator[str]:
    for message in progress.messages():
        yield json.dumps(message) + "\n"
