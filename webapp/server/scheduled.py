"""Commands that the supervisor runs on schedule, each in a short process of its own."""

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
_BOOT_SECONDS = 60.0  # in which the processor belongs to the first visitors: nothing is pruned
_RESTART_SECONDS = 0.5  # before the consumer is started again
_MOST_RESTART_SECONDS = 8.0  # where it ends again and again, soon after its start
_SOON_SECONDS = 10.0
SUPERVISOR = "EVERYCASE_SUPERVISOR"  # the process id of the one that a command must not outlive
_TERMINATE_SECONDS = 5.0  # that a command has to end after SIGTERM
_CONSUMER_TERMINATE_SECONDS = 12.0  # the consumer first ends the job that runs
_LOGGED_BYTES = 4_000  # of a command's output
_log = logging.getLogger("everycase.supervisor")


@dataclass
class ScheduledCommand:
    """A command of ``everycase`` that runs ``every`` so many seconds, or once if that is None.

    A failure is retried after ``retry`` seconds, at most ``tries`` times. A command that runs for
    more than ``limit`` seconds is ended and counts as failed.
    """

    command: Sequence[str]
    every: float | None = None
    retry: float = 10.0
    tries: int = 6
    limit: float = float("inf")
    due: float = 0.0
    failures: int = 0  # in a row

    def note_end(self, now: float, *, ok: bool) -> None:
        """Schedule the next run after one that ended at ``now``."""
        self.failures = 0 if ok else self.failures + 1
        if not ok and self.failures < self.tries:
            self.due = now + self.retry
        else:
            self.failures = 0
            self.due = float("inf") if self.every is None else now + self.every


def default_commands(*, demo: bool, alert: bool = False) -> list[ScheduledCommand]:
    """Pruning of the log; also simulated traffic and alerts, where the settings ask for them."""
    later = time.monotonic() + _BOOT_SECONDS
    commands = [ScheduledCommand(("prune",), every=6 * _HOUR, limit=_HOUR, due=later)]
    if alert:
        commands.append(ScheduledCommand(("alert",), every=_ALERT_SECONDS, limit=_ALERT_SECONDS))
    return [ScheduledCommand(("demo", "--if-empty"), limit=_HOUR), *commands] if demo else commands


def run_scheduled(commands: Sequence[ScheduledCommand], stop: threading.Event) -> None:
    """Run due commands, one after the other, until ``stop`` is set."""
    while not stop.is_set():
        for task in commands:
            if time.monotonic() >= task.due and not stop.is_set():
                task.note_end(time.monotonic(), ok=_run(task, stop))
        stop.wait(1)


def run_consumer(stop: threading.Event) -> None:
    """Keep the process that runs jobs going until ``stop`` is set, then end it."""
    arguments = [sys.executable, "-m", "webapp.jobs.consumer", str(os.getpid())]
    pause = _RESTART_SECONDS
    while not stop.is_set():
        start = time.monotonic()
        # In a session of its own: Ctrl-C is for gunicorn, which ends this process.
        process = subprocess.Popen(arguments, cwd=_ROOT, start_new_session=True)
        while process.poll() is None and not stop.wait(_POLL_SECONDS):
            pass
        if process.poll() is None:
            _end(process, _CONSUMER_TERMINATE_SECONDS)
            continue
        is_early = time.monotonic() - start < _SOON_SECONDS
        pause = min(2 * pause, _MOST_RESTART_SECONDS) if is_early else _RESTART_SECONDS
        if not stop.wait(pause):
            _log.warning("the process that runs jobs ended and is started again")


def _run(task: ScheduledCommand, stop: threading.Event) -> bool:
    """Run a command, ending it early on a stop. True if it succeeded."""
    arguments = [sys.executable, *_COMMAND, *task.command]
    end = time.monotonic() + task.limit
    late = False
    environ = os.environ | {SUPERVISOR: str(os.getpid())}
    with tempfile.TemporaryFile() as output:  # a full pipe would block the command
        process = subprocess.Popen(
            arguments, cwd=_ROOT, env=environ, stdout=output, stderr=subprocess.STDOUT
        )
        while process.poll() is None:
            if stop.wait(_POLL_SECONDS) or time.monotonic() > end:
                late = not stop.is_set()
                _end(process, _TERMINATE_SECONDS)
        message = _tail(output)
    if late:
        name = " ".join(task.command)
        message = f"{name} was ended after {task.limit:g} s. {message}".strip()
    if message and not stop.is_set():
        _log.log(logging.WARNING if process.returncode else logging.INFO, "%s", message)
    return process.returncode == 0


def end_with_supervisor() -> None:
    """End this process, a command, when the supervisor that started it was killed.

    The next supervisor starts the command again, and there must not be two.
    """
    supervisor = os.environ.pop(SUPERVISOR, None)
    if supervisor is not None:
        threading.Thread(target=_follow, args=(int(supervisor),), daemon=True).start()


def _follow(supervisor: int) -> None:
    while os.getppid() == supervisor:
        time.sleep(_POLL_SECONDS)
    os._exit(1)


def _tail(output: IO[bytes]) -> str:
    """The end of a command's output."""
    output.seek(max(0, output.seek(0, os.SEEK_END) - _LOGGED_BYTES))
    return output.read().decode(errors="replace").strip()


def _end(process: subprocess.Popen[bytes], patience: float) -> None:
    """Terminate a process; kill it when it doesn't end within ``patience`` seconds."""
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
