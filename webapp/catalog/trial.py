"""Prepare a model as a server does, before it is saved where servers look; and keep that work."""

from __future__ import annotations

from pathlib import Path

from webapp.catalog.prepared import Prepared, PreparedError
from webapp.catalog.preparer import Preparer
from webapp.catalog.records import run_once, write_record
from webapp.catalog.scan import Scanner
from webapp.catalog.scratch import scratch_folder


def try_out(folder: Path, preparer: Preparer) -> Prepared:
    """The prepared version of the model in a folder, of which no file is kept.

    Raises PreparedError if it can't be served.
    """
    with scratch_folder() as scratch:
        outcome = run_once(folder, scratch / "prepared", preparer.run)
    if isinstance(outcome, Prepared):
        return outcome
    reason = "its files changed meanwhile" if outcome is None else str(outcome.reason)
    raise PreparedError(reason)


def keep(prepared: Prepared, name: str, models: Path, records: Path, preparer: Preparer) -> None:
    """Write what ``try_out`` gave as the record of the version ``name``, saved in a folder since.

    So that it isn't prepared a second time. Raises OSError.
    """
    scanner = Scanner(models, records)
    for entry in scanner.scan():
        if entry.name == name and entry.digest == prepared.facts.digest and entry.choice is None:
            write_record(prepared, scanner.record(entry.key), preparer.rules)
