"""What a policy remembers from one check to the next: a few sums and the challengers' tables."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.stats.sequential import Evidence, Trail
from webapp.training.errors import PolicyError

Table = NDArray[np.float64]
_FORM = 1  # of the JSON
_SMALLEST = 2.0**-23  # what float32 can tell from 1


@dataclass(frozen=True)
class State:
    """Of one policy on one stream. ``as_dict`` is its JSON, 5.5 KB a challenger of ten features.

    ``n``, ``gains`` and ``excess`` are of events that matured since the last change of champion or
    retrain. ``tables`` are the challengers as fitted at the last check, and ``problems`` says why
    one could not be. ``rules`` and ``champion`` name what the evidence is about: when either
    changes, it starts anew. ``asked``: the last step fired. ``refused`` counts the retrains that
    were asked for so and left the champion.
    """

    champion: str = ""
    rules: str = ""
    checks: int = 0
    n: int = 0
    asked: bool = False
    refused: int = 0
    gains: Mapping[str, Trail] = field(default_factory=dict)
    excess: Trail = Trail()
    recent: float = 0.0  # events that the base rate to guess is taken from, older ones fading
    recent_positives: float = 0.0
    tables: Mapping[str, Table] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)

    def restarted(self) -> State:
        """Evidence from zero, challengers kept: after a retrain that left the champion."""
        return State(
            champion=self.champion,
            rules=self.rules,
            refused=self.refused + self.asked,
            tables=self.tables,
            problems=self.problems,
        )

    def with_tables(self, tables: Mapping[str, Table], problems: Mapping[str, str]) -> State:
        """With challengers fitted anew."""
        return replace(self, tables=tables, problems=problems)

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        kept = {f: getattr(self, f) for f in _PLAIN}
        return {
            "form": _FORM,
            **kept,
            "asked": self.asked,
            "refused": self.refused,
            "gains": {key: _sums(trail) for key, trail in self.gains.items()},
            "excess": _sums(self.excess),
            "tables": {key: _pack(table) for key, table in self.tables.items()},
            "problems": dict(self.problems),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> State:
        """From ``as_dict``. Raises PolicyError when it is something else."""
        try:
            if values["form"] != _FORM:
                raise PolicyError(f"the policy's state has form {values['form']}, not {_FORM}")
            return cls(
                **{f: values[f] for f in _PLAIN},
                asked=bool(values.get("asked", False)),  # they weren't kept at first
                refused=int(values.get("refused", 0)),
                gains={key: _trail(sums) for key, sums in values["gains"].items()},
                excess=_trail(values["excess"]),
                tables={key: _unpack(text) for key, text in values["tables"].items()},
                problems=dict(values["problems"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, PolicyError):
                raise
            raise PolicyError(f"the policy's state can't be read: {error!r}") from error


_PLAIN = (
    "champion", "rules", "checks", "n", "recent", "recent_positives",
)  # fmt: skip


def rounded(table: NDArray[Any]) -> Table:
    """A table as the state keeps it (float32), so that a kept and a fresh one are the same."""
    kept: Table = np.clip(table, _SMALLEST, 1 - _SMALLEST).astype(np.float32).astype(np.float64)
    return kept


def _sums(trail: Trail) -> list[list[float]]:
    """A row a start, headed by the number of batches."""
    rows = zip(trail.starts, trail.since, strict=True)
    return [[trail.batches], *([start, e.n, e.total, e.spread] for start, e in rows)]


def _trail(sums: list[list[float]]) -> Trail:
    (batches,), *rows = sums
    since = tuple(Evidence(int(n), float(total), float(spread)) for _, n, total, spread in rows)
    return Trail(int(batches), tuple(int(row[0]) for row in rows), since)


def _pack(table: Table) -> str:
    return base64.b64encode(table.astype("<f4").tobytes()).decode("ascii")


def _unpack(text: str) -> Table:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float64)
