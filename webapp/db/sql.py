"""SQL that several tables share."""

from __future__ import annotations

from collections.abc import Sequence


def insert_into(table: str, columns: Sequence[str]) -> str:
    """An INSERT statement with one placeholder per column."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
