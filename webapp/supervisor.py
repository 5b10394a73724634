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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from webapp.catalog.index import RECORDS, write_index
from webapp.catalog.keeper import Limits, Runner, forget_transient, make_record, prepare_in_child
from webapp.catalog.scan import Entry, Scanner
from webapp.settings import SettingError, Settings

LOOK_SECONDS = 0.5
LOCK = "supervisor.lock"
_log = logging.getLogger("everycase.supervisor")


class Watcher:
    """Scans, keeps the index up to date, and prepares one version at a time meanwhile."""

    def __init__(self, models: Path, var: Path, run: Runner) -> None:
        self._models = models
        self._var = var
        self._run = run
        self._scanner = Scanner(models, var / RECORDS)
        self._last: tuple[Entry, ...] | None = None
        self._working: threading.Thread | None = None

    def look(self) -> tuple[Entry, ...]:
        """One look: the index follows the folder, and work is begun where there is some."""
        entries = self._scanner.scan()
        if entries != self._last:
            for entry in set(entries) - set(self._last or ()):
                _log.info("%s: %s %s", entry.name, entry.status, entry.reason or "")
            write_index(self._var, self._models, entries)
            self._last = entries
        waiting = [e for e in entries if e.status == "preparing" and e.settled]
        if waiting and (self._working is None or not self._working.is_alive()):
            self._working = threading.Thread(target=self._prepare, args=(waiting[0],), daemon=True)
            self._working.start()
        return entries

    def finish(self) -> None:
        """Wait for the work at hand, which a stop ends early."""
        if self._working is not None:
            self._working.join(5)

    def _prepare(self, entry: Entry) -> None:
        try:
            place = self._scanner.record(entry.key)
            make_record(self._models / entry.name, entry, place, self._run)
        except OSError as error:  # a full disk, say: tried again at the next look
            _log.warning("%s: could not be prepared: %s", entry.name, error)
            time.sleep(5)


@contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Wait until no other supervisor has this folder."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Look until the parent ends or a signal comes."""
    try:
        settings = Settings.read()
    except SettingError as error:
        print(f"everycase: {error}", file=sys.stderr)
        return 1
    logging.basicConfig(
        level=settings.log_level, stream=sys.stdout, format="[supervisor] %(message)s"
    )
    parent = os.getppid()
    stop = threading.Event()

    def ended(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ended)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches gunicorn, and that ends us
    threading.Thread(target=_follow, args=(parent, stop), daemon=True).start()
    limits = Limits(settings.prepare_seconds, settings.prepare_mb, settings.allow_pickle)
    with only_one(settings.var_dir):
        forget_transient(settings.var_dir / RECORDS)
        run = prepare_in_child(limits, stop.is_set)
        watcher = Watcher(settings.models_uri, settings.var_dir, run)
        while not stop.is_set():
            try:
                watcher.look()
            except OSError as error:
                _log.warning("can't look: %s", error)
            stop.wait(LOOK_SECONDS)
    watcher.finish()
    return 0


def _follow(parent: int, stop: threading.Event) -> None:
    """Say when the parent is gone: also while we wait for the lock, where there's no other way."""
    while os.getppid() == parent and not stop.is_set():
        time.sleep(0.5)
    stop.set()
    time.sleep(5)  # for the child to be ended and the index to be whole
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
