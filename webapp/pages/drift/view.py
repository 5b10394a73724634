"""What the address chooses of the Drift page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

WHYS = ("log_loss", "score", "positives")  # the means whose change is explained
KEYS = ("harm", "why", "inputs", "combinations", "scores")  # of the sections, in the address, too
OPEN = ("harm",)  # sections that are open unless the address says otherwise
Href = Callable[..., str]


@dataclass(frozen=True)
class View:
    """The explained mean, the order of the inputs' table, and the open sections."""

    why: str
    sort: str
    opened: frozenset[str]
