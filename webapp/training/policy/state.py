"""The memory of a policy from one check to the next: sums and the challengers' tables."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.stats.sequential import Trail
from webapp.training.errors import PolicyError

Table = NDArray[np.float64]
_FORM = 1  # of the JSON
_SMALLEST = 2.0**-23  # the smallest difference to 1 in float32


@dataclass(frozen=True)
class PolicyMemory:
    """The memory of one policy on one stream; its JSON has 5.5 KB per challenger of ten features.

    ``n``, ``gains`` and ``excess`` cover the events that matured since the last retrain or change
    of champion. ``tables`` are the challengers as fitted at the last check, and ``problems`` says
    why one could not be fitted. ``rules`` and ``champion`` name what the evidence is about: when
    either changes, it starts at zero. ``asked`` is true if the last step fired, and ``refused``
    counts the retrains after such steps that left the champion.
    """

    champion: str = ""
    rules: str = ""
    checks: int = 0
    n: int = 0
    asked: bool = False
    refused: int = 0
    gains: Mapping[str, Trail] = field(default_factory=dict)
    excess: Trail = Trail()
    recent: float = 0.0  # events behind the base rate to guess, with decaying weights
    recent_positives: float = 0.0
    tables: Mapping[str, Table] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def base_rate(self) -> float:
        """The share of positive labels among recent events; nan without any."""
        return self.recent_positives / self.recent if self.recent else nan

    def gain(self, challenger: str, newest: int | None = None) -> float:
        """The mean gain of a challenger, by its key, in nats per event.

        It is that over the ``newest`` events, or all since the evidence began; minus infinity
        without so much evidence.
        """
        trail = self.gains.get(challenger, Trail())
        evidence = trail.whole if newest is None else trail.newest(newest)
        return evidence.mean if evidence.n else -inf

    def restart(self) -> PolicyMemory:
        """The memory after a retrain that left the champion: no evidence, the same challengers."""
        return PolicyMemory(
            champion=self.champion,
            rules=self.rules,
            refused=self.refused + self.asked,
            tables=self.tables,
            problems=self.problems,
        )

    def with_tables(self, tables: Mapping[str, Table], problems: Mapping[str, str]) -> PolicyMemory:
        """The memory with newly fitted challengers."""
        return replace(self, tables=tables, problems=problems)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        plain = {f: getattr(self, f) for f in _PLAIN}
        return {
            "form": _FORM,
            **plain,
            "asked": self.asked,
            "refused": self.refused,
            "gains": {key: _sums(trail) for key, trail in self.gains.items()},
            "excess": _sums(self.excess),
            "tables": {key: _pack(table) for key, table in self.tables.items()},
            "problems": dict(self.problems),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PolicyMemory:
        """Read what ``as_dict`` made. Raises PolicyError if it is something else."""
        try:
            if values["form"] != _FORM:
                raise PolicyError(f"the policy's state has form {values['form']}, not {_FORM}")
            return cls(
                **{f: values[f] for f in _PLAIN},
                asked=bool(values.get("asked", False)),  # older versions didn't store them
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


def round_table(table: NDArray[Any]) -> Table:
    """A table as it is stored (float32), so that a stored and a fresh one are the same."""
    table32: Table = np.clip(table, _SMALLEST, 1 - _SMALLEST).astype(np.float32).astype(np.float64)
    return table32


def _sums(trail: Trail) -> list[list[float]]:
    """One row per start, after a row with the number of batches."""
    rows = zip(trail.starts.tolist(), trail.since, strict=True)
    return [[trail.batches], *([start, e.n, e.total, e.spread] for start, e in rows)]


def _trail(sums: list[list[float]]) -> Trail:
    (batches,), *rows = sums
    starts = np.array([int(start) for start, *_ in rows], np.int64)
    values = [(int(n), float(total), float(spread)) for _, n, total, spread in rows]
    return Trail(int(batches), starts, np.array(values, np.float64).reshape(-1, 3).T)


def _pack(table: Table) -> str:
    return base64.b64encode(table.astype("<f4").tobytes()).decode("ascii")


def _unpack(text: str) -> Table:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float64)
