"""The supervisor: one small process a machine, beside gunicorn's workers.

It watches the folder of models, has new ones prepared in processes of their own, and writes the
index that all web processes read. It ends with the process that started it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from webapp.catalog.index import RECORDS, write_index
from webapp.catalog.records import (
    PrepareLimits,
    Preparer,
    forget_stale,
    make_record,
    prepare_in_child,
)
from webapp.catalog.scan import SETTLE_SECONDS, CatalogEntry, Scanner
from webapp.server import logging_setup, scheduled
from webapp.settings import SettingError, Settings

LOOK_SECONDS = 0.5
RETRY_SECONDS = 5
STOP_SECONDS = 10
MIRROR_SECONDS = 900.0  # that bringing all new versions may take
LOCK = "supervisor.lock"
_log = logging.getLogger("everycase.supervisor")


class Watcher:
    """Scans, keeps the index up to date, and prepares one version at a time meanwhile."""

    def __init__(
        self, models: Path, var: Path, preparer: Preparer, settle: float = SETTLE_SECONDS
    ) -> None:
        self._models = models
        self._var = var
        self._preparer = preparer
        self._scanner = Scanner(models, var / RECORDS, settle)
        self._last: tuple[CatalogEntry, ...] | None = None
        self._working: threading.Thread | None = None
        self._tried: dict[str, float] = {}  # key -> when preparing it left no record

    def look(self) -> tuple[CatalogEntry, ...]:
        """One look: the index follows the folder, and work is begun where there is some."""
        entries = self._scanner.scan()
        if entries != self._last:
            for entry in sorted(set(entries) - set(self._last or ()), key=lambda e: e.name):
                reason = f" {entry.reason}" if entry.reason else ""
                _log.info("%s: %s%s", entry.name, entry.status, reason)
            write_index(self._var, self._models, entries)
            self._last = entries
        if self._working is None or not self._working.is_alive():
            self._begin(entries)
        return entries

    def finish(self) -> None:
        """Wait for the work at hand, which a stop ends early."""
        if self._working is not None:
            self._working.join(5)

    def _begin(self, entries: tuple[CatalogEntry, ...]) -> None:
        """Prepare the next version in a thread; one that failed lets others have their turn."""
        since = time.monotonic() - RETRY_SECONDS
        self._tried = {key: when for key, when in self._tried.items() if when > since}
        for entry in entries:
            if entry.status == "preparing" and entry.settled and entry.key not in self._tried:
                self._working = threading.Thread(target=self._prepare, args=(entry,), daemon=True)
                self._working.start()
                return

    def _prepare(self, entry: CatalogEntry) -> None:
        place = self._scanner.record(entry.key)
        try:
            done = make_record(self._models / entry.name, entry, place, self._preparer)
        except OSError as error:  # a full disk, say
            _log.warning("%s: could not be prepared: %s", entry.name, error)
            done = False
        if not done:
            self._tried[entry.key] = time.monotonic()


@contextmanager
def only_one(var: Path, stop: threading.Event) -> Iterator[None]:
    """Wait until no other supervisor has this folder, or until we are to stop."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / LOCK).open("w") as lock:
        while not stop.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                stop.wait(LOOK_SECONDS)
        yield


def watch_where_nobody_does(settings: Settings, stop: threading.Event) -> None:
    """Keep the index up to date until ``stop`` is set, but only while no supervisor is here.

    It holds the lock for a look at a time, so that a server that starts gets it.
    """
    limits = PrepareLimits(settings.prepare_seconds, settings.prepare_mb, settings.allow_pickle)
    preparer = prepare_in_child(limits, stop.is_set)
    watcher = Watcher(settings.models_folder, settings.var_dir, preparer)
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    while not stop.wait(LOOK_SECONDS):
        try:
            with (settings.var_dir / LOCK).open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                watcher.look()
        except BlockingIOError:
            continue
        except OSError as error:
            _log.warning("can't look: %s", error)
    watcher.finish()


def main(arguments: Sequence[str]) -> int:
    """Look until the parent ends or a signal comes.

    The argument is the parent's process number: it may have ended before we could ask.
    """
    parent = int(arguments[0]) if arguments else os.getppid()
    try:
        settings = Settings.read()
    except SettingError as error:
        print(f"everycase: {error}", file=sys.stderr)
        return 1
    logging_setup.configure(settings.log_format, settings.log_level)
    stop = threading.Event()

    def ended(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ended)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches gunicorn, and that ends us
    threading.Thread(target=_follow, args=(parent, stop), daemon=True).start()
    with only_one(settings.var_dir, stop):
        jobs = work(settings, stop) if settings.jobs else None
        look_after(settings, stop)
        if jobs is not None:
            jobs.join(STOP_SECONDS)
    return 0


def work(settings: Settings, stop: threading.Event) -> threading.Thread:
    """Begin what one process for all machines can do: jobs, the clock and chores.

    The thread ends when the job at work has ended after a stop.
    """
    due = scheduled.usual(demo=settings.demo, alert=bool(settings.alert_webhook_url))
    threading.Thread(target=scheduled.keep, args=(due, stop), daemon=True).start()
    jobs = threading.Thread(target=scheduled.keep_consumer, args=(stop,), daemon=True)
    jobs.start()
    return jobs


def look_after(settings: Settings, stop: threading.Event) -> None:
    """See to the models of this machine, until ``stop`` is set."""
    if settings.is_mirrored:
        _mirror(settings, stop)
    watch(settings, stop)


def _mirror(settings: Settings, stop: threading.Event) -> None:
    """Look at the registry or bucket now and then, in a thread: other chores can't delay it."""
    pause = float(settings.models_seconds)
    sync = scheduled.Chore(("sync", "--changes"), every=pause, retry=pause, limit=MIRROR_SECONDS)
    threading.Thread(target=scheduled.keep, args=([sync], stop), daemon=True).start()


def watch(settings: Settings, stop: threading.Event) -> None:
    """Look again and again until ``stop`` is set."""
    limits = PrepareLimits(settings.prepare_seconds, settings.prepare_mb, settings.allow_pickle)
    preparer = prepare_in_child(limits, stop.is_set)
    if not stop.is_set():
        forget_stale(settings.var_dir / RECORDS, preparer.rules)
    watcher = Watcher(settings.models_folder, settings.var_dir, preparer)
    while not stop.is_set():
        try:
            watcher.look()
        except OSError as error:
            _log.warning("can't look: %s", error)
        stop.wait(LOOK_SECONDS)
    watcher.finish()


def _follow(parent: int, stop: threading.Event) -> None:
    """Stop when the parent is gone, and by force when a look then takes too long."""
    while os.getppid() == parent and not stop.is_set():
        time.sleep(LOOK_SECONDS)
    stop.set()
    time.sleep(STOP_SECONDS)  # for the child to be ended and the index to be whole
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
