"""Prepare models, each in a limited process of its own, and keep the results as records."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np

from webapp.catalog.digest import OWN_FOLDER, model_digest
from webapp.catalog.environment import (
    FROM_TABLE,
    LOADING_FAILED,
    installed_digest,
)
from webapp.catalog.mends import install_mend
from webapp.catalog.prepared import (
    FACTS,
    Facts,
    Prepared,
    PreparedError,
    read_facts,
    read_prepared,
    write_prepared,
)
from webapp.catalog.preparer import Preparer, Runner
from webapp.catalog.scan import CatalogEntry
from webapp.catalog.scratch import check_draft, remove_folder, scratch_folder

# Largest difference between a stored table and the model's scores. What computes in float32 has
# results that depend on the processor's instructions.
_FLOAT32 = frozenset({"keras", "xgboost", "onnx"})
TOLERANCE, TOLERANCE_FLOAT32 = 1e-9, 1e-6
DRAFT_PREFIX = ".draft-"
_DRAFT_SECONDS = 7200  # older drafts were left by a killed process
_ABSENT = "isn't installed here"
_ENDED = "ended with: "
_STATUS = f"{_ENDED}status "
_KILLED = "crashed the interpreter (SIGKILL)"
_log = logging.getLogger(__name__)


def make_record(folder: Path, entry: CatalogEntry, place: Path, preparer: Preparer) -> bool:
    """Prepare a version into its record at ``place`` and check the table stored in its folder.

    A problem with the model becomes the record's reason. Returns False, without a record, if the
    folder changed meanwhile or the run was stopped. Raises OSError.
    """
    preparer = preparer.for_model(entry.digest)
    place.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(place.parent, DRAFT_PREFIX) as scratch:
        outcome = run_once(folder, scratch / "prepared", preparer.runner(entry.choice))
        if outcome is not None:
            write_record(
                _compare_with_carried(read_carried(folder), outcome), place, preparer.rules
            )
    _log.debug("%s: %s", entry.name, "prepared" if outcome else "changed or stopped meanwhile")
    return outcome is not None


def run_once(folder: Path, draft: Path, run: Runner) -> Prepared | Facts | None:
    """A model's prepared version, or facts with the reason why it can't be served.

    The folder of ``draft`` is the only one that the model can write to. None if the model's
    changed meanwhile or the run was stopped.
    """
    try:
        digest = model_digest(folder)
        result = run(folder, draft)
        if result.reason == _KILLED:  # by a person, or because another process took all memory
            draft = draft.with_name(f"{draft.name}-again")
            result = run(folder, draft)
        if result.reason == "was stopped" or model_digest(folder) != digest:
            return None
    except FileNotFoundError:  # a file was removed while the folder was read
        return None
    if result.reason is not None:
        return Facts(digest, reason=_describe_end(result.reason), transient=True)
    try:
        check_draft(draft)
        facts = read_facts(draft)
        return facts if facts.reason is not None else read_prepared(draft)
    except PreparedError:  # the model's own code ended the process or changed our files
        return Facts(digest, reason="Preparing it ended without a result", transient=True)


def write_record(outcome: Prepared | Facts, place: Path, rules: str) -> None:
    """Write a prepared version or a refusal as the record at ``place``. Raises OSError."""
    facts = outcome if isinstance(outcome, Facts) else outcome.facts
    made_in = installed_digest() if _depends_on_packages(facts) else ""
    facts = replace(facts, rules=rules, made_in=made_in)
    if isinstance(outcome, Facts):
        write_prepared(place, facts)
    else:
        write_prepared(place, facts, outcome.scores, outcome.baseline, outcome.out_of_fold)


def forget_stale(
    records: Path, *rules: str, transient: bool = True, now: float | None = None
) -> None:
    """Remove records made under other rules, and those that other packages may change.

    With ``transient`` also all others that may change without the files.
    """
    for place in records.iterdir() if records.is_dir() else []:
        if place.name.startswith("."):
            stale = _is_old(place, time.time() if now is None else now)
        else:
            stale = place.is_dir() and _is_stale(place, rules, transient)
        if stale:
            remove_folder(place)


def describe_difference(ours: Prepared, theirs: Prepared) -> str | None:
    """The difference of the stored table ``ours`` from the model's ``theirs``; None if equal."""
    if ours.features != theirs.features:
        return f"in its inputs ({', '.join(ours.features.names)})"
    gaps = np.abs(ours.scores - theirs.scores)
    case = int(gaps.argmax())
    if gaps[case] <= (TOLERANCE_FLOAT32 if theirs.facts.flavor in _FLOAT32 else TOLERANCE):
        return None
    return f"by up to {gaps[case]:.3g} (case {case})"


