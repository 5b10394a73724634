"""What a check of the retraining policy is asked to do; from settings, options or JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from webapp.cases import InputError, shorten
from webapp.stats.gate import CHURN, THRESHOLD, Rules

Policy = Literal["never", "periodic", "on_error", "on_gain"]
POLICIES: tuple[Policy, ...] = ("never", "periodic", "on_error", "on_gain")
ESTIMATORS = ("logit", "logit2", "hgb", "keras")
Window = int | Literal["all"]

EVERY = 1_000  # matured events between two periodic retrains
HOLDOUT = 1_000  # of the newest matured events that a version is judged on, not trained on
_MOST = 10**9
_MOST_PARTS = 20


@dataclass(frozen=True)
class Plan:
    """Everything that a check depends on, beside the traffic and the versions.

    ``windows`` are numbers of the newest matured events to fit on, or ``all``. ``now`` retrains
    whatever the policy says. ``simulated`` reads simulated traffic in place of the real one: what
    comes of it is never promoted by itself.
    """

    policy: Policy = "on_gain"
    windows: tuple[Window, ...] = (4_000,)
    estimators: tuple[str, ...] = ("logit",)
    every: int = EVERY
    holdout: int = HOLDOUT
    churn: float = CHURN
    threshold: float = THRESHOLD
    promote: bool = False
    simulated: bool = False
    now: bool = False
    seed: int = 0

    @property
    def rules(self) -> Rules:
        """What the gate asks for."""
        return Rules(churn=self.churn, threshold=self.threshold)

    def with_values(self, given: Mapping[str, Any]) -> Plan:
        """With values in place of its own, as JSON or options give them. Raises InputError."""
        for name in given:
            if name not in _READ:
                raise InputError(shorten(name), f"is not known here: send {', '.join(_READ)}")
        read = {name: _READ[name](name, value) for name, value in given.items()}
        return replace(self, **read)

    def as_dict(self) -> dict[str, Any]:
        """As plain values; ``with_values`` takes them."""
        return asdict(self) | {
            "windows": list(self.windows),
            "estimators": list(self.estimators),
        }


def _policy(name: str, value: Any) -> Policy:
    if not isinstance(value, str) or value not in POLICIES:
        raise InputError(name, f"must be one of {', '.join(POLICIES)}")
    return value


def _each(name: str, value: Any) -> Sequence[Any]:
    """A list, or a text with commas."""
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, (list, tuple)) or not 0 < len(found) <= _MOST_PARTS:
        raise InputError(name, f"must be a list of 1 to {_MOST_PARTS}, or a text with commas")
    return [part.strip() if isinstance(part, str) else part for part in found]


def _windows(name: str, value: Any) -> tuple[Window, ...]:
    found = [_window(name, part) for part in _each(name, value)]
    return tuple(dict.fromkeys(found))


def _window(name: str, value: Any) -> Window:
    if value == "all":
        return "all"
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    return _whole(name, number, 100, "a number of events from 100, or all")


def _estimators(name: str, value: Any) -> tuple[str, ...]:
    found = _each(name, value)
    if not all(isinstance(part, str) and part in ESTIMATORS for part in found):
        raise InputError(name, f"must be of {', '.join(ESTIMATORS)}")
    return tuple(dict.fromkeys(found))


def _whole(name: str, value: Any, low: int, what: str = "") -> int:
    if isinstance(value, float) and value.is_integer():  # JSON knows no difference
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
    "promote": _flag,
    "simulated": _flag,
    "now": _flag,
    "seed": _count(0),
}
