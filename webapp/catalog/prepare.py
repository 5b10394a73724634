"""Prepare an MLflow model in a process of its own.

``python -m webapp.catalog.prepare MODEL_FOLDER PLACE [--allow-pickle] [--no-code]
[--positive CLASS]`` writes a prepared version, or a refusal with its reason, to PLACE.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.answers import (
    ChoiceNeededError,
    Scores,
    check_repeated,
    pick_scores,
    read_answers,
)
from webapp.catalog.baseline import BaselineError, read_counts
from webapp.catalog.classes import match_class, plain_positive
from webapp.catalog.code import own_code, refuse_code, refuse_outside
from webapp.catalog.description import OUTCOME, Description, read_description
from webapp.catalog.digest import OWN_FOLDER, model_digest
from webapp.catalog.environment import LOADING_FAILED
from webapp.catalog.error_text import first_line
from webapp.catalog.failures import describe_failure
from webapp.catalog.file_checks import check_files
from webapp.catalog.flavors import load_model, loads_by_mlflow
from webapp.catalog.inputs import (
    check_example,
    explain_no_signature,
    fitted_names,
    make_cases,
    read_features,
)
from webapp.catalog.loaded_model import LoadedModel
from webapp.catalog.mends import flavor_of
from webapp.catalog.mlmodel import portable_paths, read_flavors
from webapp.catalog.prepared import BASELINE, Facts, PreparedError, check_table, write_prepared
from webapp.catalog.saved_environment import read_environment
from webapp.catalog.signature import read_metadata
from webapp.catalog.trust import check_types, no_pickle, refuse_pickle, refuse_unknown_types
from webapp.stats.counts import Counts

MISSING_RUNTIME = 78  # exit status: a package that the model needs is not installed
_CONFINED = (
    "A model may read its own folder, and neither write elsewhere, start processes nor use the "
    "network"
)
CHANGED = 79  # exit status: the folder changed meanwhile; try again
# A model's features, scores float64[2**d] and other facts
Examination = tuple[Features, NDArray[np.float64], dict[str, Any]]


class MissingRuntimeError(Exception):
    """A package that the model needs is not installed here."""


class ChangedError(Exception):
    """The model's files changed while it was being prepared."""


def prepare(
    folder: Path,
    place: Path,
    *,
    allow_pickle: bool = False,
    allow_code: bool = True,
    positive: str | None = None,
) -> Facts:
    """Prepare the model in ``folder`` into ``place`` and return its facts.

    ``positive`` is the class that a person chose. A model that can't be served gets a refusal.
    Raises MissingRuntimeError, OSError when the folder can't be read, and ChangedError when it
    changed meanwhile.
    """
    look = partial(
        examine, folder, allow_pickle=allow_pickle, allow_code=allow_code, positive=positive
    )
    return prepare_by(folder, place, look)


def prepare_by(folder: Path, place: Path, look: Callable[[], Examination]) -> Facts:
    """Prepare the model in ``folder`` as ``prepare`` does, with what ``look`` finds."""
    start = time.monotonic()
    digest = model_digest(folder)
    scores, baseline = None, None
    try:
        features, scores, details = look()
        is_turned = details.pop("is_turned")
        baseline, notes = _read_baseline(folder, features, is_turned=is_turned)
        facts = Facts(
            digest, features.names, notes=notes, positional=features.is_positional, **details
        )
    except PreparedError as error:
        scores = None
        facts = refusal_facts(folder, digest, error)
    if model_digest(folder) != digest:
        raise ChangedError("the folder changed while it was being prepared")
    seconds = round(time.monotonic() - start, 3)
    return write_prepared(place, replace(facts, seconds=seconds), scores, baseline)


def refusal_facts(folder: Path, digest: str, error: PreparedError) -> Facts:
    """The facts of a model that can't be served, with the reason for people."""
    classes = error.classes if isinstance(error, ChoiceNeededError) else ()
    reason = _strip_paths(folder, str(error)).rstrip(".")
    return Facts(digest, reason=reason, classes=classes)


def examine(
    folder: Path, *, allow_pickle: bool, allow_code: bool = True, positive: str | None = None
) -> Examination:
    """A model's features, scores float64[2**d] and other facts.

    ``is_turned`` is one of them: a person chose another class than its owner. Raises PreparedError
    and MissingRuntimeError.
    """
    flavors = read_flavors(folder)
    refuse_outside(folder, flavors)
    check_files(folder, flavors)
    if not allow_pickle:
        refuse_pickle(folder, flavors)
        check_types(folder, flavors)
    if not allow_code:
        refuse_code(folder, flavors)
        refuse_unknown_types(folder, flavors)
    try:
        guard = nullcontext() if allow_pickle else no_pickle(flavor_of(flavors))
        is_mlflow = loads_by_mlflow(flavors, allow_pickle=allow_pickle)
        with guard, portable_paths(folder) if is_mlflow else nullcontext():
            features, scores, details = _load_and_ask(
                folder, flavors, positive, allow_pickle=allow_pickle
            )
    except (Exception, SystemExit) as error:
        raise _root_cause(error, folder) from error
    code = own_code(folder, flavors) or find_pickle(folder, flavors)
    return features, scores, details | {"code": code}


