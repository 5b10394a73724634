"""Keeps the records: prepares what needs it, one model at a time, each in a process of its own."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from webapp.catalog.digest import OWN_FOLDER, model_digest
from webapp.catalog.prepared import (
    FACTS,
    Facts,
    Prepared,
    PreparedError,
    read_facts,
    read_prepared,
    write_prepared,
)
from webapp.catalog.scan import Entry
from webapp.child import ChildResult, run_child

# Between a stored table and the model's answers. Keras computes in float32, which comes out
# differently on processors with other instructions.
TOLERANCE, TOLERANCE_FLOAT32 = 1e-9, 1e-6
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """What preparing one model may cost."""

    seconds: float = 120
    megabytes: int = 4096
    allow_pickle: bool = False


Runner = Callable[[Path, Path], ChildResult]  # (model folder, place) -> what became of it


def prepare_in_child(limits: Limits, stopped: Callable[[], bool] = lambda: False) -> Runner:
    """A runner that prepares in a limited process."""

    def run(folder: Path, place: Path) -> ChildResult:
        flags = ["--allow-pickle"] if limits.allow_pickle else []
        return run_child(
            "webapp.catalog.prepare",
            [str(folder), str(place), *flags],
            seconds=limits.seconds,
            megabytes=limits.megabytes,
            stopped=stopped,
        )

    return run


def make_record(folder: Path, entry: Entry, place: Path, run: Runner) -> None:
    """Prepare a version into its record at ``place``, and hold it against the table it carries.

    Whatever goes wrong with the model becomes the record's reason. A folder that changes meanwhile
    leaves no record: the next look has another key.
    """
    draft = place.with_name(f".{place.name}-draft")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        facts = _prepared_or_reason(folder, draft, run)
        if facts is not None:
            _store(folder, draft, place, facts)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _log.info("%s: %s", entry.name, "looked at" if facts else "changed meanwhile")


def forget_transient(records: Path) -> None:
    """Remove the records of failures that may not come again: time, memory, a crash."""
    for place in records.iterdir() if records.is_dir() else []:
        try:
            transient = read_facts(place).transient
        except PreparedError:
            transient = (place / FACTS).exists()  # of another format, or torn
        if transient:
            shutil.rmtree(place, ignore_errors=True)


def difference(ours: Prepared, theirs: Prepared) -> str | None:
    """Where a stored table disagrees with the model's answers, or None."""
    if ours.features != theirs.features:
        return f"it is about {', '.join(ours.features.names)}"
    apart = np.abs(ours.scores - theirs.scores)
    case = int(apart.argmax())
    if apart[case] <= (TOLERANCE_FLOAT32 if theirs.facts.flavor == "keras" else TOLERANCE):
        return None
    return f"by up to {apart[case]:.3g} (case {case})"


def carried_by(folder: Path) -> Prepared | None:
    """The prepared version that a model's folder carries, when it is whole."""
    try:
        return read_prepared(folder / OWN_FOLDER)
    except PreparedError:
        return None


def _prepared_or_reason(folder: Path, draft: Path, run: Runner) -> Facts | None:
    try:
        digest = model_digest(folder)
    except OSError:
        return None
    result = run(folder, draft)
    if result.ok:
        try:
            return read_facts(draft)
        except PreparedError as error:
            return Facts(digest, reason=str(error))
    if result.reason and "changed while it was being prepared" in result.reason:
        return None
    if result.reason == "was stopped":
        return None
    reason = str(result.reason).removeprefix("ended with: ")
    return Facts(digest, reason=_said(reason), transient=result.transient)


def _said(reason: str) -> str:
    """A child's end as a sentence about its model."""
    if reason.endswith("isn't installed here"):
        return f"{reason}, and it carries no score table to be served from"
    return f"preparing it {reason}"


def _store(folder: Path, draft: Path, place: Path, facts: Facts) -> None:
    carried = carried_by(folder)
    if facts.reason is not None:
        if carried is not None and "isn't installed here" in facts.reason:
            missing = facts.reason.partition(" isn't")[0]
            note = f"Served from its stored table, which {missing} would be needed to check."
            kept = replace(carried.facts, notes=(note,))
            write_prepared(place, kept, carried.scores, carried.baseline)
        else:
            write_prepared(place, facts)
        return
    prepared = read_prepared(draft)
    apart = difference(carried, prepared) if carried is not None else None
    if apart is not None:
        reason = f"its stored score table disagrees with its model {apart}"
        write_prepared(place, replace(facts, reason=reason))
    else:
        write_prepared(place, prepared.facts, prepared.scores, prepared.baseline)
