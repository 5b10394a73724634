"""Check what a model answered in its own environment, and write its prepared version.

``python -m webapp.catalog.venvs.outcome MODEL_FOLDER PLACE [--positive CLASS]`` reads two lines
from standard input: the environment, and what the program wrote there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from webapp.cases import shorten
from webapp.catalog.answers import check_classes
from webapp.catalog.code import own_code
from webapp.catalog.environment import LOADING_FAILED
from webapp.catalog.error_text import show_name
from webapp.catalog.inputs import check_example, check_order, fitted_names, read_features
from webapp.catalog.loaded_model import LoadedModel
from webapp.catalog.mends import flavor_of
from webapp.catalog.mlmodel import read_flavors
from webapp.catalog.prepare import (
    CHANGED,
    ChangedError,
    Examination,
    find_pickle,
    prepare_by,
    score,
)
from webapp.catalog.prepared import PreparedError
from webapp.catalog.signature import read_metadata
from webapp.grammar import cut

_UNREADABLE = "Preparing it ended without a result that can be read"


class RecordedAnswers:
    """Answers in the order in which they were asked for, as a model gives them."""

    def __init__(self, answers: Any) -> None:
        self._waiting: Iterator[Any] = iter(answers)

    def __call__(self, _rows: Any) -> Any:
        """The next answer, whatever the rows are."""
        answer = next(self._waiting, None)
        try:
            return _as_answer(answer)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PreparedError(_UNREADABLE) from error


class _Table:
    """Values whose columns have names, as a frame's have."""

    def __init__(self, values: Any, columns: Sequence[Any]) -> None:
        self._values, self.columns = values, columns

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self._values, dtype=dtype)


def _as_answer(answer: Any) -> Any:
    shape = tuple(int(size) for size in answer["shape"])
    if answer["kind"] == "f":
        values = np.array(answer["values"], dtype=np.float64).reshape(shape)
    else:  # classes or texts, which are refused for what they are
        values = np.broadcast_to(np.zeros((), dtype=str(answer["kind"])), shape)
    return values if answer["names"] is None else _Table(values, answer["names"])


def examine_answers(
    folder: Path, environment: Mapping[str, Any], report: Mapping[str, Any], choice: str | None
) -> Examination:
    """A model's features, scores and other facts by what the program reports.

    Raises PreparedError.
    """
    _refuse_failed(report)
    flavors = read_flavors(folder)
    metadata = read_metadata(folder)
    check_example(folder, metadata)
    estimator = SimpleNamespace()
    if report["names"] is not None:
        estimator.feature_names_in_ = [str(name) for name in report["names"]]
    if report["width"] is not None:
        estimator.n_features_in_ = int(report["width"])
    features = read_features(metadata.signature, estimator)
    order = fitted_names(estimator)
    if order is not None:
        check_order(features, order)
    classes = () if report["classes"] is None else check_classes(report["classes"])
    flavor = flavor_of(flavors)
    ask = RecordedAnswers(report["asked"])
    model = LoadedModel(flavor, estimator, ask, classes, is_proba=bool(report["is_proba"]))
    rows = np.arange(features.cases)
    scores, details = score(folder, flavors, metadata, features, model, rows, choice)
    details["code"] = own_code(folder, flavors) or find_pickle(folder, flavors)
    details["answered_by"] = _versions(environment, details["environment"])
    details["cost"] = {key: float(environment[key]) for key in ("seconds", "megabytes")}
    return features, scores, details


def _refuse_failed(report: Mapping[str, Any]) -> None:
    """Raise PreparedError if the program says why there are no answers."""
    if "refusal" in report:
        raise PreparedError(cut(str(report["refusal"]), 1000))
    if "missing" in report:
        name = show_name(str(report["missing"]))
        raise PreparedError(
            f"Its own environment lacks {name}: add the package to its requirements.txt"
        )
    if "error" in report:
        kind, text = report["error"]
        raise PreparedError(f"{LOADING_FAILED}: {shorten(str(kind))}: {cut(str(text))}")


def _versions(environment: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """The versions that answered, of those packages that the model was saved with."""
    versions = {"python": str(environment["versions"]["python"])}
    for name in names:
        version = environment["versions"].get(name) or environment["versions"].get(f"{name}-cpu")
        if version and name != "python":
            versions[name] = str(version)
    return versions


def main(arguments: Sequence[str]) -> int:
    """Run the child process; returns 0 when PLACE holds a prepared version or a refusal."""
    folder, place, options = Path(arguments[0]), Path(arguments[1]), arguments[2:]
    positive = options[options.index("--positive") + 1] if "--positive" in options else None

    def look() -> Examination:
        try:
            report = json.loads(rest)
            return examine_answers(folder, json.loads(first), report, positive)
        except (ValueError, TypeError, KeyError, RecursionError, AttributeError) as error:
            if isinstance(error, PreparedError):
                raise
            raise PreparedError(_UNREADABLE) from error

    first, _, rest = sys.stdin.buffer.read().partition(b"\n")
    try:
        prepare_by(folder, place, look)
    except ChangedError as error:
        print(error, file=sys.stderr)
        return CHANGED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
