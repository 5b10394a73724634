"""A version as a library: the functions of the wheel by ``everycase export --target wheel``."""

from __future__ import annotations

from .rules import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .table import Model


class Library:
    """Predicts with one version. Raises InputError (a ValueError) for invalid rows."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def predict(self, /, **values: object) -> float:
        """P(label = 1) of one row: ``predict(G1=0, G2=1, …)``, every feature 0 or 1."""
        return self._model.scores[self._model.parse(values.items())]

    def predict_proba(self, rows: Iterable[Mapping[str, object]]) -> list[float]:
        """P(label = 1) of every row; an error names the row, as in ``rows[3].G7``."""
        scores = []
        for i, row in enumerate(rows):
            try:
                scores.append(self._model.scores[self._model.parse(row.items())])
            except InputError as error:
                raise InputError(f"rows[{i}].{error.field}", error.problem) from None
        return scores
