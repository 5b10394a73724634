"""The shipped models themselves, to measure what the app would do without their score tables."""

from __future__ import annotations

from typing import Any

from webapp.settings import ROOT


def load(version: str) -> Any:
    """A scikit-learn model from its MLflow folder."""
    import mlflow.sklearn

    return mlflow.sklearn.load_model(str(ROOT / "models" / version))
