"""Verification: do the stored score tables still equal their models?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from webapp.catalog.digest import OWN_FOLDER
from webapp.catalog.index import RECORDS
from webapp.catalog.prepared import FACTS, Facts, Prepared, PreparedError, read_prepared
from webapp.catalog.records import (
    Preparer,
    absent,
    difference,
    disagreeing,
    forget_stale,
    is_finding,
    make_record,
    run_once,
    store,
)
from webapp.catalog.scan import Entry, Scanner

Outcome = Literal["ok", "unchecked", "wrong"]


@dataclass(frozen=True)
class Verdict:
    """What verifying one version came to."""

    name: str
    outcome: Outcome
    detail: str


def list_versions(models: Path, var: Path, preparer: Preparer) -> tuple[Entry, ...]:
    """Every version; what is not prepared yet is prepared first. Raises OSError."""
    forget_stale(var / RECORDS, preparer.rules, transient=False)
    scanner = Scanner(models, var / RECORDS)
    for entry in scanner.scan():
        if entry.status == "preparing":
            make_record(models / entry.name, entry, scanner.record(entry.key), preparer)
    return scanner.scan()


def verify(
    models: Path, var: Path, names: tuple[str, ...], preparer: Preparer
) -> Iterator[Verdict]:
    """Ask each model anew and compare; a table that is wrong is not served from now on.

    Raises OSError.
    """
    scanner = Scanner(models, var / RECORDS)
    for entry in scanner.scan():
        if names and entry.name not in names:
            continue
        if not entry.key:
            yield Verdict(entry.name, "wrong", entry.reason or "")
        else:
            yield _verify_one(models / entry.name, entry, scanner.record(entry.key), preparer)


def _verify_one(folder: Path, entry: Entry, record: Path, preparer: Preparer) -> Verdict:
    with tempfile.TemporaryDirectory() as scratch:
        found = run_once(folder, Path(scratch) / "prepared", preparer.run)
    if found is None:
        return Verdict(entry.name, "unchecked", "its files changed meanwhile")
    if isinstance(found, Facts):
        return _unanswered(entry.name, _stored(folder, record), found)
    verdict = _compare(entry.name, _stored(folder, record), found)
    if isinstance(verdict, Facts):
        store(verdict, record, preparer.rules)
        return Verdict(entry.name, "wrong", str(verdict.reason))
    if verdict.outcome == "ok" and is_finding(record):  # an older one, that holds no more
        store(found, record, preparer.rules)
    return verdict


def _unanswered(name: str, stored: Path | None, found: Facts) -> Verdict:
    """What can be said without the model's answers: damage shows all the same."""
    package = absent(found.reason)
    if package is None:
        return Verdict(name, "wrong", str(found.reason))
    try:
        if stored is not None:
            _intact(stored, found.digest)
    except PreparedError as error:
        return Verdict(name, "wrong", str(error))
    return Verdict(name, "unchecked", f"{package} isn't installed here")


def _stored(folder: Path, record: Path) -> Path | None:
    """Where a version's table stands: carried, made here, or nowhere."""
    carried = folder / OWN_FOLDER
    if (carried / FACTS).is_file():
        return carried
    return record if (record / FACTS).is_file() and not is_finding(record) else None


def _compare(name: str, stored: Path | None, found: Prepared) -> Verdict | Facts:
    """A stored table against the model's answers; Facts: a finding that is to be recorded."""
    if stored is None:
        return Verdict(name, "ok", "has no stored table; the model answers")
    try:
        theirs = _intact(stored, found.facts.digest)
    except PreparedError as error:
        return Verdict(name, "wrong", str(error))
    apart = difference(theirs, found)
    if apart is not None:
        return disagreeing(found, apart)
    return Verdict(name, "ok", f"{len(found.scores):,} cases agree")


def _intact(stored: Path, digest: str) -> Prepared:
    """The stored table, when it is whole and of these files. Raises PreparedError."""
    theirs = read_prepared(stored)
    if theirs.facts.digest != digest:
        raise PreparedError("its files changed after its table was made")
    return theirs
