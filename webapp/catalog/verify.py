"""Verification: do the stored score tables still equal their models?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from webapp.catalog.digest import OWN_FOLDER
from webapp.catalog.index import RECORDS
from webapp.catalog.keeper import (
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
from webapp.catalog.prepared import (
    FACTS,
    Facts,
    Prepared,
    PreparedError,
    read_prepared,
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
        outcome: Outcome = "unchecked" if absent(found.reason) else "wrong"
        return Verdict(entry.name, outcome, str(found.reason))
    verdict = _compare(entry.name, _stored(folder, record), found)
    if isinstance(verdict, Facts):
        store(verdict, record, preparer.rules)
        return Verdict(entry.name, "wrong", str(verdict.reason))
    if verdict.outcome == "ok" and is_finding(record):  # an older one, that holds no more
        store(found, record, preparer.rules)
    return verdict


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
        theirs = read_prepared(stored)
    except PreparedError as error:
        return Verdict(name, "wrong", str(error))
    if theirs.facts.digest != found.facts.digest:
        return Verdict(name, "wrong", "its files changed after its table was made")
    apart = difference(theirs, found)
    if apart is not None:
        return disagreeing(found, apart)
    return Verdict(name, "ok", f"{len(found.scores):,} cases agree")
