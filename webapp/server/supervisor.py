"""The supervisor: one small process per machine, beside gunicorn's workers.

It watches the models folder, prepares new versions in processes of their own, and writes the index
that all web processes read. It ends with the process that started it.
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

from webapp.catalog.environment import installed_digest
from webapp.catalog.index import RECORDS, write_index
from webapp.catalog.preparer import Preparer
from webapp.catalog.records import (
    forget_stale,
    make_record,
)
from webapp.catalog.scan import SETTLE_SECONDS, CatalogEntry, Scanner
from webapp.confinement.confine import describe_confinement
from webapp.server import logging_setup, scheduled
from webapp.server.choice_copy import ChoiceCopy
from webapp.server.preparation import create_preparer
from webapp.settings import SettingError, Settings

SCAN_SECONDS = 0.5
RETRY_SECONDS = 5
PACKAGES_SECONDS = 10
STOP_SECONDS = 10
SYNC_LIMIT_SECONDS = 900.0  # to download all new versions
LOCK = "supervisor.lock"
_log = logging.getLogger("everycase.supervisor")


class Watcher:
    """Keeps the index up to date, and prepares one version at a time in a thread."""

    def __init__(
        self, models: Path, var: Path, preparer: Preparer, settle: float = SETTLE_SECONDS
    ) -> None:
        self._models = models
        self._var = var
        self._preparer = preparer
        self._scanner = Scanner(models, var / RECORDS, settle)
        self._last: tuple[CatalogEntry, ...] | None = None
        self._working: threading.Thread | None = None
        self._failures: dict[str, float] = {}  # key -> when preparing it left no record
        self._packages = (installed_digest(), time.monotonic())  # and when that was looked up

    def scan(self) -> tuple[CatalogEntry, ...]:
        """Scan the folder once: update the index, and start preparing what is new."""
        self._follow_packages()
        entries = self._scanner.scan()
        if entries != self._last:
            for entry in sorted(set(entries) - set(self._last or ()), key=lambda e: e.name):
                reason = f" {entry.reason}" if entry.reason else ""
                _log.info("%s: %s%s", entry.name, entry.status, reason)
            write_index(self._var, self._models, entries)
            self._last = entries
        if self._working is None or not self._working.is_alive():
            self._prepare_next(entries)
        return entries

    def _follow_packages(self) -> None:
        """Forget the refusals that a package may lift which was installed meanwhile."""
        digest, at = self._packages
        if time.monotonic() - at < PACKAGES_SECONDS:
            return
        self._packages = (installed_digest(), time.monotonic())
        if self._packages[0] != digest:
            forget_stale(self._var / RECORDS, *self._preparer.all_rules, transient=False)

    def finish(self) -> None:
        """Wait for the version being prepared, which a stop ends early."""
        if self._working is not None:
            self._working.join(5)

    def _prepare_next(self, entries: tuple[CatalogEntry, ...]) -> None:
        """Prepare the next version in a thread; one that just failed lets others go first."""
        since = time.monotonic() - RETRY_SECONDS
        self._failures = {key: when for key, when in self._failures.items() if when > since}
        for entry in entries:
            if entry.status == "preparing" and entry.settled and entry.key not in self._failures:
                self._working = threading.Thread(target=self._prepare, args=(entry,), daemon=True)
                self._working.start()
                return

    def _prepare(self, entry: CatalogEntry) -> None:
        place = self._scanner.record(entry.key)
        try:
            has_record = make_record(self._models / entry.name, entry, place, self._preparer)
        except OSError as error:  # a full disk, say
            _log.warning("%s: could not be prepared: %s", entry.name, error)
            has_record = False
        if not has_record:
            self._failures[entry.key] = time.monotonic()


@contextmanager
def only_one(var: Path, stop: threading.Event) -> Iterator[None]:
    """Hold the lock of this folder: waits while another supervisor has it, or until ``stop``."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / LOCK).open("w") as lock:
        while not stop.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                stop.wait(SCAN_SECONDS)
        yield


