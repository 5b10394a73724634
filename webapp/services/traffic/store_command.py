"""What a version came without, and the rows that it is held against in place of that."""

from __future__ import annotations

from webapp.cases import shorten
from webapp.catalog.prepared import Prepared
from webapp.db.database import LogUnavailableError
from webapp.grammar import quantity
from webapp.services.context import Services


def store_command(version: str) -> str:
    """The command that stores labelled rows for a version that came without."""
    return f"everycase evaluate {version} --data FILE --store"


def describe_lack(prepared: Prepared) -> str:
    """What a version came without, such as ``training counts``; empty if it has all."""
    if prepared.baseline is None:
        return "training counts"
    return "" if prepared.out_of_fold is not None else "a cross-validation"


def stored_rows(services: Services) -> dict[str, tuple[str, int]]:
    """By build: source and number of the rows stored for it; none while the log is unavailable."""
    try:
        return services.evaluations.sources()
    except LogUnavailableError:
        return {}


def describe_stored(source: str, n: int) -> str:
    """The rows that a version's performance is held against."""
    return f"held against {quantity(n, 'row')} of {shorten(source)}"
