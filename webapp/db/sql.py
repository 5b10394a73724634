"""Small pieces of SQL that several tables need."""

from __future__ import annotations

from collections.abc import Sequence


def insert_into(table: str, columns: Sequence[str]) -> str:
    """An INSERT with a place for a value of each column."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
