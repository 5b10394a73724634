"""How much the rows that a version was fitted on flatter it, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from webapp.catalog.prepared import Prepared
from webapp.services.formatting import points, share
from webapp.stats import performance


@dataclass(frozen=True)
class _Rows:
    """A version's rows; two are the same only if they are one object, which is kept."""

    identity: int
    prepared: Prepared = field(compare=False)


@lru_cache(maxsize=32)
def _skills(rows: _Rows) -> tuple[float, float] | None:
    prepared = rows.prepared
    return performance.optimism(prepared.scores, prepared.baseline, prepared.out_of_fold)


def describe_skills(prepared: Prepared) -> str:
    """``skill 22.7 %, in cross-validation 18.8 %``; empty where one of them is unknown."""
    skills = _skills(_Rows(id(prepared), prepared))
    if skills is None:
        return ""
    return f"skill {share(skills[0], 1)}, in cross-validation {share(skills[1], 1)}"


def describe_optimism(prepared: Prepared) -> str:
    """``22.7 %, 18.8 %: 3.9 points apart``: skill at training and in cross-validation.

    Empty where one of them is unknown.
    """
    skills = _skills(_Rows(id(prepared), prepared))
    if skills is None:
        return ""
    return f"{share(skills[0], 1)}, {share(skills[1], 1)}: {points(skills[0] - skills[1])} apart"
