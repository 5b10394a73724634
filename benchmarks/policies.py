"""Retraining policies on streams with known changes: log loss and retrains, by policy.

``python -m benchmarks policies``. The bars: ``on_error`` loses at most 1.15 times as much as
``on_gain`` where there is change, both stay quiet where there is none, and win at least half of
what refitting at every check wins where data are few and grow. Streams with changes are drawn with
several seeds: figures are means, in brackets from the least to the most. ``SEEDS=1`` is the quick
way; three take some four minutes of one core, half of that for the calm streams.
"""

from __future__ import annotations

import os
from pathlib import Path
from statistics import fmean

from benchmarks.figures import Figure
from tests.support.drift_streams import CALM, CHANGES, small_streams
from webapp.training.data import read_ordered
from webapp.training.policy.backtest import Backtest, PolicyRun, run
from webapp.training.policy.plan import RetrainPlan
from webapp.training.policy.rules import POLICIES, PolicyRules
from webapp.training.policy.stream import BacktestStream, of_rows
from webapp.training.rows import RowRange

DATA = os.environ.get("EVERYCASE_DATA")
PLAN = RetrainPlan(windows=(2000, 4000, "all"))
SEEDS = int(os.environ.get("SEEDS", "3"))  # of a stream with changes
CALM_SEEDS = 4
RATIO, FALSE_SHARE, LEAST_SHARE, MOST_RETRAINS = 1.15, 0.05, 0.5, 5


def measure() -> list[Figure]:
    """Every stream under every policy, with the gate and without; a table, and the bars."""
    print(f"  {'log loss / retrains':<36}" + "".join(f"{name:>16}" for name in POLICIES))
    return [*_changes(), *_small(), *_calm(), *_games()]


def _changes() -> list[Figure]:
    figures = []
    for name, one in CHANGES.items():
        streams = [one.of(seed) for seed in range(1, SEEDS + 1)]
        for plan in (PLAN, None):
            results = [_replay(stream, plan) for stream in streams]
            what = name + ("" if plan else ", no gate")
            _print(what, *results)
            pairs = ([run.metrics.log_loss for run in each.runs[2:]] for each in results)
            ratios = tuple(error / gain for error, gain in pairs)
            figures.append(Figure(f"{what}: on_error by on_gain", "", ratios, at_most=RATIO))
    return figures


def _small() -> list[Figure]:
    """Periodic is the one without a gate, which wins most."""
    figures = []
    for name, stream in small_streams().items():
        free, judged_run = (
            _replay(stream, None, "all", "2000"),
            _replay(stream, PLAN, "all", "2000"),
        )
        _print(f"{name}, no gate", free)
        _print(name, judged_run)
        periodic = _saved(free.runs[1], free)
        for one in judged_run.runs[2:]:
            is_few = len(one.retrains) <= MOST_RETRAINS
            share = _saved(one, free) / periodic if is_few else 0.0
            what = f"{name}: {one.policy}'s share of periodic's gain"
            bar = None if name.startswith("wine") else LEAST_SHARE
            figures.append(Figure(what, "", (share,), "", at_least=bar))
    return figures


def _saved(one: PolicyRun, result: Backtest) -> float:
    return result.never.metrics.log_loss - one.metrics.log_loss


def _calm() -> list[Figure]:
    """Streams of 200 checks in which nothing changes; without a gate, which would refuse some.

    Firing is false if it didn't lower the loss: more data alone can be a gain, and are said to be.
    """
    n_fired = {"on_error": 0, "on_gain": 0}
    for one in CALM.values():
        for seed in range(CALM_SEEDS):
            result = _replay(one.of(seed), None, policies=tuple(n_fired))
            for policy in result.runs:
                n_fired[policy.policy] += bool(policy.retrains) and _saved(policy, result) <= 0
    n = CALM_SEEDS * len(CALM)
    return [
        Figure(
            f"{n} calm streams, {name} fired for nothing in", "", (k / n,), "", at_most=FALSE_SHARE
        )
        for name, k in n_fired.items()
    ]


def _games() -> list[Figure]:
    if not DATA:
        return []
    rows = read_ordered(Path(DATA), RowRange())
    stream = of_rows(rows.features, rows.case, rows.label, 4_000, 500)
    for plan in (PLAN, None):
        _print("games" + ("" if plan else ", no gate"), _replay(stream, plan))
    return []


def _replay(
    stream: BacktestStream,
    plan: RetrainPlan | None,
    *windows: str,
    policies: tuple[str, ...] = POLICIES,
) -> Backtest:
    sizes = list(windows or ("2000", "4000", "all"))
    rules = [PolicyRules.of(name, ["logit"], sizes, pause=1000) for name in policies]
    return run(stream, rules, plan=plan)


def _print(name: str, *results: Backtest) -> None:
    """Log loss and retrains by policy, as means of all results, and the spread of several."""
    cells = []
    for runs in zip(*(result.runs for result in results), strict=True):
        losses = [run.metrics.log_loss for run in runs]
        retrains = [len(run.retrains) for run in runs]
        cell = f"{fmean(losses):.4f} / {fmean(retrains):.3g}"
        if len(runs) > 1:
            cell += f" ({min(losses):.3f}–{max(losses):.3f} / {min(retrains)}–{max(retrains)})"
        cells.append(cell)
    wide = 36 if len(results) > 1 else 16
    print(f"  {name:<36}" + "".join(f"{cell:>{wide}}" for cell in cells), flush=True)
