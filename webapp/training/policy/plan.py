"""The plan of a check of the retraining policy, from settings, options or JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from webapp.cases import InputError, shorten
from webapp.stats.gate import CHURN, THRESHOLD, GateRules
from webapp.training.policy.rules import POLICIES, Policy
from webapp.training.policy.words import ESTIMATORS

PlanWindow = int | Literal["all"]

EVERY = 1_000  # matured events between two periodic retrains
HOLDOUT = 1_000  # newest matured events on which a version is judged, not trained
_MOST = 10**9
_MOST_PARTS = 20


@dataclass(frozen=True)
class RetrainPlan:
    """Everything that a check depends on besides the traffic and the versions.

    ``windows`` are numbers of the newest matured events to fit on, or ``all``. ``now`` retrains
    whatever the policy decides. ``refit`` fits what passed the gate again, on everything.
    ``simulated`` reads simulated traffic instead of real traffic: a version that is trained on it
    is never promoted automatically.
    """

    policy: Policy = "on_gain"
    windows: tuple[PlanWindow, ...] = (4_000,)
    estimators: tuple[str, ...] = ("logit",)
    every: int = EVERY
    holdout: int = HOLDOUT
    churn: float = CHURN
    threshold: float = THRESHOLD
    refit: bool = True
    promote: bool = False
    simulated: bool = False
    now: bool = False
    seed: int = 0

    @property
    def rules(self) -> GateRules:
        """The thresholds of the gate."""
        return GateRules(churn=self.churn, threshold=self.threshold)

    def with_values(self, values: Mapping[str, Any]) -> RetrainPlan:
        """The plan with values from JSON or options in place of its own. Raises InputError."""
        for name in values:
            if name not in _READ:
                raise InputError(shorten(name), f"is unknown: send {', '.join(_READ)}")
        parsed_values = {name: _READ[name](name, value) for name, value in values.items()}
        return replace(self, **parsed_values)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as ``with_values`` takes them."""
        return asdict(self) | {
            "windows": list(self.windows),
            "estimators": list(self.estimators),
        }


def _policy(name: str, value: Any) -> Policy:
    if not isinstance(value, str) or value not in POLICIES:
        raise InputError(name, f"must be one of {', '.join(POLICIES)}")
    return value


def _parts(name: str, value: Any) -> Sequence[Any]:
    """The parts of a list, or of a text with commas."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)) or not 0 < len(parts) <= _MOST_PARTS:
        raise InputError(name, f"must be a list of 1 to {_MOST_PARTS}, or a text with commas")
    return [part.strip() if isinstance(part, str) else part for part in parts]


def _windows(name: str, value: Any) -> tuple[PlanWindow, ...]:
    windows = [_window(name, part) for part in _parts(name, value)]
    return tuple(dict.fromkeys(windows))


def _window(name: str, value: Any) -> PlanWindow:
    if value == "all":
        return "all"
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    return _whole(name, number, 100, "a number of events from 100, or all")


def _estimators(name: str, value: Any) -> tuple[str, ...]:
    names = _parts(name, value)
    if not all(isinstance(part, str) and part in ESTIMATORS for part in names):
        raise InputError(name, f"must be of {', '.join(ESTIMATORS)}")
    return tuple(dict.fromkeys(names))


def _whole(name: str, value: Any, low: int, what: str = "") -> int:
    if isinstance(value, float) and value.is_integer():  # JSON has one kind of number
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= _MOST:
        raise InputError(name, f"must be {what or f'a whole number from {low}'}")
    return value


def _count(low: int) -> Any:
    return lambda name, value: _whole(name, value, low)


def _share(name: str, value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1:
        raise InputError(name, "must be a number from 0 to 1")
    return float(value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InputError(name, "must be true or false")
    return value


_READ: dict[str, Any] = {
    "policy": _policy,
    "windows": _windows,
    "estimators": _estimators,
    "every": _count(100),
    "holdout": _count(100),
    "churn": _share,
    "threshold": _share,
    "refit": _flag,
    "promote": _flag,
    "simulated": _flag,
    "now": _flag,
    "seed": _count(0),
}