def _preparer(settings: Settings, stop: threading.Event) -> Preparer:
    if settings.runs_code:
        means = describe_confinement()
        _log.log(
            logging.WARNING if means == "nothing" else logging.INFO,
            "code that comes with models is confined by %s",
            means,
        )
    return create_preparer(settings, stop.is_set)


def watch_without_supervisor(settings: Settings, stop: threading.Event) -> None:
    """Keep the index up to date until ``stop`` is set, while this machine has no supervisor.

    The lock is held for one scan at a time, so that a server that starts can take it.
    """
    preparer = _preparer(settings, stop)
    watcher = Watcher(settings.models_folder, settings.var_dir, preparer)
    choices = ChoiceCopy(settings.database, settings.var_dir / RECORDS)
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    while not stop.wait(SCAN_SECONDS):
        try:
            with (settings.var_dir / LOCK).open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                choices.follow(watcher.scan())
        except BlockingIOError:
            continue
        except OSError as error:
            _log.warning("can't scan the models folder: %s", error)
    watcher.finish()


def main(arguments: Sequence[str]) -> int:
    """Supervise until the parent ends or a signal comes. Returns the exit status.

    The argument is the parent's process id: asked for here, it could be that of another process,
    because the parent may have ended already.
    """
    parent = int(arguments[0]) if arguments else os.getppid()
    try:
        settings = Settings.read()
    except SettingError as error:
        print(f"everycase: {error}", file=sys.stderr)
        return 1
    logging_setup.configure(settings.log_format, settings.log_level, settings.secrets)
    stop = threading.Event()

    def handle_signal(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, handle_signal)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for gunicorn, which ends this process
    threading.Thread(target=_end_with_parent, args=(parent, stop), daemon=True).start()
    with only_one(settings.var_dir, stop):
        jobs = start_work(settings, stop) if settings.jobs else None
        watch_models(settings, stop)
        if jobs is not None:
            jobs.join(STOP_SECONDS)
    return 0


def start_work(settings: Settings, stop: threading.Event) -> threading.Thread:
    """Start what one process can do for all machines: jobs, CLOCK and scheduled commands.

    Returns the thread of the jobs, which ends after ``stop`` once the running job has ended.
    """
    commands = scheduled.default_commands(
        demo=settings.demo, alert=bool(settings.alert_webhook_url)
    )
    threading.Thread(target=scheduled.run_scheduled, args=(commands, stop), daemon=True).start()
    jobs = threading.Thread(target=scheduled.run_consumer, args=(stop,), daemon=True)
    jobs.start()
    return jobs


def watch_models(settings: Settings, stop: threading.Event) -> None:
    """Sync and watch this machine's models until ``stop`` is set."""
    if settings.is_mirrored:
        _sync_regularly(settings, stop)
    watch_folder(settings, stop)


def _sync_regularly(settings: Settings, stop: threading.Event) -> None:
    """Check the registry or bucket in a thread of its own, so that no other command delays it."""
    pause = float(settings.models_seconds)
    sync = scheduled.ScheduledCommand(
        ("sync", "--changes"), every=pause, retry=pause, limit=SYNC_LIMIT_SECONDS
    )
    threading.Thread(target=scheduled.run_scheduled, args=([sync], stop), daemon=True).start()


def watch_folder(settings: Settings, stop: threading.Event) -> None:
    """Scan the models folder again and again until ``stop`` is set."""
    preparer = _preparer(settings, stop)
    if not stop.is_set():
        forget_stale(settings.var_dir / RECORDS, *preparer.all_rules)
    watcher = Watcher(settings.models_folder, settings.var_dir, preparer)
    choices = ChoiceCopy(settings.database, settings.var_dir / RECORDS)
    while not stop.is_set():
        try:
            choices.follow(watcher.scan())
        except OSError as error:
            _log.warning("can't scan the models folder: %s", error)
        stop.wait(SCAN_SECONDS)
    watcher.finish()


def _end_with_parent(parent: int, stop: threading.Event) -> None:
    """Stop when the parent is gone, by force if that takes too long."""
    while os.getppid() == parent and not stop.is_set():
        time.sleep(SCAN_SECONDS)
    stop.set()
    time.sleep(STOP_SECONDS)  # for the child to be ended and the index to be whole
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
