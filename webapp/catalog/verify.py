"""Verify that the stored score tables still equal their models' scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from webapp.catalog.classes import describe_choice
from webapp.catalog.digest import OWN_FOLDER
from webapp.catalog.index import RECORDS
from webapp.catalog.prepared import FACTS, Facts, Prepared, PreparedError, read_prepared
from webapp.catalog.preparer import Preparer
from webapp.catalog.records import (
    describe_difference,
    forget_stale,
    is_refusal,
    make_record,
    mismatch_facts,
    missing_package,
    run_once,
    write_record,
)
from webapp.catalog.scan import CatalogEntry, Scanner
from webapp.catalog.scratch import scratch_folder
from webapp.catalog.versions import VERSION_NAME

VerificationOutcome = Literal["ok", "unchecked", "wrong"]


@dataclass(frozen=True)
class Verification:
    """The result of verifying one version."""

    name: str
    outcome: VerificationOutcome
    detail: str


def list_versions(models: Path, var: Path, preparer: Preparer) -> tuple[CatalogEntry, ...]:
    """Prepare the versions that need it and list all. Raises OSError."""
    forget_stale(var / RECORDS, *preparer.all_rules, transient=False)
    scanner = Scanner(models, var / RECORDS)
    for entry in scanner.scan():
        if entry.status == "preparing":
            make_record(models / entry.name, entry, scanner.record(entry.key), preparer)
    return scanner.scan()


def verify(
    models: Path, var: Path, names: tuple[str, ...], preparer: Preparer
) -> Iterator[Verification]:
    """Score all cases with each model again and compare. A wrong table is not served any more.

    Raises OSError.
    """
    scanner = Scanner(models, var / RECORDS)
    for entry in scanner.scan():
        is_named = entry.name in names
        if names and not is_named:
            continue
        if not is_named and not VERSION_NAME.fullmatch(entry.name):
            continue  # a folder that can't be a version
        if not entry.key:
            yield Verification(entry.name, "wrong", entry.reason or "")
        else:
            yield _verify_one(models / entry.name, entry, scanner.record(entry.key), preparer)


def _verify_one(
    folder: Path, entry: CatalogEntry, record: Path, preparer: Preparer
) -> Verification:
    preparer = preparer.for_model(entry.digest)
    with scratch_folder() as scratch:
        outcome = run_once(folder, scratch / "prepared", preparer.runner(entry.choice))
    if outcome is None:
        return Verification(entry.name, "unchecked", "Its files changed meanwhile")
    if isinstance(outcome, Facts) and outcome.needs_choice:
        return Verification(entry.name, "unchecked", describe_choice(entry.name, outcome.classes))
    if isinstance(outcome, Facts):
        return _verify_unanswered(entry.name, _find_table(folder, record), outcome)
    verification = _compare_tables(entry.name, _find_table(folder, record), outcome)
    if isinstance(verification, Facts):
        write_record(verification, record, preparer.rules)
        return Verification(entry.name, "wrong", str(verification.reason))
    if verification.outcome == "ok" and is_refusal(record):  # an outdated refusal
        write_record(outcome, record, preparer.rules)
    return verification


def _verify_unanswered(name: str, place: Path | None, facts: Facts) -> Verification:
    """The result without the model's scores; a damaged table is found all the same."""
    package = missing_package(facts.reason)
    if package is None:
        return Verification(name, "wrong", str(facts.reason))
    try:
        if place is not None:
            _read_intact(place, facts.digest)
    except PreparedError as error:
        return Verification(name, "wrong", str(error))
    return Verification(name, "unchecked", f"{package} isn't installed here")


def _find_table(folder: Path, record: Path) -> Path | None:
    """The folder of a version's table: inside its own, the record, or None."""
    own_folder = folder / OWN_FOLDER
    if (own_folder / FACTS).is_file():
        return own_folder
    return record if (record / FACTS).is_file() and not is_refusal(record) else None


def _compare_tables(name: str, folder: Path | None, prepared: Prepared) -> Verification | Facts:
    """Compare a stored table with the model's scores. Facts are a refusal to be recorded."""
    if folder is None:
        return Verification(name, "ok", "No stored table; the model can be served")
    try:
        ours = _read_intact(folder, prepared.facts.digest)
    except PreparedError as error:
        return Verification(name, "wrong", str(error))
    gap = describe_difference(ours, prepared)
    if gap is not None:
        return mismatch_facts(prepared, gap)
    return Verification(name, "ok", f"{len(prepared.scores):,} cases agree")


def _read_intact(folder: Path, digest: str) -> Prepared:
    """The stored table, checked to be undamaged and of these files. Raises PreparedError."""
    version = read_prepared(folder)
    if version.facts.digest != digest:
        raise PreparedError("Its files changed after its table was made")
    return version
