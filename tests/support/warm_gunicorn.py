"""A process that has imported the app, and forks one gunicorn after the other.

To import everything is most of what a server's start costs, and the tests start some fifty. Only
modules are shared, which read no settings: each child has its own environment and files, and reads
gunicorn.conf.py and ``webapp.wsgi`` anew. What a start from nothing does is tested with ``python``.

Requests come through a socket, which is the first argument: JSON of ``environ`` and ``words``, with
the files for output and for the status at the end. The answer is the child's process id.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from functools import cache
from typing import IO

from webapp.settings import ROOT

_STATUS = struct.Struct("i")
_REQUEST = 1 << 20  # bytes


class WarmProcess:
    """A gunicorn that was forked: the part of Popen's interface that tests use."""

    def __init__(self, pid: int, status: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._status = status

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, negative for a signal. Raises TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(["gunicorn"], timeout or 0.0)
            values = self._status.recv(_STATUS.size)
            self.returncode = _STATUS.unpack(values)[0] if values else -signal.SIGKILL
            self._status.close()
        return self.returncode

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def __del__(self) -> None:
        self._status.close()

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class _Parent:
    """The process that forks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", __name__, str(theirs.fileno())]
            # As gunicorn.conf.py sets them before anything is imported
            early = {"PROMETHEUS_MULTIPROC_DIR": folder, "OPENBLAS_NUM_THREADS": "1"}
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | early, pass_fds=[theirs.fileno()]
            )
            self._socket.recv(_STATUS.size)  # all is imported

    def fork(self, words: list[str], environ: dict[str, str], output: IO[bytes]) -> WarmProcess:
        ours, theirs = socket.socketpair()
        request = json.dumps({"words": words, "environ": environ}).encode()
        with self._lock, theirs:
            socket.send_fds(self._socket, [request], [output.fileno(), theirs.fileno()])
            return WarmProcess(_STATUS.unpack(self._socket.recv(_STATUS.size))[0], ours)

    def end(self) -> None:
        self._socket.close()
        self._process.wait()


@cache
def _parent() -> _Parent:
    """The one of this process of tests, which it ends with."""
    parent = _Parent()
    atexit.register(parent.end)
    return parent


def start(words: list[str], environ: dict[str, str], output: IO[bytes]) -> WarmProcess:
    """Fork a gunicorn with these arguments, whose output goes to a file."""
    return _parent().fork(words, environ, output)


def main(descriptor: int) -> None:
    """Import the app, and fork until the tests end."""
    import gunicorn.app.wsgiapp

    import webapp.app
    import webapp.server.gunicorn_worker

    del gunicorn, webapp
    requests = socket.socket(fileno=descriptor)
    requests.send(_STATUS.pack(0))
    while True:
        request, files, *_ = socket.recv_fds(requests, _REQUEST, 2)
        if not request:
            return
        output, status = files
        pid = os.fork()
        if not pid:
            requests.close()
            _become_gunicorn(json.loads(request), output, status)
        threading.Thread(target=_tell_status, args=(pid, status), daemon=True).start()
        os.close(output)
        requests.send(_STATUS.pack(pid))


def _tell_status(pid: int, status: int) -> None:
    with socket.socket(fileno=status) as asker:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        try:
            asker.send(_STATUS.pack(code))
        except OSError:  # nobody asks any more
            return


def _become_gunicorn(request: dict[str, object], output: int, status: int) -> None:
    code = 1
    try:
        os.close(status)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        os.environ.clear()
        os.environ.update(request["environ"])  # type: ignore[call-overload]
        sys.argv = ["gunicorn", *request["words"]]  # type: ignore[misc]
        runpy.run_module("gunicorn", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - the fork must not go on as its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(int(sys.argv[1]))
