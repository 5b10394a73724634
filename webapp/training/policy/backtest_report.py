"""A backtest as JSON, and as a table for people."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from webapp.grammar import quantity
from webapp.training.policy.backtest import Backtest, BacktestRetrain, PolicyRun
from webapp.training.policy.plan import RetrainPlan
from webapp.training.policy.stream import BacktestStream
from webapp.training.policy.words import challenger_name


def as_json(result: Backtest, source: dict[str, Any]) -> dict[str, Any]:
    """The backtest as plain values; ``source`` describes what was replayed."""
    stream = result.stream
    return {
        "source": source,
        "unit": stream.unit,
        "start": stream.start,
        "events": stream.events,
        "checks": len(stream.blocks),
        "first": result.first.key,
        "gate": None if result.plan is None else _gate(result.plan),
        "policies": [_policy(run, result) for run in result.runs],
    }


_OF_GATE = ("holdout", "churn", "threshold", "refit")


def _gate(plan: RetrainPlan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in _OF_GATE}


def _policy(run: PolicyRun, result: Backtest) -> dict[str, Any]:
    differences = curve(run, result.never)
    free_run = run.uncapped
    return {
        "policy": run.policy,
        "log_loss": run.metrics.log_loss,
        "auc": run.metrics.auc,
        "brier": run.metrics.brier,
        "retrains": len(run.retrains),
        "refused": len(run.refusals),
        "capped": len(run.capped),
        "uncapped": None if free_run is None else _without_cap(free_run),
        "failed": list(run.failures),
        "seconds": run.seconds,
        "retrained": [_retrain(one, result.stream, differences) for one in run.retrains],
        "not_promoted": [_retrain(one, result.stream, differences) for one in run.refusals],
        "curve": {
            "at": list(result.stream.ends),
            "difference": differences,
            "share": list(run.shares),
        },
    }


def _without_cap(run: PolicyRun) -> dict[str, Any]:
    """The same policy without the cap on changed decisions."""
    metrics = run.metrics
    return {
        "log_loss": metrics.log_loss,
        "auc": metrics.auc,
        "brier": metrics.brier,
        "retrains": len(run.retrains),
    }


def _retrain(
    one: BacktestRetrain, stream: BacktestStream, differences: list[float]
) -> dict[str, Any]:
    return {
        "at": stream.ends[one.block],
        "challenger": one.winner,
        "trained_on": one.n,
        "difference": differences[one.block],
        "verdict": one.verdict,
        "explanation": one.explanation,
    }


def curve(run: PolicyRun, never: PolicyRun) -> list[float]:
    """The log loss so far, less that of never retraining, in nats; after each block."""
    return list(accumulate(a - b for a, b in zip(run.losses, never.losses, strict=True)))


def describe(result: Backtest, source: str) -> str:
    """The policies as a table, best first, and their retrains."""
    stream = result.stream
    lines = [
        f"{source}: {quantity(stream.start, 'event')} to start with, then {stream.events:,} in "
        f"{quantity(len(stream.blocks), 'block')}, each predicted before it is learnt from.",
        f"First champion: {challenger_name(result.first.key)}. {describe_gate(result.plan)}",
        "",
        f"{'policy':<10} log loss     AUC  retrains  refused  seconds",
    ]
    for run in sorted(result.runs, key=lambda r: r.metrics.log_loss):
        lines.append(_row(run.policy, run))
        if run.uncapped is not None:
            lines.append(_row("  no cap", run.uncapped))
    for run in result.runs:
        lines += _list_retrains(run, stream)
        if run.capped:
            retrains = quantity(len(run.capped), "retrain")
            held_back = f"the cap on changed decisions left {retrains} to a person"
            lines += ["", f"{run.policy}: {held_back}."]
        if run.failures:
            failures = quantity(len(run.failures), "retrain")
            lines += ["", f"{run.policy}: {failures} failed: {run.failures[0]}"]
    return "\n".join(lines)


def describe_gate(plan: RetrainPlan | None) -> str:
    """A sentence on what a retrain must pass before it becomes champion."""
    if plan is None:
        return "Every retrain becomes champion: no gate."
    refit = "fitted again on all" if plan.refit else "as it was judged"
    return (
        f"The gate judges on {plan.holdout:,} held-out events; what passes becomes champion, "
        f"{refit}."
    )


def _row(name: str, run: PolicyRun) -> str:
    m = run.metrics
    return (
        f"{name:<10}   {m.log_loss:.4f}  {m.auc:.4f}  {len(run.retrains):>8}  "
        f"{len(run.refusals):>7}  {run.seconds:>7.1f}"
    )


_LISTED = 12  # retrains of a policy; more are only counted


def _list_retrains(run: PolicyRun, stream: BacktestStream) -> list[str]:
    if not run.retrains:
        return []
    if len(run.retrains) > _LISTED:
        key = run.retrains[0].winner
        n = len(run.retrains)
        return ["", f"{run.policy} retrained {n:,} times, first with {challenger_name(key)}."]
    lines = ["", f"{run.policy} retrained after {stream.unit}"]
    width = max(len(place(stream, one.block)) for one in run.retrains)
    for one in run.retrains:
        lines.append(f"  {place(stream, one.block):>{width}}  {challenger_name(one.winner)}")
    return lines


def place(stream: BacktestStream, block: int) -> str:
    """The end of a block: ``17,500`` or ``2026-11-24``."""
    end = stream.ends[block]
    if stream.unit == "day":
        return datetime.fromtimestamp(end / 1000, UTC).date().isoformat()
    return f"{end:,}"
