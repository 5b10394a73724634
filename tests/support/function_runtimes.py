"""What functions run under and talk to: AWS's Runtime API, functions-framework, and a log."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

from tests.support.serving import free_port
from webapp.bundle.ids import new_id
from webapp.catalog import export
from webapp.catalog.prepared import Prepared, read_prepared
from webapp.settings import ROOT

NAME = "logit_games_v1"
TOKEN = "a-token-of-the-log"
PATIENCE = 60.0  # seconds for a process to start on a busy machine
_CLEAN = ("EVERYCASE_", "API_TOKEN", "AWS_", "LAMBDA_", "PYTHON")


def shipped() -> Prepared:
    """The version that is exported in the tests."""
    return read_prepared(ROOT / "models" / NAME / "everycase")


def exported(folder: Path, target: export.Target) -> Path:
    """The shipped version's bundle, unpacked."""
    export.write_folder(folder, export.make_bundle(NAME, shipped(), target))
    return folder


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    closed_connections = 0

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.closed_connections += 1

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no news; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def _serving(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class FakeLog:
    """``POST /api/v1/events`` as a server answers it. Tests change ``status`` and ``refuses``."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, Any]] = {}
        self.bodies: list[dict[str, Any]] = []
        self.connections = 0
        self.status = 200
        self.delay = 0.0
        self.raw: bytes | None = None  # what is answered instead
        self.closes = False  # the connection, without saying so
        self.refuses: set[int] = set()  # cases
        self.code = "bad_input"  # of what is refused
        self.chokes: set[int] = set()  # cases with which nothing of a request is taken
        log = self

        class Handler(_Quiet):
            def setup(self) -> None:
                super().setup()
                log.connections += 1

            def do_POST(self) -> None:
                body = json.loads(self.body())
                time.sleep(log.delay)
                status, answer = log.answer(self.path, self.headers["Authorization"], body)
                self.answer(status, json.dumps(answer).encode() if log.raw is None else log.raw)
                self.close_connection = log.closes

        self.server = _Server(("127.0.0.1", 0), Handler)

    @property
    def environ(self) -> dict[str, str]:
        """What tells a function of it."""
        url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return {"EVERYCASE_URL": url, "EVERYCASE_TOKEN": TOKEN}

    def answer(self, path: str, token: str, body: dict[str, Any]) -> tuple[int, Any]:
        self.bodies.append(body)
        is_authorized = token == f"Bearer {TOKEN}"
        status = (self.status if path == "/api/v1/events" else 404) if is_authorized else 401
        if status != 200:
            return status, {"error": {"code": "x", "message": "not now"}}
        if self.chokes & {event["case"] for event in body["events"]}:
            return 400, {"error": {"code": "bad_input", "message": "this can't be read"}}
        return 200, {"events": [self._record(event) for event in body["events"]]}

    def _record(self, event: dict[str, Any]) -> dict[str, Any]:
        request_id = event["request_id"]
        answer = {"request_id": request_id}
        if event["case"] in self.refuses:
            why = {"code": self.code, "message": "this case is refused"}
            return answer | {"status": "refused", "error": why}
        status = "repeated" if request_id in self.events else "recorded"
        event_in_log = self.events.setdefault(request_id, event | {"id": new_id(1_700_000_000_000)})
        if (event_in_log["case"], event_in_log["version"]) != (event["case"], event["version"]):
            return answer | {"status": "conflict", "error": {"message": "used for another event"}}
        return answer | {"status": status, "id": event_in_log["id"]}


@contextmanager
def fake_log() -> Iterator[FakeLog]:
    """A log that answers until the end of the block."""
    log = FakeLog()
    with _serving(log.server):
        yield log


class RuntimeApi:
    """The Lambda Runtime API, which hands events to the one process that asks for them."""

    def __init__(self) -> None:
        self.events: Queue[tuple[str, bytes] | None] = Queue()
        self.answers: Queue[tuple[str, Any]] = Queue()
        self._number = 0
        api = self

        class Handler(_Quiet):
            def do_GET(self) -> None:
                item = api.events.get()
                if item is None:
                    self.close_connection = True
                    return
                number, event = item
                arn = "arn:aws:lambda:eu-west-1:123456789012:function:everycase"
                self.answer(
                    200,
                    event,
                    Lambda_Runtime_Aws_Request_Id=number,
                    Lambda_Runtime_Deadline_Ms=str(int(time.time() * 1000) + 30_000),
                    Lambda_Runtime_Invoked_Function_Arn=arn,
                    Content_Type="application/json",
                )

            def do_POST(self) -> None:
                kind, body = self.path.rsplit("/", 1)[1], self.body()
                self.answer(202, b'{"status": "OK"}', Content_Type="application/json")
                api.answers.put((kind, json.loads(body)))

        self.server = _Server(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"127.0.0.1:{self.server.server_address[1]}"

    def invoke(self, event: Any) -> Any:
        """The function's answer. Raises AssertionError with what it failed of."""
        self._number += 1
        self.events.put((f"request-{self._number}", json.dumps(event).encode()))
        return self.answer()

    def answer(self) -> Any:
        """The answer to the last event."""
        kind, answer = self.answers.get(timeout=PATIENCE)
        assert kind == "response", answer
        return answer


def clean_environ(**settings: str) -> dict[str, str]:
    """This process's environment without what functions read, and with settings."""
    environ = {name: v for name, v in os.environ.items() if not name.startswith(_CLEAN)}
    return environ | settings


@contextmanager
def under_lambda(folder: Path, output: Path, **environ: str) -> Iterator[RuntimeApi]:
    """A bundle under AWS's own runtime client; its output goes to a file."""
    api = RuntimeApi()
    with _serving(api.server), output.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", "lambda_function.lambda_handler"],
            cwd=folder,
            env=clean_environ(
                AWS_LAMBDA_RUNTIME_API=api.address,
                AWS_LAMBDA_FUNCTION_NAME="everycase",
                LAMBDA_TASK_ROOT=str(folder),
                PYTHONDONTWRITEBYTECODE="1",  # its folder can't be written to
                **environ,
            ),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield api
        finally:
            process.kill()
            process.wait()
            api.events.put(None)  # a thread still waits to hand one over


@contextmanager
def under_framework(
    folder: Path, output: Path, target: str = "predict", kind: str = "http", **environ: str
) -> Iterator[int]:
    """A bundle under Google's functions-framework: its port."""
    port = free_port()
    words = ["--target", target, "--signature-type", kind, "--host", "127.0.0.1"]
    script = Path(sys.executable).with_name("functions-framework")
    with output.open("ab") as log:
        process = subprocess.Popen(
            [script, *words, "--port", str(port)],
            cwd=folder,
            env=clean_environ(**environ),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"functions-framework doesn't answer (status {process.poll()})")


def ask(
    port: int, method: str, query: str, headers: dict[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    """One request: status, headers (names in lower case) and body."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, f"/?{query}" if query else "/", body or None, headers)
        response = connection.getresponse()
        named_headers = {name.lower(): value for name, value in response.getheaders()}
        return response.status, named_headers, response.read()
    finally:
        connection.close()


def lines(output: Path, kind: str) -> list[dict[str, Any]]:
    """The lines of that kind that a function wrote."""
    lines = output.read_text("utf-8").splitlines()
    kind_text = f'"everycase": "{kind}"'
    return [json.loads(line) for line in lines if line.startswith("{") and kind_text in line]