def read_carried(folder: Path) -> Prepared | None:
    """The prepared version inside a model's folder; None if there is none or it is damaged."""
    try:
        return read_prepared(folder / OWN_FOLDER)
    except PreparedError:
        return None


def missing_package(reason: str | None) -> str | None:
    """The package that a reason names as not installed, or None."""
    if reason is None or _ABSENT not in reason:
        return None
    return reason.removeprefix(_ENDED).partition(f" {_ABSENT}")[0]


def _is_stale(place: Path, rules: Collection[str], transient: bool) -> bool:
    try:
        facts = read_facts(place)
        if facts.reason is None:
            read_prepared(place)
    except PreparedError:  # of another format, or damaged
        return True
    if facts.made_in and facts.made_in != installed_digest():
        return True
    return facts.rules not in rules or (transient and facts.transient)


def _depends_on_packages(facts: Facts) -> bool:
    """True if a package that is installed or upgraded may lift a refusal, or check a table."""
    texts = (facts.reason or "", *facts.notes)
    return any(_ABSENT in text or text.startswith(LOADING_FAILED) for text in texts)


def _is_old(place: Path, now: float) -> bool:
    try:
        return place.stat().st_mtime < now - _DRAFT_SECONDS
    except OSError:
        return False


def _describe_end(reason: str) -> str:
    """A sentence about the model from the reason why its child process failed."""
    package = missing_package(reason)
    if package is not None:
        mend = install_mend(package)
        end = "" if mend is None else f": {mend}"
        return f"{package} {_ABSENT}, and the model has no stored score table{end}"
    if reason.startswith(_STATUS):  # nothing was said
        status = reason.removeprefix(_ENDED)
        return f"Preparing it ended with {status}: save it again without os._exit in its code"
    return f"Preparing it {reason}"


def _compare_with_carried(
    carried_version: Prepared | None, outcome: Prepared | Facts
) -> Prepared | Facts:
    """The outcome to record, given the prepared version that the folder carries, if any.

    A wrong table is a refusal. A table that can't be checked for want of a package is served.
    """
    if isinstance(outcome, Prepared):
        gap = describe_difference(carried_version, outcome) if carried_version is not None else None
        return outcome if gap is None else mismatch_facts(outcome, gap)
    package = missing_package(outcome.reason) if outcome.transient else None
    if carried_version is None or package is None or carried_version.facts.digest != outcome.digest:
        return outcome
    note = f"{FROM_TABLE}: unchecked, as {package} {_ABSENT}."
    return replace(
        carried_version, facts=replace(carried_version.facts, notes=(note,), transient=True)
    )


def mismatch_facts(prepared: Prepared, gap: str) -> Facts:
    """Facts that refuse a version because its stored table differs from its model's scores."""
    reason = f"Its stored score table differs from its model {gap}"
    return replace(prepared.facts, reason=reason)


def is_refusal(record: Path) -> bool:
    """True if a record holds the reason why its version can't be served, or is damaged."""
    try:
        return (record / FACTS).is_file() and read_facts(record).reason is not None
    except PreparedError:
        return True
