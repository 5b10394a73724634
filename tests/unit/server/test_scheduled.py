"""The supervisor's chores: when each is due, and that none outlives a stop."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from tests.support.serving import alive, wait_until
from webapp.server import scheduled
from webapp.server.scheduled import ScheduledCommand
from webapp.settings import ROOT


def test_done_once_or_again_and_again() -> None:
    once, often = ScheduledCommand(("demo",)), ScheduledCommand(("prune",), every=100)
    for chore in (once, often):
        chore.note_end(10.0, ok=True)
    assert once.due == float("inf")
    assert often.due == 110.0


def test_a_failure_is_tried_again_a_few_times() -> None:
    once, often = (
        ScheduledCommand(("demo",), tries=3),
        ScheduledCommand(("prune",), every=100, tries=2),
    )
    once.note_end(0.0, ok=False)
    once.note_end(10.0, ok=False)
    assert once.due == 20.0
    once.note_end(20.0, ok=False)
    assert once.due == float("inf")
    often.note_end(0.0, ok=False)
    often.note_end(10.0, ok=False)
    assert often.due == 110.0  # it has its turn again


def test_what_takes_too_long_is_ended_and_has_failed(monkeypatch, caplog) -> None:
    stuck = ScheduledCommand(("-c", "import time; time.sleep(60)"), every=100, retry=5, limit=0.2)
    monkeypatch.setattr(scheduled, "_COMMAND", ())
    stop, start = threading.Event(), time.monotonic()
    worker = threading.Thread(target=scheduled.run_scheduled, args=([stuck], stop))
    worker.start()
    while not stuck.failures and time.monotonic() < start + 20:
        time.sleep(0.05)
    stop.set()
    worker.join(10)
    assert stuck.failures == 1
    assert "was ended after 0.2 s." in caplog.text
    assert time.monotonic() - start < 20


def test_a_demo_is_written_only_where_it_is_wanted() -> None:
    assert [c.command[0] for c in scheduled.default_commands(demo=False)] == ["prune"]
    demo, prune = scheduled.default_commands(demo=True)
    assert (demo.command[0], prune.command[0]) == ("demo", "prune")
    now = time.monotonic()
    assert demo.due <= now < prune.due, "a boot is not slowed down by what can wait"


def test_what_fails_is_noted_and_a_stop_ends_what_runs(caplog) -> None:
    stop = threading.Event()
    failing, good = ScheduledCommand(("nonsense",), tries=1), ScheduledCommand(("--help",))
    worker = threading.Thread(target=scheduled.run_scheduled, args=([failing, good], stop))
    worker.start()
    end = time.monotonic() + 30
    while good.due != float("inf") and time.monotonic() < end:
        time.sleep(0.05)
    stop.set()
    worker.join(10)
    assert not worker.is_alive()
    assert (failing.due, good.due) == (float("inf"), float("inf"))
    assert "No such command 'nonsense'" in caplog.text


def kept(monkeypatch: pytest.MonkeyPatch, chore: ScheduledCommand, seconds: float = 20) -> None:
    """Keep it until it was run, for so many seconds at most."""
    monkeypatch.setattr(scheduled, "_COMMAND", ())
    stop, end = threading.Event(), time.monotonic() + seconds
    worker = threading.Thread(target=scheduled.run_scheduled, args=([chore], stop))
    worker.start()
    while chore.due == 0.0 and time.monotonic() < end:
        time.sleep(0.05)
    stop.set()
    worker.join(10)
    assert not worker.is_alive()


def test_one_that_says_a_lot_comes_to_its_end(monkeypatch, caplog) -> None:
    caplog.set_level("INFO")
    chore = ScheduledCommand(("-c", "print('much ' * 100_000 + 'and the end')"), limit=15)
    kept(monkeypatch, chore)
    assert (chore.failures, chore.due) == (0, float("inf"))
    assert "much and the end" in caplog.text
    assert len(caplog.text) < 50_000


def test_one_that_does_not_end_when_asked_is_made_to(monkeypatch, caplog) -> None:
    monkeypatch.setattr(scheduled, "_TERMINATE_SECONDS", 0.3)
    ask = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    chore = ScheduledCommand(("-c", ask), every=100, limit=1)
    kept(monkeypatch, chore)
    assert chore.failures == 1
    assert "was ended after 1 s." in caplog.text


def test_every_usual_chore_has_a_limit() -> None:
    assert all(chore.limit < 7200 for chore in scheduled.default_commands(demo=True, alert=True))


PARENT = """
import os, subprocess, sys, time
child = "import time; from webapp.server.scheduled import end_with_supervisor as end; end(); "
child += "print(1, flush=True); time.sleep(60)"
process = subprocess.Popen([sys.executable, "-c", child],
                           env=os.environ | {"EVERYCASE_SUPERVISOR": str(os.getpid())})
print(process.pid, flush=True)
time.sleep(60)
"""


def test_a_command_ends_with_a_supervisor_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.stdout.readline()  # it follows the supervisor by now
    parent.kill()
    parent.wait()
    wait_until(lambda: not alive(child), 30, "the command has ended")
    parent.stdout.close()
