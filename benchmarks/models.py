"""Loads the shipped models themselves, to compare them with their score tables."""

from __future__ import annotations

from typing import Any

from webapp.settings import ROOT


def load_model(version: str) -> Any:
    """Load a scikit-learn model from its MLflow folder."""
    import mlflow.sklearn

    return mlflow.sklearn.load_model(str(ROOT / "models" / version))
