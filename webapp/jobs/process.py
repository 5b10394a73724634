"""A job's process as the consumer sees it: start, watch, end, and explain the end."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]  # where ``-m`` finds webapp, installed or not
_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 3
_SHOWN = 2_000  # characters of the end of a process's output
_REPORTED = (0, 3, 4, 130)  # statuses with which the process has recorded the end of its job
# Libraries reserve memory for every thread, and these fits gain nothing from more than one.
_LEAN = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
PARENT = "EVERYCASE_PARENT"  # the process id of the parent that a job must not outlive
_log = logging.getLogger("everycase.jobs")


class Runner:
    """Runs ``everycase`` commands, one after the other, until it is stopped."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._idle = threading.Event()
        self._idle.set()

    def stop(self) -> None:
        """End the running command, and start no more."""
        self._stop.set()
        self._idle.wait(2 * _PATIENCE_SECONDS)

    def run(self, command: Sequence[str]) -> tuple[int, str]:
        """Run a command. Returns its status, negative for a signal, and its last output."""
        if self._stop.is_set():
            return -signal.SIGTERM, ""
        process = _start(command)
        watcher = threading.Thread(target=self._end_on_stop, args=(process,), daemon=True)
        watcher.start()
        output = process.communicate()[0]
        watcher.join()
        return process.returncode, output.strip()[-_SHOWN:]

    @contextmanager
    def _busy(self) -> Iterator[None]:
        self._idle.clear()
        try:
            yield
        finally:
            self._idle.set()

    def _end_on_stop(self, process: subprocess.Popen[str]) -> None:
        while process.poll() is None:
            if self._stop.wait(_POLL_SECONDS):
                _end(process)

    def job(self, job: str) -> None:
        """Run a job. If its process dies without recording its end, record it as failed."""
        with self._busy():
            status, output = self.run(("job", job))
            if status not in _REPORTED:
                self._record_failure(job, status, output)

    def _record_failure(self, job: str, status: int, output: str) -> None:
        why = (
            "the server was stopped while it ran"
            if self._stop.is_set()
            else _reason(status, output)
        )
        _log.warning("job %s failed: %s", job, why)
        process = _start(("job", job, "--failed", why))
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=2 * _PATIENCE_SECONDS)

    def command(self, words: Sequence[str], fine: Sequence[int] = (0,)) -> None:
        """Run a command and log its output."""
        with self._busy():
            status, output = self.run(words)
        if output and not self._stop.is_set():
            _log.log(logging.INFO if status in fine else logging.WARNING, "%s", output)


def _start(command: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "webapp.cli", *command],
        cwd=_ROOT,
        env=os.environ | _LEAN | {PARENT: str(os.getpid())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # so that its own children end with it
    )


def _end(process: subprocess.Popen[str]) -> None:
    """Ask the process to end, then kill it and everything that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)


def _reason(status: int, output: str) -> str:
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:  # real-time signals have no names
            name = f"signal {-status}"
        hint = ", perhaps because memory ran out" if status == -signal.SIGKILL else ""
        return f"its process was ended by {name}{hint}"
    last = output.splitlines()[-1] if output else f"status {status}"
    return f"its process ended with: {last}"
