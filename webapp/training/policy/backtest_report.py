"""A backtest as JSON, and as a table for people."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from webapp.training.policy.backtest import Backtest, Retrain, Run, Stream
from webapp.training.policy.reasons import name


def as_json(found: Backtest, source: dict[str, Any]) -> dict[str, Any]:
    """``source`` says what was replayed. Policies stand in the order that was asked for."""
    stream = found.stream
    return {
        "source": source,
        "unit": stream.unit,
        "start": stream.start,
        "events": stream.events,
        "checks": len(stream.blocks),
        "first": found.first.key,
        "policies": [_policy(run, found) for run in found.runs],
    }


def _policy(run: Run, found: Backtest) -> dict[str, Any]:
    differences = curve(run, found.never)
    return {
        "policy": run.policy,
        "log_loss": run.metrics.log_loss,
        "auc": run.metrics.auc,
        "brier": run.metrics.brier,
        "retrains": len(run.retrains),
        "failed": list(run.failures),
        "seconds": run.seconds,
        "retrained": [_retrain(one, found.stream, differences) for one in run.retrains],
        "curve": {
            "at": list(found.stream.ends),
            "difference": differences,
            "share": list(run.shares),
        },
    }


def _retrain(one: Retrain, stream: Stream, differences: list[float]) -> dict[str, Any]:
    return {
        "at": stream.ends[one.block],
        "challenger": one.winner,
        "trained_on": one.n,
        "difference": differences[one.block],
        "explanation": one.explanation,
    }


def curve(run: Run, never: Run) -> list[float]:
    """The log loss so far, less that of never retraining, in nats; after each block."""
    return list(accumulate(a - b for a, b in zip(run.losses, never.losses, strict=True)))


def describe(found: Backtest, source: str) -> str:
    """The policies, best first, and when they retrained."""
    stream = found.stream
    lines = [
        f"{source}: the first {stream.start:,} events to begin with, then {stream.events:,} in "
        f"{len(stream.blocks)} blocks, each predicted before it was learnt.",
        f"The first champion is {name(found.first.key)}.",
        "",
        f"{'policy':<10} log loss     AUC  retrains  seconds",
    ]
    for run in sorted(found.runs, key=lambda r: r.metrics.log_loss):
        m = run.metrics
        lines.append(
            f"{run.policy:<10}   {m.log_loss:.4f}  {m.auc:.4f}  {len(run.retrains):>8}  "
            f"{run.seconds:>7.1f}"
        )
    for run in found.runs:
        lines += _when(run, stream)
        if run.failures:
            lines += ["", f"{run.policy}: {len(run.failures)} more failed, {run.failures[0]}"]
    return "\n".join(lines)


_LISTED = 12  # a policy that retrains at every check is not listed check by check


def _when(run: Run, stream: Stream) -> list[str]:
    if not run.retrains:
        return []
    if len(run.retrains) > _LISTED:
        key = run.retrains[0].winner
        return ["", f"{run.policy} retrained {len(run.retrains)} times, first {name(key)}."]
    lines = ["", f"{run.policy} retrained after {stream.unit}"]
    width = max(len(place(stream, one.block)) for one in run.retrains)
    for one in run.retrains:
        lines.append(f"  {place(stream, one.block):>{width}}  {name(one.winner)}")
    return lines


def place(stream: Stream, block: int) -> str:
    """Where a block ends: ``17,500`` or ``2026-11-24``."""
    end = stream.ends[block]
    if stream.unit == "day":
        return datetime.fromtimestamp(end / 1000, UTC).date().isoformat()
    return f"{end:,}"
