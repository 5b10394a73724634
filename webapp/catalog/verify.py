"""Verification: do the stored score tables still equal their models?"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from webapp.catalog.digest import OWN_FOLDER
from webapp.catalog.index import RECORDS
from webapp.catalog.keeper import Runner, difference, make_record
from webapp.catalog.prepared import (
    FACTS,
    PreparedError,
    read_facts,
    read_prepared,
    write_prepared,
)
from webapp.catalog.scan import Entry, Scanner

Outcome = Literal["ok", "unchecked", "wrong"]


@dataclass(frozen=True)
class Verdict:
    """What verifying one version came to."""

    name: str
    outcome: Outcome
    detail: str


def list_versions(models: Path, var: Path, run: Runner) -> tuple[Entry, ...]:
    """Every version; what is not prepared yet is prepared first."""
    scanner = Scanner(models, var / RECORDS)
    for entry in scanner.scan():
        if entry.status == "preparing":
            make_record(models / entry.name, entry, scanner.record(entry.key), run)
    return scanner.scan()


def verify(models: Path, var: Path, names: tuple[str, ...], run: Runner) -> Iterator[Verdict]:
    """Ask each model anew and compare; a table that is wrong is not served from now on."""
    scanner = Scanner(models, var / RECORDS)
    for entry in scanner.scan():
        if not names or entry.name in names:
            yield _verify_one(models / entry.name, entry, scanner.record(entry.key), run)


def _verify_one(folder: Path, entry: Entry, record: Path, run: Runner) -> Verdict:
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "prepared"
        result = run(folder, place)
        if not result.ok:
            reason = str(result.reason).removeprefix("ended with: ")
            absent = reason.endswith("isn't installed here")
            return Verdict(entry.name, "unchecked" if absent else "wrong", reason)
        facts = read_facts(place)
        if facts.reason is not None:
            return Verdict(entry.name, "wrong", facts.reason)
        stored = folder / OWN_FOLDER if (folder / OWN_FOLDER / FACTS).is_file() else record
        if not (stored / FACTS).is_file():
            return Verdict(entry.name, "ok", "has no stored table; the model answers")
        try:
            theirs = read_prepared(stored)
        except PreparedError as error:
            return Verdict(entry.name, "wrong", str(error))
        if theirs.facts.digest != facts.digest:
            return Verdict(entry.name, "wrong", "its files changed after its table was made")
        apart = difference(theirs, read_prepared(place))
        if apart is None:
            shutil.rmtree(record, ignore_errors=True)  # an older finding holds no more
            return Verdict(entry.name, "ok", f"{len(theirs.scores):,} cases agree")
        reason = f"its stored score table disagrees with its model {apart}"
        write_prepared(record, replace(facts, reason=reason))
        return Verdict(entry.name, "wrong", reason)
