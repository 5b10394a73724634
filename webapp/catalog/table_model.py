"""A table of probabilities as an MLflow model from code: it looks each row up.

MLflow copies this file into the model's folder and runs the copy, so it knows nothing of the app.
``catalog.code`` knows its digest: it is code that anybody may have run here.
"""

from __future__ import annotations

from typing import Any

import mlflow
import mlflow.pyfunc
import numpy as np
import pandas as pd


class TableModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """The inputs are 0 or 1; the answers are the probabilities of both classes."""

    def load_context(self, context: Any) -> None:
        """Read the table: a row for each case, its inputs and then its probability."""
        table = pd.read_csv(context.artifacts["table"], float_precision="round_trip")
        self.negative, self.positive = context.model_config["classes"]
        self.inputs = list(table.columns[:-1])
        self.scores = np.full(2 ** len(self.inputs), np.nan)
        self.scores[self._find_cases(table)] = table.iloc[:, -1]

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """A column of probabilities for each class."""
        del context, params
        scores = self.scores[self._find_cases(model_input)]
        return pd.DataFrame({self.negative: 1 - scores, self.positive: scores})

    def _find_cases(self, rows: Any) -> Any:
        values = rows[self.inputs].to_numpy(dtype=np.int64)
        if not np.isin(values, (0, 1)).all():
            raise ValueError("Every input must be 0 or 1")
        return values @ (1 << np.arange(len(self.inputs)))


mlflow.models.set_model(TableModel())
