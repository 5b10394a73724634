"""Heavy views are run by a process of its own, so that predictions never wait for them.

It is forked from gunicorn's master, so it shares the app's memory, and runs at a low priority. A
worker sends it a request that has passed all guards, and gets what the view returned. Without that
process (in tests, in the first moment, after a crash) a view runs where it is.
"""

from __future__ import annotations

import ctypes
import io
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from webapp.server import allocator
from webapp.server.turns import turns
from webapp.services import answer_cache
from webapp.services.answer_cache import BusyError
from webapp.services.large_questions import one_at_a_time

ADDRESS = "EVERYCASE_ANALYST"  # in the environment: the process' socket
NAME = "everycase analyst"  # in lists of processes
NICE = 10  # gets a tenth of a core that predictions could use
# Of each worker; the other threads wait for a place. Whoever waits doesn't ask again meanwhile.
PLACES, THREADS = 2, 16
WAIT_SECONDS = 5.0  # for a place
ANSWER_SECONDS = 25.0  # routers and proxies end a request after 30 s
RETIRE = signal.SIGUSR1  # ends the process as soon as it has answered
_ANSWERS = "answer"  # the name of its threads
_KEY = "everycase.analyst"
_log = logging.getLogger("everycase")

View = Callable[..., Any]


class _RetiredError(Exception):
    """The process is to end when it has answered."""


class Analyst:
    """The heavy views of an app, and where they are run.

    A worker has ``PLACES`` for requests that it waits for, and some more may wait for a place. It
    has threads for all of them besides those that answer what is quick; the rest is refused.
    """

    def __init__(self, server: Flask) -> None:
        self._server = server
        self._views: dict[str, View] = {}
        self._places = threading.BoundedSemaphore(PLACES)
        self._waiting = threading.BoundedSemaphore(THREADS - PLACES)
        server.extensions[_KEY] = self

    @staticmethod
    def of(server: Any) -> Analyst | None:
        """The one of a WSGI app; None if the app is none of ours."""
        analyst: Analyst | None = getattr(server, "extensions", {}).get(_KEY)
        return analyst

    def take(
        self,
        endpoint: str,
        is_heavy: Callable[[], bool] = lambda: True,
        refuse: Callable[[BusyError], Any] | None = None,
    ) -> None:
        """Run this view elsewhere where ``is_heavy`` is true of the current request.

        ``refuse`` gives the answer where there is no place. Without it the view does, as pages say
        it in a sentence.
        """
        view = self._server.view_functions[endpoint]
        self._views[endpoint] = view

        def say_busy(error: BusyError, path: dict[str, str]) -> Any:
            if refuse is not None:
                return refuse(error)
            with answer_cache.refusing():
                return view(**path)

        @wraps(view)
        def heavy_view(**path: str) -> Any:
            if not is_heavy():
                return view(**path)
            try:
                answer = self._run(endpoint, path)
            except BusyError as error:
                return say_busy(error, path)
            if answer is not None:
                return answer
            with one_at_a_time():
                content: Any = view(**path)
                return self._server.make_response(content)

        self._server.view_functions[endpoint] = heavy_view

    def _run(self, endpoint: str, path: dict[str, str]) -> Response | None:
        """The answer of the process; None without one. Raises BusyError."""
        with turns.leave():
            if not self._take_place():
                raise BusyError
            try:
                return _ask(endpoint, path)
            finally:
                self._places.release()

    def _take_place(self) -> bool:
        if self._places.acquire(blocking=False):
            return True
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            return self._places.acquire(timeout=WAIT_SECONDS)
        finally:
            self._waiting.release()

    def serve(self, address: str) -> None:
        """Answer at this socket, in a process of its own, until the parent ends or ``RETIRE``."""
        _be_a_quiet_process()
        Path(address).unlink(missing_ok=True)
        with suppress(_RetiredError), Listener(address, "AF_UNIX", backlog=64) as listener:
            signal.signal(RETIRE, _retire)
            while True:
                with suppress(OSError):
                    connection = listener.accept()
                    threading.Thread(
                        target=self._answer, args=(connection,), name=_ANSWERS, daemon=True
                    ).start()
        end = time.monotonic() + ANSWER_SECONDS
        for thread in threading.enumerate():
            if thread.name == _ANSWERS:
                thread.join(max(0.0, end - time.monotonic()))

    def _answer(self, connection: Connection) -> None:
        with connection, suppress(OSError, EOFError):
            question, body = json.loads(connection.recv_bytes()), connection.recv_bytes()
            environ = question["environ"] | {"wsgi.input": io.BytesIO(body)}
            with self._server.request_context(environ):
                response = self._respond(self._views[question["endpoint"]], question["path"])
                head = {"status": response.status, "headers": list(response.headers.items())}
                connection.send_bytes(json.dumps(head).encode())
                connection.send_bytes(response.get_data())
        allocator.return_freed()  # of answers of many megabytes

    def _respond(self, view: View, path: dict[str, str]) -> Response:
        try:
            with one_at_a_time():
                return self._server.make_response(view(**path))
        except Exception as error:  # noqa: BLE001 - as the server answers it
            try:
                return self._server.make_response(self._server.handle_user_exception(error))
            except Exception as fault:  # noqa: BLE001
                return self._server.handle_exception(fault)


def _ask(endpoint: str, path: dict[str, str]) -> Response | None:
    """What the process answers to the current request; None if there is no process.

    Raises BusyError if it takes too long, or ends meanwhile.
    """
    try:
        connection = Client(os.environ.get(ADDRESS, ""), "AF_UNIX")
    except (OSError, ValueError):
        return None
    question = {"endpoint": endpoint, "path": path, "environ": _texts(request.environ.items())}
    try:
        with connection:
            connection.send_bytes(json.dumps(question).encode())
            connection.send_bytes(request.get_data())
            if not connection.poll(ANSWER_SECONDS):
                raise BusyError
            head, body = json.loads(connection.recv_bytes()), connection.recv_bytes()
    except (OSError, EOFError):
        raise BusyError from None
    response = Response(body, head["status"])
    response.headers.clear()
    response.headers.extend([tuple(pair) for pair in head["headers"]])
    return response


def _texts(environ: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """What of a request's environment is text."""
    return {name: value for name, value in environ if type(value) is str}


def fork(analyst: Analyst, address: str, listeners: Iterable[Any]) -> int:
    """Start the process; returns its id. It holds none of the server's ``listeners`` open."""
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        for listener in listeners:
            os.close(listener.fileno())
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
        analyst.serve(address)
    except BaseException:  # noqa: BLE001 - nothing of the master's may run here
        _log.exception("the process for heavy questions ends")
    finally:
        os._exit(1)


def _retire(_signal: int, _frame: object) -> None:
    signal.signal(RETIRE, signal.SIG_IGN)  # once is enough
    raise _RetiredError


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


def _be_a_quiet_process() -> None:
    """Take none of the master's signals and a low priority, and have a name of its own."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE}:
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGTERM, signal.SIGINT):  # which a group gets: workers still need it
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.nice(NICE)
    with suppress(OSError, ValueError, IndexError):
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        begin, end = int(fields[45]), int(fields[46])  # of the command line, on Linux
        ctypes.memset(begin, 0, end - begin)
        ctypes.memmove(begin, NAME.encode()[: end - begin - 1], min(len(NAME), end - begin - 1))
