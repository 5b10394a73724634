"""Checks of the retraining policy: what had matured, the decision, and its result.

A check is written once it is decided, before anything is trained, and marked as finished when
everything is done. An unfinished one was interrupted; the next run resumes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from webapp.db.database import Database, Link
from webapp.db.sql import insert_into

TrafficKind = Literal["real", "simulated"]
Decision = Literal["wait", "retrain"]

KEPT = 2  # checks whose policy state and snapshot are kept
BATCHES = 1000  # checks whose batch is kept separately; older ones are added up
_JSON = ("evidence", "batch", "state", "snapshot")
_COLUMNS = (
    *("id", "at", "finished_at", "tries", "policy", "traffic", "actor", "champion", "decision"),
    *("version", "verdict", "explanation", "evidence", "batch", "state", "snapshot"),
)
_LIGHT = _COLUMNS[:-3]  # columns for a list of checks
_LONGEST = 4000


class OvertakenError(RuntimeError):
    """Another process wrote a check in the meantime, so this one isn't written."""


@dataclass(frozen=True)
class Check:
    """One check. Times in ms since 1970, UTC; ``verdict`` and ``version`` belong to a retrain."""

    id: int
    at: int
    finished_at: int | None
    tries: int
    policy: str
    traffic: TrafficKind
    actor: str
    champion: str
    decision: Decision
    version: str | None
    verdict: str | None
    explanation: str
    evidence: Mapping[str, Any]
    batch: Mapping[str, Any] | None = None  # this and the next two are None in lists
    state: Mapping[str, Any] | None = None
    snapshot: Mapping[str, Any] | None = None


class Checks:
    """The table of checks. Methods are thread-safe and raise LogUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self, traffic: TrafficKind = "real") -> Check | None:
        """The last check, with the policy state and snapshot that the next one needs."""
        with self._database.reading() as link:
            checks = _select(link, "WHERE traffic = ? ORDER BY id DESC LIMIT 1", (traffic,))
        return checks[0] if checks else None

    def history(
        self, limit: int = 200, traffic: TrafficKind = "real", *, retrains: bool = False
    ) -> list[Check]:
        """The last checks, newest first, without batch, state and snapshot."""
        where = "WHERE traffic = ?" + (" AND decision = 'retrain'" if retrains else "")
        with self._database.reading() as link:
            rest = f"{where} ORDER BY id DESC LIMIT {int(limit)}"
            return _select(link, rest, (traffic,), _LIGHT)

    def batches(self, traffic: TrafficKind) -> list[Mapping[str, Any]]:
        """The events that matured before each check, oldest first; the oldest are added up."""
        with self._database.reading() as link:
            return [batch for _, batch in _batches(link, traffic)]

    def add(self, check: Check, after: int | None) -> Check:
        """Write a new check if ``after`` is still the last id of its traffic. Assigns its id.

        State and snapshot of older checks are dropped, and their batches added up. Raises
        OvertakenError.
        """
        with self._database.writing() as link:
            if not link.is_sqlite:
                link.run("LOCK TABLE checks IN SHARE ROW EXCLUSIVE MODE")
            newest = "SELECT max(id) FROM checks WHERE traffic = ?"
            if link.run(newest, (check.traffic,)).fetchone()[0] != after:
                raise OvertakenError("another check was written in the meantime")
            link.run(insert_into("checks", _COLUMNS[1:]), _values(check)[1:])
            checks = _select(link, "WHERE traffic = ? ORDER BY id DESC LIMIT 1", (check.traffic,))
            old = f"SELECT id FROM checks WHERE traffic = ? ORDER BY id DESC LIMIT {KEPT}"
            drop = "UPDATE checks SET state = NULL, snapshot = NULL WHERE traffic = ?"
            heavy = "AND snapshot IS NOT NULL"
            link.run(f"{drop} {heavy} AND id NOT IN ({old})", (check.traffic, check.traffic))
            _add_up(link, check.traffic)
            return checks[0]

    def note_try(self, check: Check) -> int:
        """Count another attempt at carrying out a check. Returns the number of attempts."""
        with self._database.writing() as link:
            link.run("UPDATE checks SET tries = tries + 1 WHERE id = ?", (check.id,))
            select = "SELECT tries FROM checks WHERE id = ?"
            return int(link.run(select, (check.id,)).fetchone()[0])

    def update(self, check: Check) -> None:
        """Write the check's result so far."""
        names = ("finished_at", "version", "verdict", "explanation", "evidence", "state")
        change = ", ".join(f"{name} = ?" for name in names)
        row = dict(zip(_COLUMNS, _values(check), strict=True))
        values = tuple(row[name] for name in names)
        with self._database.writing() as link:
            link.run(f"UPDATE checks SET {change} WHERE id = ?", (*values, check.id))


_NO_BATCH = "{}"  # batch of a check that was added up into a later one


def _batches(link: Link, traffic: TrafficKind) -> list[tuple[int, Mapping[str, Any]]]:
    there = f"traffic = ? AND CAST(batch AS TEXT) <> '{_NO_BATCH}'"
    rows = link.run(f"SELECT id, batch FROM checks WHERE {there} ORDER BY id", (traffic,))
    return [(int(row[0]), _read(row[1])) for row in rows.fetchall()]


def _add_up(link: Link, traffic: TrafficKind) -> None:
    """Keep the number of batches bounded: add the oldest to the next one of its kind."""
    batches = _batches(link, traffic)
    for i, (old, batch) in enumerate(batches[: max(0, len(batches) - BATCHES)]):
        for new, other in batches[i + 1 :]:
            if all(other.get(name) == batch.get(name) for name in ("features", "meaning")):
                change = "UPDATE checks SET batch = ? WHERE id = ?"
                link.run(change, (_text(_sum(batch, other)), new))
                link.run(change, (_NO_BATCH, old))
                return


def _sum(*batches: Mapping[str, Any]) -> dict[str, Any]:
    """All events that matured at these checks as one block, and all history as another."""
    kind = {name: value for name, value in batches[0].items() if name in ("features", "meaning")}
    totals = kind | {"blocks": [_sum_cells(batches, "blocks")]}
    past = _sum_cells(batches, "past")
    return totals | ({"past": [past]} if past else {})


def _sum_cells(batches: Sequence[Mapping[str, Any]], part: str) -> dict[str, list[int]]:
    cells: dict[str, list[int]] = {}
    for block in (block for batch in batches for block in batch.get(part, ())):
        for case, both in block.items():
            before = cells.get(case, [0] * len(both))
            cells[case] = [n + more for n, more in zip(before, both, strict=True)]
    return cells


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _values(check: Check) -> tuple[Any, ...]:
    row = {name: getattr(check, name) for name in _COLUMNS}
    row["explanation"] = check.explanation[:_LONGEST]
    for name in _JSON:
        row[name] = None if row[name] is None else _text(row[name])
    return tuple(row.values())


def _select(
    link: Link, rest: str, values: tuple[Any, ...], columns: tuple[str, ...] = _COLUMNS
) -> list[Check]:
    rows = link.run(f"SELECT {', '.join(columns)} FROM checks {rest}", values).fetchall()
    return [
        Check(**{k: _read(v) if k in _JSON else v for k, v in zip(columns, row, strict=True)})
        for row in rows
    ]


def _read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