def find_pickle(folder: Path, flavors: dict[str, Any]) -> str | None:
    """What of the model was a pickle, which is code, too; None if nothing was."""
    try:
        refuse_pickle(folder, flavors)
    except PreparedError:
        return "in a pickle"
    return None


def _root_cause(error: BaseException, folder: Path) -> Exception:
    """The root of an error that mlflow may have wrapped in others, as one of our exceptions."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, (PreparedError, MemoryError)):
            return link
        if isinstance(link, ModuleNotFoundError):
            return MissingRuntimeError(f"{link.name} isn't installed here")
        if isinstance(link, PermissionError):
            return PreparedError(f"{LOADING_FAILED}: {first_line(error)}. {_CONFINED}")
        link = link.__cause__ or link.__context__
    return PreparedError(describe_failure(error, folder))


def _strip_paths(folder: Path, text: str) -> str:
    """A message without this machine's paths, as anybody may read the reason."""
    return text.replace(f"{folder}/", "").replace(str(folder), folder.name)


def _load_and_ask(
    folder: Path, flavors: dict[str, Any], choice: str | None, *, allow_pickle: bool
) -> Examination:
    metadata = read_metadata(folder)
    check_example(folder, metadata)
    read_description(folder, metadata.metadata)  # before the model is loaded
    model = load_model(folder, flavors, allow_pickle=allow_pickle)
    features = read_features(metadata.signature, model.estimator)
    rows = make_cases(metadata.signature, features, fitted_names(model.estimator, features))
    return features, *score(folder, flavors, metadata, features, model, rows, choice)


def score(
    folder: Path,
    flavors: dict[str, Any],
    metadata: Any,
    features: Features,
    model: LoadedModel,
    rows: Any,
    choice: str | None,
) -> tuple[NDArray[np.float64], dict[str, Any]]:
    """Ask a model for all ``rows``: scores float64[2**d] and other facts. Raises PreparedError."""
    wish = read_description(folder, metadata.metadata)
    with explain_no_signature(metadata.signature, model.estimator, folder):
        raw = model.ask(rows)
    answers = read_answers(raw, features.cases, flavor := flavor_of(flavors))
    check_table(answers.columns[:, -1], features)  # before anybody is asked to choose
    check_repeated(model.ask, rows, answers, features.cases, flavor)
    if model.classes:
        answers = replace(answers, classes=model.classes)
    scores = pick_scores(answers, wish, is_proba=model.is_proba, flavor=flavor, choice=choice)
    details = {
        "flavor": model.flavor,
        "environment": read_environment(folder, flavors),
        "training": _read_training(metadata.metadata),
        "classes": scores.classes,
        "positive": scores.positive,
        "is_turned": _is_turned(wish, scores),
    }
    return check_table(scores.table, features), details


def _is_turned(wish: Description, scores: Scores) -> bool:
    """True if the scores are those of the other class than the one that the model's owner means."""
    own = match_class(scores.classes, wish.positive) if wish.positive is not None else None
    own = plain_positive(scores.classes) if own is None else own
    return own is not None and own != scores.positive


def _read_training(metadata: Any) -> dict[str, Any]:
    """The training facts in a model's metadata; empty when they are not in our form."""
    facts = metadata.get(OWN_FOLDER) if isinstance(metadata, dict) else None
    if isinstance(facts, dict):
        facts = {key: value for key, value in facts.items() if key != OUTCOME}
    try:
        json.dumps(facts, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _read_baseline(
    folder: Path, features: Features, *, is_turned: bool
) -> tuple[Counts | None, tuple[str, ...]]:
    """The training counts in the folder, or a note why they can't be used.

    Its positives are of the class that the owner means; ``is_turned`` makes them the others.
    """
    file = folder / OWN_FOLDER / BASELINE
    if not file.is_file():
        return None, ()
    try:
        counts = read_counts(file, features.cases)
        return (Counts(counts.n, counts.n - counts.positives) if is_turned else counts), ()
    except BaselineError as error:
        return None, (
            f"Served without training counts: {OWN_FOLDER}/{BASELINE} is broken, {error}.",
        )


def main(arguments: Sequence[str]) -> int:
    """Run the child process; returns 0 when PLACE holds a prepared version or a refusal."""
    warnings.simplefilter("ignore")  # nobody reads what a model's libraries print here
    logging.disable(logging.CRITICAL)
    folder, place, options = Path(arguments[0]), Path(arguments[1]), arguments[2:]
    try:
        positive = options[options.index("--positive") + 1] if "--positive" in options else None
        prepare(
            folder,
            place,
            allow_pickle="--allow-pickle" in options,
            allow_code="--no-code" not in options,
            positive=positive,
        )
    except MissingRuntimeError as error:
        print(error, file=sys.stderr)
        return MISSING_RUNTIME
    except ChangedError as error:
        print(error, file=sys.stderr)
        return CHANGED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
