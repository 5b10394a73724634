"""A backtest in the background: every policy replayed on the log's own history."""

from __future__ import annotations

from typing import Any

from webapp.grammar import quantity
from webapp.jobs.reporter import Reporter
from webapp.services.context import Services
from webapp.services.traffic import outcomes_by_day
from webapp.training.errors import PolicyError
from webapp.training.policy import backtest, backtest_report
from webapp.training.policy.plan import RetrainPlan
from webapp.training.policy.rules import POLICIES, PolicyRules
from webapp.training.policy.stream import of_days

START = 4_000  # events before the first check, but at most a quarter of all
_FEWEST = 500


def run(services: Services, plan: RetrainPlan, reporter: Reporter) -> dict[str, Any]:
    """The JSON of ``everycase backtest --log``. Raises TrainingError and CancelledError."""
    reporter.step(0.02, "count", "Reading the log")
    log = outcomes_by_day.read_outcomes(services, None, "demo" if plan.simulated else None)
    total = sum(counts.total for _, counts in log.days)
    if total < _FEWEST:
        raise PolicyError(f"a backtest needs {_FEWEST} events with outcomes; the log has {total:,}")
    stream = of_days(log.features, log.days, min(START, total // 4), 1)
    windows = [str(window) for window in plan.windows]
    rules = [
        PolicyRules.of(name, list(plan.estimators), windows, every=plan.every) for name in POLICIES
    ]

    def report(policy: str, share: float) -> None:
        progress = (POLICIES.index(policy) + share) / len(POLICIES)
        events = quantity(stream.events, "event")
        reporter.step(0.05 + 0.9 * progress, policy, f"Replaying {events}: {policy}")

    result = backtest.run(
        stream,
        rules,
        plan=plan,
        seed=plan.seed,
        settle_days=outcomes_by_day.settle_days(services, None, log.sources),
        on_progress=report,
    )
    source = {"log": list(log.sources), "shown": log.shown}
    return dict(backtest_report.as_json(result, source))
