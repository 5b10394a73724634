"""The status of the retraining policy and the history of its checks.

``read_status(services, now)`` returns how near the policy is to firing ("3.1 of 5.0 needed"), with
its challengers, the last check and the next one, and the champion's age. ``history(services,
limit)`` has the same at every check, oldest first.

A check is run by ``webapp.jobs.retrain``, in a process of its own; ``jobs.start(services,
"retrain", {...}, actor, now)`` starts one. All functions raise LogUnavailableError.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from webapp.catalog.versions import Version
from webapp.db.tables.checks import Check, Decision, TrafficKind
from webapp.db.tables.ledger import Promotion
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.traffic.training_overlap import trained_until


@dataclass(frozen=True)
class ChallengerStatus:
    """A challenger that ``on_gain`` refits at every check: an estimator on a window of events.

    ``value`` of ``needed`` as in ``PolicyStatus``; on ``n`` events it gained ``mean`` nats per
    prediction, at least ``low`` (None before the first). ``problem`` is why it could not be
    fitted.
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
class CheckSummary:
    """A check, at which ``value`` of ``needed`` was reached; see ``PolicyStatus`` for the unit."""

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
    challengers: tuple[ChallengerStatus, ...]
    explanation: str
    rests: int = 0  # events for which the policy pauses, however clear the evidence
    patience: int = 0  # events to pause after a retrain that left the champion
    meaning: Mapping[str, str] | None = None  # the class that its outcomes are of, see ``Facts``

    @property
    def distance(self) -> float | None:
        """The share of the way to firing, from 0 to 1."""
        if self.value is None or not self.needed:
            return None
        return min(1.0, max(0.0, self.value / self.needed))


@dataclass(frozen=True)
class PolicyStatus:
    """The policy's distance to firing, and its settings. Times in ms since 1970.

    ``unit`` is what ``value`` and ``needed`` count: matured events, or evidence as the log of an
    e-value, which is reached when the time-uniform bound passes the margin. ``matured`` counts the
    outcomes since the champion was promoted. Values are None or empty before the first check.
    """

    policy: str
    traffic: TrafficKind
    unit: Literal["events", "evidence"]
    value: float | None
    needed: float | None
    distance: float | None
    challengers: tuple[ChallengerStatus, ...]
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
    promotes: bool  # True if a check promotes what passes the gate
    rests: int = 0  # outcomes until it may fire again, as its last version was not promoted


def read_status(services: Services, now: int, *, with_next_check: bool = True) -> PolicyStatus:
    """The status now.

    Without ``with_next_check`` the time of the next check is None, and the library that computes
    it is not imported.
    """
    plan = services.plan
    traffic: TrafficKind = "simulated" if plan.simulated else "real"
    points = history(services, 1, traffic)
    last = points[-1] if points else None
    champion, promotion = version_choice.champion(services), services.ledger.champion()
    since = _champion_since(services, promotion)
    name = champion.name if champion else None
    if last is None or (last.champion, last.policy) != (name, plan.policy):
        valid = None
    else:
        valid = None if _is_reversed(champion, last) else last
    current = valid if valid is not None and valid.decision == "wait" else None
    return PolicyStatus(
        policy=plan.policy,
        traffic=traffic,
        unit="evidence" if plan.policy in ("on_gain", "on_error") else "events",
        value=current.value if current else None,
        needed=current.needed if current else None,
        distance=current.distance if current else None,
        challengers=current.challengers if current else (),
        explanation=last.explanation if last else "",
        checked_at=last.at if last else None,
        next_at=_next_check(services.clock, now) if with_next_check else None,
        clock=services.clock,
        champion=name,
        champion_since=since or None,
        age_ms=now - since if since else None,
        matured=count_matured(services, since, traffic),
        churn_cap=plan.churn,
        windows=plan.windows,
        estimators=plan.estimators,
        promotes=plan.promote,
        rests=_pause(valid) if valid is not None else 0,
    )


def _is_reversed(champion: Version | None, last: CheckSummary) -> bool:
    """True if the champion stands for its other class since the last check."""
    prepared = champion.prepared if champion is not None else None
    return prepared is not None and prepared.facts.reverses(last.meaning)


def _pause(last: CheckSummary) -> int:
    """The outcomes to pause for: what the last check noted, or the pause after its retrain."""
    if last.decision == "wait":
        return last.rests
    return last.patience if last.verdict is not None else 0


def count_matured(services: Services, since: int, traffic: TrafficKind = "real") -> int:
    """The number of outcomes since a time in ms."""
    sources = ("demo",) if traffic == "simulated" else services.evidence
    return sum(n for source, n in services.log.matured(since).items() if source in sources)


def _champion_since(services: Services, promotion: Promotion | None) -> int:
    """The time of the promotion in ms; of a champion by default the end of its training traffic.

    Where that is unknown, it is 0.
    """
    if promotion is not None and not promotion.is_default:
        return promotion.at
    champion = version_choice.champion(services)
    if champion is None or champion.prepared is None:
        return 0
    return trained_until(champion.prepared.facts) or 0


def history(
    services: Services, limit: int = 200, traffic: TrafficKind = "real"
) -> list[CheckSummary]:
    """The last checks, oldest first."""
    return [_summary(check) for check in reversed(services.checks.history(limit, traffic))]


_OF_CHALLENGER = ("name", "value", "key", "needed", "n", "mean", "low", "problem")


def _summary(check: Check) -> CheckSummary:
    evidence = check.evidence
    return CheckSummary(
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
            ChallengerStatus(**{name: c.get(name) for name in _OF_CHALLENGER})
            for c in evidence.get("challengers", ())
        ),
        explanation=check.explanation,
        rests=int(evidence.get("rests", 0)),
        patience=int(evidence.get("patience", 0)),
        meaning=evidence.get("meaning"),
    )


def _next_check(clock: str, now: int) -> int | None:
    """The time of the supervisor's next check in ms; None without a clock."""
    if not clock:
        return None
    from webapp.crontab import next_time  # which imports a library that most processes don't need

    return next_time(clock, now)
