"""Numbers of things in running text: ``1 day``, ``2,000 days``."""

from __future__ import annotations


def quantity(n: int, singular: str, plural: str = "") -> str:
    """``n`` and the noun in the right number; the plural is ``singular`` + s unless given."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"
