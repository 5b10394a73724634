"""What a booster was fitted for: only some objectives answer with the probability of a class."""

from __future__ import annotations

from webapp.cases import shorten
from webapp.catalog.prepared import PreparedError


def refuse_objective(name: str, mend: str) -> PreparedError:
    """The refusal of a model whose answers are no probabilities."""
    return PreparedError(
        f"It was fitted for {shorten(name)}, which gives no probability of a class. {mend}"
    )


def check_count(classes: int) -> None:
    """Raise PreparedError for another number of classes than two."""
    if classes != 2:
        count = "1 class" if classes == 1 else f"{classes} classes"
        raise PreparedError(f"It has {count}; only models with two can be served")
