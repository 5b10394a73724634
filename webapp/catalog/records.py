"""Keeps the records: prepares what needs it, one model at a time, each in a process of its own."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from webapp.catalog.digest import OWN_FOLDER, model_digest
from webapp.catalog.environment import rules
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
from webapp.limited_process import ChildResult, run_child

# Between a stored table and the model's answers. Keras computes in float32, which comes out
# differently on processors with other instructions.
TOLERANCE, TOLERANCE_FLOAT32 = 1e-9, 1e-6
DRAFT_PREFIX = ".draft-"
_DRAFT_SECONDS = 7200  # older ones were left by a process that was killed
_ABSENT = "isn't installed here"
_ENDED = "ended with: "
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """What preparing one model may cost."""

    seconds: float = 120
    megabytes: int = 4096
    allow_pickle: bool = False


Runner = Callable[[Path, Path], ChildResult]  # (model folder, place) -> what became of it


@dataclass(frozen=True)
class Preparer:
    """How models are prepared here, and under which rules (see environment.rules)."""

    run: Runner
    rules: str = ""


def prepare_in_child(limits: Limits, stopped: Callable[[], bool] = lambda: False) -> Preparer:
    """Prepares in a limited process, which ends early when ``stopped`` says so."""

    def run(folder: Path, place: Path) -> ChildResult:
        flags = ["--allow-pickle"] if limits.allow_pickle else []
        return run_child(
            "webapp.catalog.prepare",
            [str(folder), str(place), *flags],
            seconds=limits.seconds,
            megabytes=limits.megabytes,
            is_stopped=stopped,
        )

    return Preparer(run, rules(allow_pickle=limits.allow_pickle))


def make_record(folder: Path, entry: Entry, place: Path, preparer: Preparer) -> bool:
    """Prepare a version into its record at ``place``, and hold it against the table it carries.

    Whatever goes wrong with the model becomes the record's reason. A folder that changes
    meanwhile, or a stop, leaves no record: then the answer is False. Raises OSError.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=DRAFT_PREFIX, dir=place.parent) as scratch:
        found = run_once(folder, Path(scratch) / "prepared", preparer.run)
        if found is not None:
            store(_held_against(carried_by(folder), found), place, preparer.rules)
    _log.debug("%s: %s", entry.name, "looked at" if found else "changed or stopped meanwhile")
    return found is not None


def run_once(folder: Path, draft: Path, run: Runner) -> Prepared | Facts | None:
    """A model's prepared version, or facts with the reason why there is none.

    None when the folder changed meanwhile, or when the run was stopped.
    """
    try:
        digest = model_digest(folder)
        result = run(folder, draft)
        if result.reason == "was stopped" or model_digest(folder) != digest:
            return None
    except FileNotFoundError:  # a file was removed while it was read
        return None
    if result.reason is not None:
        return Facts(digest, reason=_said(result.reason), transient=True)
    try:
        facts = read_facts(draft)
        return facts if facts.reason is not None else read_prepared(draft)
    except PreparedError:  # the model's own code ended the process, or reached for our files
        return Facts(digest, reason="preparing it ended without an answer", transient=True)


def store(found: Prepared | Facts, place: Path, rules: str) -> None:
    """Write what was found as the record at ``place``. Raises OSError."""
    if isinstance(found, Facts):
        write_prepared(place, replace(found, rules=rules))
    else:
        write_prepared(place, replace(found.facts, rules=rules), found.scores, found.baseline)


def forget_stale(
    records: Path, rules: str, *, transient: bool = True, now: float | None = None
) -> None:
    """Remove the records that were made under other rules, and those that are transient."""
    for place in records.iterdir() if records.is_dir() else []:
        if place.name.startswith("."):
            stale = _is_old(place, time.time() if now is None else now)
        else:
            stale = place.is_dir() and _is_stale(place, rules, transient)
        if stale:
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


def absent(reason: str | None) -> str | None:
    """The package whose absence a reason tells of, or None."""
    if reason is None or _ABSENT not in reason:
        return None
    return reason.removeprefix(_ENDED).partition(f" {_ABSENT}")[0]


def _is_stale(place: Path, rules: str, transient: bool) -> bool:
    try:
        facts = read_facts(place)
        if facts.reason is None:
            read_prepared(place)
    except PreparedError:  # of another format, or torn
        return True
    return facts.rules != rules or (transient and facts.transient)


def _is_old(place: Path, now: float) -> bool:
    try:
        return place.stat().st_mtime < now - _DRAFT_SECONDS
    except OSError:
        return False


def _said(reason: str) -> str:
    """A child's end as a sentence about its model."""
    package = absent(reason)
    if package is not None:
        return f"{package} {_ABSENT}, and it carries no score table to be served from"
    return f"preparing it {reason}"


def _held_against(carried: Prepared | None, found: Prepared | Facts) -> Prepared | Facts:
    """What is to be recorded, given the table that the version carries."""
    if isinstance(found, Prepared):
        apart = difference(carried, found) if carried is not None else None
        return found if apart is None else disagreeing(found, apart)
    package = absent(found.reason) if found.transient else None
    if carried is None or package is None or carried.facts.digest != found.digest:
        return found
    note = f"Served from its stored table, which {package} would be needed to check."
    return replace(carried, facts=replace(carried.facts, notes=(note,), transient=True))


def disagreeing(found: Prepared, apart: str) -> Facts:
    """The finding that a stored table is not what its model answers."""
    reason = f"its stored score table disagrees with its model {apart}"
    return replace(found.facts, reason=reason)


def is_finding(record: Path) -> bool:
    """Does a record say why its version can't be served?"""
    try:
        return (record / FACTS).is_file() and read_facts(record).reason is not None
    except PreparedError:
        return True
