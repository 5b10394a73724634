"""What the supervisor has done besides watching: commands, each in a short process of its own."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_ROOT = Path(__file__).resolve().parents[2]  # where ``-m`` finds webapp, installed or not
_COMMAND = ("-m", "webapp.cli")
_POLL_SECONDS = 0.2
_HOUR = 3600.0
_ALERT_SECONDS = 300.0
_AGAIN_SECONDS = 5.0
_PATIENCE_SECONDS = 5.0  # for a command to end when it was asked to
_CONSUMER_SECONDS = 12.0  # for the consumer, which first ends the job at work
_SHOWN_BYTES = 4_000  # of what a command said
_log = logging.getLogger("everycase.supervisor")


@dataclass
class Chore:
    """A command of ``everycase``, and when it is run: every so many seconds, or once.

    One that fails is tried again after ``retry`` seconds, ``tries`` times at most. One that takes
    longer than ``limit`` seconds is ended, and has failed.
    """

    command: Sequence[str]
    every: float | None = None
    retry: float = 10.0
    tries: int = 6
    limit: float = float("inf")
    due: float = 0.0
    failed: int = 0

    def ended(self, now: float, *, ok: bool) -> None:
        """Note how it went, and when it is due again."""
        self.failed = 0 if ok else self.failed + 1
        if not ok and self.failed < self.tries:
            self.due = now + self.retry
        else:
            self.failed = 0
            self.due = float("inf") if self.every is None else now + self.every


def usual(*, demo: bool, alert: bool = False) -> list[Chore]:
    """Prune the log now and then; what is wanted beside: simulated traffic, alerts of drift."""
    chores = [Chore(("prune",), every=6 * _HOUR, limit=_HOUR)]
    if alert:
        chores.append(Chore(("alert",), every=_ALERT_SECONDS, limit=_ALERT_SECONDS))
    return [Chore(("demo", "--if-empty"), limit=_HOUR), *chores] if demo else chores


def keep(chores: Sequence[Chore], stop: threading.Event) -> None:
    """Run what is due, one after the other, until ``stop`` is set."""
    while not stop.is_set():
        for chore in chores:
            if time.monotonic() >= chore.due and not stop.is_set():
                chore.ended(time.monotonic(), ok=_run(chore, stop))
        stop.wait(1)


def keep_consumer(stop: threading.Event) -> None:
    """Keep the process that runs jobs, until ``stop`` is set; then end it."""
    words = [sys.executable, "-m", "webapp.jobs.consumer", str(os.getpid())]
    while not stop.is_set():
        # In a session of its own: Ctrl-C reaches gunicorn, and that ends us.
        process = subprocess.Popen(words, cwd=_ROOT, start_new_session=True)
        while process.poll() is None and not stop.wait(_POLL_SECONDS):
            pass
        if process.poll() is None:
            _end(process, _CONSUMER_SECONDS)
        elif not stop.wait(_AGAIN_SECONDS):
            _log.warning("the process that runs jobs ended, it is started again")


def _run(chore: Chore, stop: threading.Event) -> bool:
    """Run it, or end it when we are to stop; did it end well?"""
    words = [sys.executable, *_COMMAND, *chore.command]
    end = time.monotonic() + chore.limit
    late = False
    with tempfile.TemporaryFile() as output:  # a pipe would hold up who says more than it takes
        process = subprocess.Popen(words, cwd=_ROOT, stdout=output, stderr=subprocess.STDOUT)
        while process.poll() is None:
            if stop.wait(_POLL_SECONDS) or time.monotonic() > end:
                late = not stop.is_set()
                _end(process, _PATIENCE_SECONDS)
        said = _last(output)
    if late:
        said = f"{' '.join(chore.command)} was ended after {chore.limit:g} s. {said}".strip()
    if said and not stop.is_set():
        _log.log(logging.WARNING if process.returncode else logging.INFO, "%s", said)
    return process.returncode == 0


def _last(output: IO[bytes]) -> str:
    """What was said last."""
    output.seek(max(0, output.seek(0, os.SEEK_END) - _SHOWN_BYTES))
    return output.read().decode(errors="replace").strip()


def _end(process: subprocess.Popen[bytes], patience: float) -> None:
    """Ask it to end, then make it."""
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
