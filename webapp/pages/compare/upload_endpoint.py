"""Our own page sends a labelled file: what comes back is lines of JSON while it is being read.

    {"read": 350000, "rows": 1000000}
    {"file": "1f2e…"}                     at last, or {"error": "why it can't be used"}

One answer that grows, so that any process can give it and nothing has to be asked again.
"""

from __future__ import annotations

import json
import logging
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import IO, Any
from urllib.parse import unquote

from flask import Flask, Response, request

from webapp.api.errors import RETRY_SECONDS, ApiError, as_api_error, handle_errors
from webapp.files.types import FileError
from webapp.services.compare import upload
from webapp.services.context import Services
from webapp.timing import now_ms

ADDRESS = "/page/compare/file"
TYPE = "application/octet-stream"  # which no other site can send on a visitor's behalf
AT_ONCE = 1  # in a process: each takes a thread, a core and up to a GiB
STALLED_SECONDS = 30
_CHUNK = 1 << 16
_log = logging.getLogger(__name__)
Values = dict[str, Any]


def register(server: Flask, services: Services) -> None:
    """Add the route."""

    room = threading.BoundedSemaphore(AT_ONCE)

    @server.post(ADDRESS)
    def page_compare_file() -> Response:
        return handle_errors(lambda: receive(services, room))


def receive(services: Services, room: threading.Semaphore) -> Response:
    """Take the body to the disk, then read it and say how far it is.

    Raises ApiError, InputError, UnknownVersionError and VersionNotReadyError.
    """
    if not room.acquire(blocking=False):
        message = "another file is being read: try again in a moment"
        raise ApiError(503, "busy", message, retry_after=RETRY_SECONDS)
    try:
        act, file = _received(services)
    except BaseException:
        room.release()
        raise
    lines = _lines(*_begin(act, file, room.release))
    answer = Response(lines, content_type="application/x-ndjson")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"  # nginx would keep the lines to itself
    return answer


def _received(services: Services) -> tuple[Callable[..., Values], IO[bytes]]:
    """What is to be done with the body, which is on the disk."""
    if request.mimetype != TYPE:
        raise ApiError(415, "unsupported_media_type", f"set Content-Type: {TYPE}")
    if "Transfer-Encoding" in request.headers:
        raise ApiError(411, "length_required", "send Content-Length")
    named = request.args.get("versions", "")
    features = upload.features_of(services, tuple(n for n in named.split(",") if n))
    filename = unquote(request.headers.get("X-File-Name", "file"))
    file = tempfile.TemporaryFile()  # noqa: SIM115  (who reads it closes it)
    with _patience():
        while chunk := request.stream.read(_CHUNK):
            file.write(chunk)
    file.flush()

    def act(tell: Callable[[int, int], None], stopped: Callable[[], bool]) -> Values:
        kept = upload.keep(services, file, filename, features, now_ms(), tell, stopped)
        return {"file": kept.id}

    return act, file


@contextmanager
def _patience() -> Iterator[None]:
    """A body that stops coming must not hold a thread for ever."""
    connection = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(STALLED_SECONDS)
    try:
        yield
    except TimeoutError:
        raise ApiError(408, "timeout", "the file stopped coming: send it again") from None
    finally:
        if connection is not None:
            connection.settimeout(None)


def _begin(
    act: Callable[..., Values], file: IO[bytes], done: Callable[[], None]
) -> tuple[SimpleQueue[Values], threading.Event]:
    """Have it done, whether or not anybody listens: what it tells, and what stops it."""
    said: SimpleQueue[Values] = SimpleQueue()
    gone = threading.Event()

    def work() -> None:
        try:
            with file:
                last = _last(lambda: act(lambda n, of: said.put(_so_far(n, of)), gone.is_set))
        finally:
            done()
        said.put(last)

    threading.Thread(target=work, daemon=True).start()
    return said, gone


def _lines(said: SimpleQueue[Values], gone: threading.Event) -> Iterator[str]:
    """Everything up to the last; it is stopped when nobody listens any more."""
    try:
        while True:
            values = said.get()
            yield json.dumps(values) + "\n"
            if "read" not in values:
                return
    finally:
        gone.set()


def _so_far(read: int, rows: int) -> Values:
    return {"read": read, "rows": rows}


def _last(act: Callable[[], Values]) -> Values:
    try:
        return act()
    except FileError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001  (the answer has begun: nobody else could say it)
        known = as_api_error(error)
        if known is None:
            _log.exception("a file could not be counted")
        return {"error": known.message if known else "Something went wrong here: try again."}
