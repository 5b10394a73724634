"""The probabilities of a model: read from whatever form of answer it gives, and checked.

A model is asked for every case, and again in two halves in reverse order: an answer must depend on
its row alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import shorten
from webapp.catalog.classes import (
    class_text,
    list_classes,
    match_class,
    means_no,
    pair_with,
    plain_positive,
)
from webapp.catalog.description import Description
from webapp.catalog.mends import probability_mend
from webapp.catalog.prepared import PreparedError
from webapp.grammar import quantity

REPEATED = 1e-6  # largest difference of two answers to the same case: float32 on other row numbers
_KINDS = {"U": "texts", "S": "texts", "c": "complex numbers", "M": "times", "m": "durations"}
_SUM = 1e-3  # by how much two probabilities may miss 1


class ChoiceNeededError(PreparedError):
    """A person has to say which of two ``classes`` is the positive one."""

    def __init__(self, classes: tuple[str, ...]) -> None:
        super().__init__(f"Its classes are {list_classes(classes)}: choose the positive one")
        self.classes = classes


@dataclass(frozen=True)
class Answers:
    """Probabilities float64[cases, 1 or 2]; ``classes`` name two columns, if the model does."""

    columns: NDArray[np.float64]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scores:
    """P(positive) float64[cases]; the two classes and the positive one, if they have names."""

    table: NDArray[np.float64]
    classes: tuple[str, ...] = ()
    positive: str | None = None


def check_repeated(
    ask: Callable[[Any], Any], rows: Any, answers: Answers, cases: int, flavor: str
) -> None:
    """Ask a model again for all ``rows``. Raises PreparedError if it answers otherwise."""
    ends = (0, cases // 2, cases) if cases > 2 else (0, cases)  # a single row may lose its shape
    halves = [
        read_answers(ask(_reverse(rows, slice(start, end))), end - start, flavor).columns[::-1]
        for start, end in itertools.pairwise(ends)
    ]
    backwards = np.concatenate(halves)
    case = _first_difference(answers.columns, backwards)
    if case is not None:
        again = read_answers(ask(rows), cases, flavor).columns
        random_case = _first_difference(answers.columns, again)
        if random_case is not None:
            raise PreparedError(
                "It answers at random: asked twice, "
                + _describe_pair(answers.columns, again, random_case)
                + ". Save it without dropout, sampling or noise in its answers"
            )
        raise PreparedError(
            "Its answer to a row depends on the other rows: among others, "
            + _describe_pair(answers.columns, backwards, case)
            + ". Save it so that each row is answered by itself, with no ranks or means"
        )


def read_answers(raw: Any, cases: int, flavor: str) -> Answers:
    """Answers from what a model returned: a vector, or one or two columns. Raises PreparedError."""
    values, names = _as_columns(raw)
    _check_kind(values, flavor)
    if values.shape == (cases,):
        values = values[:, None]
    if values.ndim != 2 or values.shape[0] != cases or values.shape[1] not in (1, 2):
        raise PreparedError(_describe_shape(values, names, cases))
    columns = values.astype(np.float64)
    if columns.shape[1] == 2:
        if (np.abs(columns.sum(axis=1) - 1) > _SUM).any():
            raise PreparedError(
                "The two columns that it returns don't add up to 1. Return the probability alone, "
                "or a column for each class"
            )
        return Answers(columns, names)
    if names and means_no(names[0]):
        raise PreparedError(
            f"Its only column is named {shorten(names[0])}, so it seems to be the probability of a "
            "no. Return the probability of a yes, or a column for each class"
        )
    return Answers(columns)


def pick_scores(
    answers: Answers, wish: Description, *, is_proba: bool, flavor: str, choice: str | None = None
) -> Scores:
    """The scores of the positive class: that of a ``choice``, the owner's ``wish``, or a plain one.

    ``is_proba``: the answers come from predict_proba. Raises PreparedError, and ChoiceNeededError
    if nobody said which class is positive and their names don't either.
    """
    if not answers.classes:
        if not is_proba:
            _refuse_labels(answers.columns, flavor)
        answers = _name_classes(answers, wish.positive)
    if choice is not None:
        wish = Description(choice, "the choice")
    classes = answers.classes
    if wish.positive is None:
        positive = plain_positive(classes)
        if positive is None:
            raise ChoiceNeededError(classes)
    else:
        positive = match_class(classes, wish.positive)
        if positive is None:
            raise PreparedError(
                f"outcome.positive in {wish.where} is {shorten(wish.positive)}, which is none of "
                f"its classes: write {' or '.join(shorten(each) for each in classes)}"
            )
    return Scores(answers.columns[:, classes.index(positive)], classes, positive)


def check_classes(values: Any) -> tuple[str, ...]:
    """The names of a classifier's two classes. Raises PreparedError if there aren't two."""
    items = list(values)
    if any(np.ndim(item) for item in items):
        raise PreparedError(
            "It predicts several outcomes at once; only models of one can be served"
        )
    classes = tuple(class_text(item) for item in items)
    if len(classes) == 1:
        raise PreparedError(
            f"It has 1 class, {shorten(classes[0])}; only models with two can be served"
        )
    if len(classes) != 2:
        list_text = list_classes(classes) if len(classes) <= 5 else ""
        raise PreparedError(
            f"It has {len(classes)} classes{f' ({list_text})' if list_text else ''}; "
            "only models with two can be served"
        )
    return classes


def _name_classes(answers: Answers, positive: str | None) -> Answers:
    """Both columns of nameless answers, so that the other class can be chosen, too."""
    p = answers.columns[:, -1]
    return Answers(np.column_stack([1 - p, p]), pair_with(positive))


def _as_columns(raw: Any) -> tuple[NDArray[Any], tuple[str, ...]]:
    """The values, and the names of their columns if the answer has any.

    Names come with a frame or series, a dict of columns, or a list of a dict for each row.
    """
    if isinstance(raw, list) and raw and all(isinstance(row, dict) for row in raw):
        keys = list(raw[0])
        raw = {key: [row.get(key) for row in raw] for key in keys}
    if isinstance(raw, dict):
        try:
            values = np.column_stack([np.ravel(column) for column in raw.values()])
        except ValueError as error:
            raise PreparedError("Its answers' columns differ in length") from error
        return values, tuple(class_text(name) for name in raw)
    columns = getattr(raw, "columns", None)
    if columns is None:  # a series may have a name, an array has none
        name = getattr(raw, "name", None)
        columns = () if name is None else (name,)
    if raw is None:
        raise PreparedError("It returns nothing: end its predict with return")
    try:
        values = np.asarray(raw)
    except ValueError as error:  # numpy's words are about its own arrays
        raise PreparedError("Its answers differ in length from row to row") from error
    return values, tuple(class_text(name) for name in columns)


def _check_kind(values: NDArray[Any], flavor: str) -> None:
    if values.dtype.kind in "biu":
        raise PreparedError(f"It returns classes, not probabilities. {probability_mend(flavor)}")
    if values.dtype.kind != "f":
        raise PreparedError(
            f"It returns {_KINDS.get(values.dtype.kind, 'objects')}, not probabilities. "
            f"{probability_mend(flavor)}"
        )


def _refuse_labels(columns: NDArray[np.float64], flavor: str) -> None:
    """Raise PreparedError for answers of 0 and 1 alone: classes, written as numbers."""
    if np.isin(columns, (0.0, 1.0)).all():
        rule = "if these are its probabilities, return two columns named no and yes"
        mend = probability_mend(flavor)
        end = f"; {rule}" if flavor == "python_function" else ""
        raise PreparedError(f"All its answers are 0 or 1: classes, not probabilities. {mend}{end}")


def _describe_shape(values: NDArray[Any], names: tuple[str, ...], cases: int) -> str:
    if values.ndim == 2 and len(values) == cases and values.shape[1] > 2:
        count = values.shape[1]
        list_text = f" ({list_classes(names)})" if len(names) == count <= 5 else ""
        return (
            f"It returns {count} columns{list_text}, as a model of {count} classes does; "
            "only models with two can be served"
        )
    if values.ndim == 0:
        form = "a single value"
    elif values.ndim <= 2:
        rows = quantity(len(values), "row")
        form = rows if values.ndim == 1 else f"{rows} of {quantity(values.shape[1], 'column')}"
    else:
        form = f"a table in {values.ndim} dimensions"
    return f"It returns {form}; one probability for each of {cases} cases is needed"


def _reverse(rows: Any, part: slice) -> Any:
    """A part of the rows in reverse order, in the same form."""
    if isinstance(rows, dict):
        return {name: np.ascontiguousarray(values[part][::-1]) for name, values in rows.items()}
    if isinstance(rows, np.ndarray):
        return np.ascontiguousarray(rows[part][::-1])
    return rows.iloc[part].iloc[::-1].reset_index(drop=True)


def _first_difference(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> int | None:
    if ours.shape != theirs.shape:
        return 0
    is_same = np.isclose(ours, theirs, rtol=0, atol=REPEATED, equal_nan=True).all(axis=1)
    cases = np.flatnonzero(~is_same)
    return int(cases[0]) if cases.size else None


def _describe_pair(ours: NDArray[np.float64], theirs: NDArray[np.float64], case: int) -> str:
    first, second = float(ours[case, -1]), float(theirs[case, -1])
    return f"case {case} got {first:.6g} and then {second:.6g}"
