"""The state of the retraining policy, its history, and what the gate says of a version.

- ``state(services, now)`` -> ``State``: how near the policy is to firing ("3.1 of 5.0 needed"), its
  challengers, the last check and the next one, the champion's age and what matured since.
- ``history(services, limit)`` -> list of ``Point``, oldest first: the same at every check.
- ``ledger(services, limit)`` -> list of ``Entry``, newest first: promotions, roll-backs, and
  retrains after which the champion was kept.
- ``preview.ask(services, version, now)`` (next door): what the gate says of a version now.

What runs a check is ``webapp.jobs.retrain``, in a process of its own; ``jobs.start(services,
"retrain", {...}, actor, now)`` has one begun. All raise LogUnavailableError.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from webapp.db.tables.checks import Check, Decision, Traffic
from webapp.db.tables.ledger import Promotion
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.traffic.training_overlap import trained_until


@dataclass(frozen=True)
class Challenger:
    """One of those that ``on_gain`` keeps warm: an estimator on a window of matured events.

    ``value`` of ``needed`` as in ``State``; on ``n`` events it gained ``mean`` nats a prediction,
    at least ``low`` (None before the first). ``problem`` says why it could not be fitted.
    """

    name: str
    value: float
    key: str = ""  # such as hgb@2000
    needed: float | None = None
    n: int = 0
    mean: float | None = None
    low: float | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Point:
    """A check: ``value`` of ``needed`` had come together; see ``State`` for what they are."""

    id: int
    at: int
    policy: str
    champion: str
    value: float | None
    needed: float | None
    decision: Decision
    version: str | None
    verdict: str | None
    matured: int
    challengers: tuple[Challenger, ...]
    explanation: str
    rests: int = 0  # events for which the policy doesn't fire, however clear the evidence
    patience: int = 0  # for how many it rests after a retrain that left the champion

    @property
    def distance(self) -> float | None:
        """How far to firing, from 0 to 1."""
        if self.value is None or not self.needed:
            return None
        return min(1.0, max(0.0, self.value / self.needed))


@dataclass(frozen=True)
class State:
    """How the policy stands.

    ``unit`` says what ``value`` and ``needed`` count: matured events, or evidence, as the log of an
    e-value that is reached when the time-uniform bound passes the margin. ``matured`` events have
    come since the champion was made. None and empty before the first check.
    """

    policy: str
    traffic: Traffic
    unit: Literal["events", "evidence"]
    value: float | None
    needed: float | None
    distance: float | None
    challengers: tuple[Challenger, ...]
    explanation: str
    checked_at: int | None
    next_at: int | None
    clock: str
    champion: str | None
    champion_since: int | None
    age_ms: int | None
    matured: int
    churn_cap: float
    windows: tuple[int | str, ...]
    estimators: tuple[str, ...]
    promotes: bool  # does a check promote by itself what passes the gate?
    rests: int = 0  # matured events to come before it may fire again: its last version wasn't taken


def state(services: Services, now: int) -> State:
    """How it stands now."""
    plan = services.plan
    traffic: Traffic = "simulated" if plan.simulated else "real"
    points = history(services, 1, traffic)
    last = points[-1] if points else None
    champion, promotion = version_choice.champion(services), services.ledger.champion()
    since = _since(services, promotion)
    name = champion.name if champion else None
    fits = last is not None and last.champion == name and last.policy == plan.policy
    known = last if fits and last is not None and last.decision == "wait" else None
    return State(
        policy=plan.policy,
        traffic=traffic,
        unit="evidence" if plan.policy in ("on_gain", "on_error") else "events",
        value=known.value if known else None,
        needed=known.needed if known else None,
        distance=known.distance if known else None,
        challengers=known.challengers if known else (),
        explanation=last.explanation if last else "",
        checked_at=last.at if last else None,
        next_at=next_time(services.clock, now),
        clock=services.clock,
        champion=name,
        champion_since=since or None,
        age_ms=now - since if since else None,
        matured=matured(services, since, traffic),
        churn_cap=plan.churn,
        windows=plan.windows,
        estimators=plan.estimators,
        promotes=plan.promote,
        rests=_rest(last) if fits and last is not None else 0,
    )


def _rest(last: Point) -> int:
    """How long it rests from the last check on: as that said, or from its retrain on."""
    if last.decision == "wait":
        return last.rests
    return last.patience if last.verdict is not None else 0


def matured(services: Services, since: int, traffic: Traffic = "real") -> int:
    """How many events with a known outcome there are since."""
    found = services.log.matured(since)
    return sum(n for source, n in found.items() if (source == "demo") == (traffic == "simulated"))


def _since(services: Services, promotion: Promotion | None) -> int:
    """When the champion was promoted; for one that never was, when it was trained on traffic."""
    if promotion is not None:
        return promotion.at
    champion = version_choice.champion(services)
    if champion is None or champion.prepared is None:
        return 0
    return trained_until(champion.prepared.facts) or 0


def history(services: Services, limit: int = 200, traffic: Traffic = "real") -> list[Point]:
    """The last checks, oldest first."""
    return [_point(check) for check in reversed(services.checks.history(limit, traffic))]


_OF_CHALLENGER = ("name", "value", "key", "needed", "n", "mean", "low", "problem")


def _point(check: Check) -> Point:
    evidence = check.evidence
    return Point(
        id=check.id,
        at=check.at,
        policy=check.policy,
        champion=check.champion,
        value=evidence.get("value"),
        needed=evidence.get("needed"),
        decision=check.decision,
        version=check.version,
        verdict=check.verdict,
        matured=int(evidence.get("matured", 0)),
        challengers=tuple(
            Challenger(**{name: c.get(name) for name in _OF_CHALLENGER})
            for c in evidence.get("challengers", ())
        ),
        explanation=check.explanation,
        rests=int(evidence.get("rests", 0)),
        patience=int(evidence.get("patience", 0)),
    )


def next_time(clock: str, now: int) -> int | None:
    """When the supervisor checks next; None without a clock."""
    if not clock:
        return None

    return next_time(clock, now)
