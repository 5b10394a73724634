"""Prepared versions: a model's score table and facts as files, ready to serve without MLflow.

A prepared version is a folder that holds

- ``score_table.npy``: float64[2**d], P(label = 1) for every case (absent in a refusal);
- ``baseline.csv``: ``case,n,positives``, the training counts (absent if unknown);
- ``out_of_fold.csv``: the same events with out-of-fold scores (absent if unknown);
- ``facts.json``: features, digests of the other files, training facts, environment and warnings,
  or the reason why the version can't be served.

It is in ``everycase/`` inside the model folders that we write, and in ``var/catalog/<digest>/`` for
all others. It is written to a folder beside its place and moved there by one rename.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog import classes as class_names
from webapp.catalog.baseline import BaselineError, read_counts, write_counts
from webapp.catalog.digest import file_digest
from webapp.catalog.out_of_fold import OutOfFoldError, read_out_of_fold, write_out_of_fold
from webapp.grammar import quantity
from webapp.stats.counts import Counts
from webapp.stats.scored_counts import ScoredCounts

FORMAT = 1
TABLE, BASELINE, FACTS = "score_table.npy", "baseline.csv", "facts.json"
OUT_OF_FOLD = "out_of_fold.csv"
# Bytes: a table of 16 inputs has half a million, its training counts four times as many at most
MOST_BYTES = {FACTS: 1 << 20, TABLE: 1 << 20, BASELINE: 4 << 20, OUT_OF_FOLD: 32 << 20}
ROUNDING = 1e-6  # by how much a probability may leave 0 to 1: what float32's last bits amount to


class PreparedError(ValueError):
    """A version can't be served; the message is the reason, for a person to read."""


@dataclass(frozen=True)
class Facts:
    """Everything about a version but its numbers."""

    digest: str  # of the model's files, see digest.model_digest
    features: tuple[str, ...] = ()
    reason: str | None = None  # why it can't be served; None when it can
    flavor: str = ""  # sklearn, keras, python_function, …
    environment: dict[str, str] = field(default_factory=dict)  # {"python": …, "scikit-learn": …}
    training: dict[str, Any] = field(default_factory=dict)  # see training.fit.TrainingFacts
    table_sha256: str | None = None
    baseline_sha256: str | None = None
    out_of_fold_sha256: str | None = None
    seconds: float = 0.0  # that preparing took
    notes: tuple[str, ...] = ()  # sentences for the version's users
    transient: bool = False  # may change without the files: a limit, a crash, a missing package
    rules: str = ""  # what the checks depended on, see environment.describe_rules
    classes: tuple[str, ...] = ()  # the model's two, if it names them
    positive: str | None = None  # the class that the scores are probabilities of, if it has a name
    positional: bool = False  # the model names no inputs: they are G1…Gn by position
    made_in: str = ""  # digest of the installed packages, if others may lift a refusal
    answered_by: dict[str, str] = field(default_factory=dict)  # versions, if asked in its own
    cost: dict[str, float] = field(default_factory=dict)  # of that: "seconds" and "megabytes"
    code: str | None = None  # where it has code of its own, which ran as it was prepared
    format: int = FORMAT

    @property
    def needs_choice(self) -> bool:
        """True if it can be served as soon as somebody says which class is the positive one."""
        return self.reason is not None and bool(self.classes) and self.positive is None

    @property
    def build(self) -> str:
        """A digest of what decides the scores: the model's files, and a class that was chosen.

        Where the class is plain, it is that of the files.
        """
        if self.positive is None or self.positive == class_names.plain_positive(self.classes):
            return self.digest
        return hashlib.sha256(f"{self.digest}\0{self.positive}".encode()).hexdigest()

    def opposes(self, other: Facts) -> bool:
        """True if the other one's probability is that of the other one of the same two classes."""
        is_same_pair = bool(self.classes) and set(self.classes) == set(other.classes)
        return is_same_pair and self.positive != other.positive

    @property
    def meaning(self) -> dict[str, str] | None:
        """Its two classes as JSON, to be kept with outcomes of them; None without names."""
        if len({*self.classes}) != 2 or self.positive not in self.classes:
            return None
        (other,) = {*self.classes} - {self.positive}
        return {"positive": self.positive, "negative": other}

    def reverses(self, meaning: Mapping[str, str] | None) -> bool:
        """True if what was kept with a ``meaning`` is of the other one of its two classes."""
        mine = self.meaning
        if mine is None or not meaning:
            return False
        return (mine["positive"], mine["negative"]) == (meaning["negative"], meaning["positive"])

    @property
    def outcome(self) -> str | None:
        """What the scores are probabilities of, if it has a name that says more than yes."""
        return class_names.outcome_name(self.positive)


