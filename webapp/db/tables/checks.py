"""Checks of the retraining policy: what had matured, what was decided, what came of it.

A check is written when it is decided, before anything is trained, and finished when all of it is
done. One that isn't finished was interrupted; the next run finds it and carries on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from webapp.db.database import Database, Link
from webapp.db.sql import insert_into

Traffic = Literal["real", "simulated"]
Decision = Literal["wait", "retrain"]

KEPT = 2  # checks whose policy state and snapshot are kept
BATCHES = 1000  # whose news are kept apart; what is older is added up
_JSON = ("evidence", "batch", "state", "snapshot")
_COLUMNS = (
    *("id", "at", "finished_at", "tries", "policy", "traffic", "actor", "champion", "decision"),
    *("version", "verdict", "explanation", "evidence", "batch", "state", "snapshot"),
)
_LIGHT = _COLUMNS[:-3]  # what a list of checks needs
_LONGEST = 4000


class OvertakenError(RuntimeError):
    """Somebody else wrote a check meanwhile, so this one is not written."""


@dataclass(frozen=True)
class Check:
    """One check; times in ms since 1970, UTC. ``verdict`` and ``version`` are of a retrain."""

    id: int
    at: int
    finished_at: int | None
    tries: int
    policy: str
    traffic: Traffic
    actor: str
    champion: str
    decision: Decision
    version: str | None
    verdict: str | None
    explanation: str
    evidence: Mapping[str, Any]
    batch: Mapping[str, Any] | None = None  # only where they were asked for
    state: Mapping[str, Any] | None = None
    snapshot: Mapping[str, Any] | None = None


class Checks:
    """The table. Methods are safe in threads and raise LogUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self, traffic: Traffic = "real") -> Check | None:
        """The last one, with everything that the next one needs."""
        with self._database.reading() as link:
            found = _select(link, "WHERE traffic = ? ORDER BY id DESC LIMIT 1", (traffic,))
        return found[0] if found else None

    def history(
        self, limit: int = 200, traffic: Traffic = "real", *, retrains: bool = False
    ) -> list[Check]:
        """The last ones, newest first, without the heavy parts."""
        where = "WHERE traffic = ?" + (" AND decision = 'retrain'" if retrains else "")
        with self._database.reading() as link:
            rest = f"{where} ORDER BY id DESC LIMIT {int(limit)}"
            return _select(link, rest, (traffic,), _LIGHT)

    def batches(self, traffic: Traffic) -> list[Mapping[str, Any]]:
        """What matured at each of the checks, oldest first; of those long ago added up."""
        with self._database.reading() as link:
            return [batch for _, batch in _batches(link, traffic)]

    def add(self, check: Check, after: int | None) -> Check:
        """Write a new one (its id is given here), if ``after`` is still the last of its traffic.

        Raises OvertakenError. Heavy parts of older checks are dropped, or added up.
        """
        with self._database.writing() as link:
            if not link.is_sqlite:
                link.run("LOCK TABLE checks IN SHARE ROW EXCLUSIVE MODE")
            newest = "SELECT max(id) FROM checks WHERE traffic = ?"
            if link.run(newest, (check.traffic,)).fetchone()[0] != after:
                raise OvertakenError("another check was made meanwhile")
            link.run(insert_into("checks", _COLUMNS[1:]), _values(check)[1:])
            made = _select(link, "WHERE traffic = ? ORDER BY id DESC LIMIT 1", (check.traffic,))
            old = f"SELECT id FROM checks WHERE traffic = ? ORDER BY id DESC LIMIT {KEPT}"
            drop = "UPDATE checks SET state = NULL, snapshot = NULL WHERE traffic = ?"
            heavy = "AND snapshot IS NOT NULL"
            link.run(f"{drop} {heavy} AND id NOT IN ({old})", (check.traffic, check.traffic))
            _add_up(link, check.traffic)
            return made[0]

    def note_try(self, check: Check) -> int:
        """Another try at what a check decided: which one it is."""
        with self._database.writing() as link:
            link.run("UPDATE checks SET tries = tries + 1 WHERE id = ?", (check.id,))
            select = "SELECT tries FROM checks WHERE id = ?"
            return int(link.run(select, (check.id,)).fetchone()[0])

    def update(self, check: Check) -> None:
        """Write what has become of it."""
        names = ("finished_at", "version", "verdict", "explanation", "evidence", "state")
        change = ", ".join(f"{name} = ?" for name in names)
        row = dict(zip(_COLUMNS, _values(check), strict=True))
        values = tuple(row[name] for name in names)
        with self._database.writing() as link:
            link.run(f"UPDATE checks SET {change} WHERE id = ?", (*values, check.id))


_NO_BATCH = "{}"  # of a check whose news went into a later one


def _batches(link: Link, traffic: Traffic) -> list[tuple[int, Mapping[str, Any]]]:
    there = f"traffic = ? AND CAST(batch AS TEXT) <> '{_NO_BATCH}'"
    rows = link.run(f"SELECT id, batch FROM checks WHERE {there} ORDER BY id", (traffic,))
    return [(int(row[0]), _read(row[1])) for row in rows.fetchall()]


def _add_up(link: Link, traffic: Traffic) -> None:
    """Keep the number of batches bounded: the oldest goes into the next one of the same inputs."""
    found = _batches(link, traffic)
    for i, (old, batch) in enumerate(found[: max(0, len(found) - BATCHES)]):
        for new, other in found[i + 1 :]:
            if other.get("features") == batch.get("features"):
                change = "UPDATE checks SET batch = ? WHERE id = ?"
                link.run(change, (_text(_sum(batch, other)), new))
                link.run(change, (_NO_BATCH, old))
                return


def _sum(*batches: Mapping[str, Any]) -> dict[str, Any]:
    """All that matured at these checks as one block, and all history as another."""
    summed = {"features": batches[0]["features"], "blocks": [_added(batches, "blocks")]}
    past = _added(batches, "past")
    return summed | ({"past": [past]} if past else {})


def _added(batches: Sequence[Mapping[str, Any]], part: str) -> dict[str, list[int]]:
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
