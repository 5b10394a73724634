"""A backtest in the background: the log's own history under every policy."""

from __future__ import annotations

from typing import Any

from webapp.jobs.reporter import Reporter
from webapp.services.context import Services
from webapp.services.traffic import outcomes_by_day
from webapp.training.errors import PolicyError
from webapp.training.policy import backtest, backtest_report
from webapp.training.policy.plan import POLICIES, Plan
from webapp.training.policy.rules import Rules

START = 4_000  # events before the first check, or a quarter where there are fewer
_FEWEST = 500


def run(services: Services, plan: Plan, reporter: Reporter) -> dict[str, Any]:
    """As ``everycase backtest --log --json`` prints it. Raises TrainingError and CancelledError."""
    reporter.step(0.02, "count", "Reading the log")
    features, sources, days = outcomes_by_day.days(
        services, None, "demo" if plan.simulated else None
    )
    total = sum(counts.total for _, counts in days)
    if total < _FEWEST:
        raise PolicyError(
            f"the log has {total:,} events with a known outcome: {_FEWEST} are needed to replay"
        )
    stream = backtest.of_days(features, days, min(START, total // 4), 1)
    windows = [str(window) for window in plan.windows]
    rules = [Rules.of(name, list(plan.estimators), windows, every=plan.every) for name in POLICIES]

    def tell(policy: str, share: float) -> None:
        done = (POLICIES.index(policy) + share) / len(POLICIES)
        reporter.step(0.05 + 0.9 * done, policy, f"Replaying {stream.events:,} events: {policy}")

    found = backtest.run(stream, rules, seed=plan.seed, tell=tell)
    shown = "simulated traffic" if sources == ("demo",) else ", ".join(sources)
    return dict(
        backtest_report.as_json(found, {"log": list(sources), "shown": f"The log ({shown})"})
    )