@dataclass(frozen=True)
class Prepared:
    """A prepared version in memory. ``scores`` is float64[2**d]; arrays are read-only.

    ``out_of_fold`` are the training events with scores of models that didn't see them.
    """

    facts: Facts
    features: Features
    scores: NDArray[np.float64]
    baseline: Counts | None
    out_of_fold: ScoredCounts | None = None

    def is_comparable(self, other: Prepared) -> bool:
        """True if both answer the same question: of the same inputs, with the same class."""
        return self.features == other.features and not self.facts.opposes(other.facts)


def check_table(scores: NDArray[Any], features: Features) -> NDArray[np.float64]:
    """The table as read-only float64[2**d]. Raises PreparedError if it isn't one.

    What leaves 0 to 1 by no more than ROUNDING is a rounding error, and is clipped.
    """
    if scores.shape != (features.cases,):
        raise PreparedError(
            f"The score table has the shape {scores.shape}; {features.cases} cases are needed"
        )
    if scores.dtype.kind != "f":
        raise PreparedError(f"The score table holds {scores.dtype}, not floating point numbers")
    table = scores.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(table))
    if bad.size:
        count = quantity(bad.size, "score is", "scores are")
        raise PreparedError(f"{count} not finite (first: case {bad[0]})")
    bad = np.flatnonzero((table < -ROUNDING) | (table > 1 + ROUNDING))
    if bad.size:
        count, score = quantity(bad.size, "score is", "scores are"), table[bad[0]]
        raise PreparedError(f"{count} not between 0 and 1 (first: case {bad[0]}, {score:.9g})")
    table = np.clip(table, 0.0, 1.0)
    table.flags.writeable = False
    return table


