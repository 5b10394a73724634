"""What the address chooses of the Compare page: its sections, and which of them are open."""

from __future__ import annotations

from dataclasses import dataclass

KEYS = ("metrics", "curves", "decisions", "flips", "cases", "periods", "facts")  # as in the address
OPEN = ("metrics",)  # sections that are open unless the address says otherwise


@dataclass(frozen=True)
class View:
    """The open sections, and whether cases can be opened in Predict."""

    open_keys: frozenset[str] = frozenset(OPEN)
    has_predict: bool = True
