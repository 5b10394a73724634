"""The rows of all cases in the form that a model of another library takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from webapp.cases import shorten
from webapp.catalog.prepared import PreparedError


def as_table(rows: Any, names: Sequence[str] | None) -> Any:
    """A DataFrame with the names that a model was fitted with, or an array if it knows none.

    ``rows`` are in the fitted order: a DataFrame, an array, or a dict of columns.
    """
    import pandas as pd

    if isinstance(rows, dict):
        columns = {name: np.ravel(values) for name, values in rows.items()}
        rows = pd.DataFrame(columns)[list(names or columns)]
    if names is None:
        return np.asarray(rows)
    if isinstance(rows, np.ndarray):
        return pd.DataFrame(rows, columns=list(names))
    return rows.set_axis(list(names), axis=1)


def as_categories(table: Any, categories: Iterable[tuple[str, Sequence[Any]]]) -> Any:
    """The table with some columns as categories of 0 and 1. Raises PreparedError for others."""
    import pandas as pd

    for name, values in categories:
        if any(value not in (0, 1) for value in values):
            raise PreparedError(
                f"Its input {shorten(name)} has the category "
                f"{shorten(next(value for value in values if value not in (0, 1)))}. "
                "Only models of 0/1 inputs can be served"
            )
        column = table[name].astype(int).astype(pd.CategoricalDtype(list(values)))
        table = table.assign(**{name: column})
    return table


def without_numbers(names: Sequence[str], prefix: str = "") -> tuple[str, ...] | None:
    """Names of columns, or None if a library made them up by counting."""
    made_up = [f"{prefix}{i}" for i in range(len(names))]
    return None if list(names) == made_up else tuple(names)
