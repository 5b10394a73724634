"""The command that gives a version what its performance and its traffic are compared with."""

from __future__ import annotations


def store_command(version: str) -> str:
    """The command that stores labelled rows for a version that came without."""
    return f"everycase evaluate {version} --data FILE --store"
