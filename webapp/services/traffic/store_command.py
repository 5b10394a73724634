"""What a version came without, and the command that gives it rows to be compared with."""

from __future__ import annotations

from webapp.catalog.prepared import Prepared


def store_command(version: str) -> str:
    """The command that stores labelled rows for a version that came without."""
    return f"everycase evaluate {version} --data FILE --store"


def describe_lack(prepared: Prepared) -> str:
    """What a version came without, such as ``training counts``; empty if it has all."""
    if prepared.baseline is None:
        return "training counts"
    return "" if prepared.out_of_fold is not None else "a cross-validation"