def write_prepared(
    place: Path,
    facts: Facts,
    scores: NDArray[np.float64] | None = None,
    baseline: Counts | None = None,
    out_of_fold: ScoredCounts | None = None,
) -> Facts:
    """Write a prepared version to ``place`` in one step, replacing what is there.

    Returns the facts as written, with the digests of the files. ``scores`` is None for a refusal.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        values = asdict(facts)
        if scores is not None:
            np.save(draft / TABLE, scores, allow_pickle=False)
            values["table_sha256"] = file_digest(draft / TABLE)
        if baseline is not None:
            write_counts(draft / BASELINE, baseline)
            values["baseline_sha256"] = file_digest(draft / BASELINE)
        if out_of_fold is not None:
            write_out_of_fold(draft / OUT_OF_FOLD, out_of_fold)
            values["out_of_fold_sha256"] = file_digest(draft / OUT_OF_FOLD)
        text = json.dumps(values, indent=2, sort_keys=True, allow_nan=False)
        (draft / FACTS).write_text(text + "\n", "utf-8")
        draft.chmod(0o755)
        _replace(draft, place)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return _parse_facts(values)


def read_facts(place: Path) -> Facts:
    """The facts of a prepared version. Raises PreparedError."""
    try:
        if (place / FACTS).stat().st_size > MOST_BYTES[FACTS]:
            raise ValueError("it is too large")
        values = json.loads((place / FACTS).read_text("utf-8"))
        facts = _parse_facts(values)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise PreparedError(f"{FACTS} can't be read: {error}") from error
    if facts.format != FORMAT:
        raise PreparedError(f"{FACTS} has format {facts.format}; this app reads format {FORMAT}")
    return facts


def read_prepared(place: Path) -> Prepared:
    """A prepared version with every digest checked. Raises PreparedError, also for a refusal."""
    facts = read_facts(place)
    if facts.reason is not None:
        raise PreparedError(facts.reason)
    _check_file(place / TABLE, facts.table_sha256)
    try:
        features = Features(facts.features, facts.positional)
    except ValueError as error:
        raise PreparedError(f"{FACTS} can't be used: {error}") from error
    scores = _read_table(place / TABLE)
    baseline = out_of_fold = None
    if facts.baseline_sha256 is not None:
        _check_file(place / BASELINE, facts.baseline_sha256)
        baseline = read_baseline(place / BASELINE, features.cases)
        out_of_fold = _read_folds(place, facts, baseline)
    return Prepared(facts, features, check_table(scores, features), baseline, out_of_fold)


def read_baseline(path: Path, cases: int) -> Counts:
    """Counts of ``cases`` cases from ``case,n,positives``. Raises PreparedError."""
    try:
        return read_counts(path, cases)
    except BaselineError as error:
        raise PreparedError(f"{path.name} can't be read: {error}") from error


def _read_folds(place: Path, facts: Facts, baseline: Counts) -> ScoredCounts | None:
    """The out-of-fold scores, if there are any. Raises PreparedError."""
    if facts.out_of_fold_sha256 is None:
        return None
    _check_file(place / OUT_OF_FOLD, facts.out_of_fold_sha256)
    try:
        return read_out_of_fold(place / OUT_OF_FOLD, baseline)
    except OutOfFoldError as error:
        raise PreparedError(f"{OUT_OF_FOLD} can't be read: {error}") from error


def _parse_facts(values: dict[str, Any]) -> Facts:
    """Facts from untrusted JSON values. Raises TypeError and ValueError."""
    lists: dict[str, Any] = {
        name: tuple(values[name]) for name in ("features", "notes", "classes") if name in values
    }
    facts = Facts(**{**values, **lists})
    mappings = (facts.environment, facts.training, facts.answered_by, facts.cost)
    if not all(isinstance(each, dict) for each in mappings):
        raise ValueError("its environment and training must be mappings")
    if not isinstance(facts.positional, bool):
        raise ValueError("positional must be true or false")
    texts: list[Any] = [facts.digest, facts.flavor, facts.rules, facts.made_in]
    texts += [*facts.features, *facts.notes, *facts.classes]
    digests = (facts.table_sha256, facts.baseline_sha256, facts.out_of_fold_sha256)
    for optional in (facts.reason, facts.positive, facts.code, *digests):
        texts += [] if optional is None else [optional]
    texts += [*facts.environment.values(), *facts.answered_by.values()]
    if not all(isinstance(value, str) for value in texts):
        raise ValueError("a value that must be text is not")
    return facts


def _read_table(path: Path) -> NDArray[Any]:
    try:
        with path.open("rb") as file:  # numpy would leave its own open for a damaged archive
            table = np.load(file, allow_pickle=False)
    except Exception as error:  # a crafted header fails in numpy, tokenize, zipfile, malloc …
        raise PreparedError(f"{path.name} can't be read: {error}") from error
    if not isinstance(table, np.ndarray):  # an archive of several
        raise PreparedError(f"{path.name} can't be read: it isn't a single table")
    return table


def _check_file(path: Path, digest: str | None) -> None:
    if not path.is_file():  # not a pipe or device either, where reading may never end
        raise PreparedError(f"{path.name} is missing")
    if path.stat().st_size > MOST_BYTES[path.name]:
        raise PreparedError(f"{path.name} is too large")
    try:
        actual = file_digest(path)
    except OSError as error:
        raise PreparedError(f"{path.name} can't be read: {error.strerror}") from error
    if actual != digest:
        raise PreparedError(f"{path.name} was changed after it was made")


def _replace(draft: Path, place: Path) -> None:
    """Move ``draft`` to ``place``. A rename can't replace a folder that isn't empty."""
    if place.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{place.name}-old-", dir=place.parent))
        place.replace(old)
        draft.replace(place)
        shutil.rmtree(old, ignore_errors=True)
    else:
        draft.replace(place)
