"""How often some of many equally good versions is falsely called better or worse than another.

    .venv/bin/python -m benchmarks.error_rates.many_versions

Versions are the truth with errors of the same size in other directions, so that their log loss is
the same. In the other metrics, and in groups, they differ a little: a verdict there is false where
the true difference is not beyond the margin on that side.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.error_rates.laws import Law
from tests.support import populations
from webapp.stats import compare, disagreement, paired, simultaneous
from webapp.stats.counts import Counts
from webapp.stats.metric_specs import LOG_LOSS, SPECS
from webapp.stats.paired import Measurement
from webapp.stats.rates import Z95

Array = NDArray[np.float64]
INPUTS, THRESHOLD, RUNS = populations.GAMES, 0.2, 1_000
SIZES, RATES = (300, 500, 3_000, 30_000), (0.125, 0.01, 0.001)


def true_loss(law: Law, scores: Array) -> float:
    """The log loss of a score table for endless events."""
    ones, zeros = law.rates * np.log(scores), (1 - law.rates) * np.log1p(-scores)
    return float(-law.cases @ (ones + zeros))


@cache
def law_at(rate: float) -> Law:
    """The games' cases, with so large a share of positives."""
    cases, scores = populations.shares(), populations.shipped("hgb_games_v1").scores
    odds = np.log(scores / (1 - scores))
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if cases @ _expit(odds + middle) < rate else (low, middle)
    return Law(cases, _expit(odds + low))


def equally_good(law: Law, count: int, size: float = 0.3, seed: int = 5) -> list[Array]:
    """Score tables with the same true log loss, about ``size`` off in log odds, up or down."""
    rng, odds = np.random.default_rng(seed), np.log(law.rates / (1 - law.rates))
    tables: list[Array] = []
    for _ in range(count):
        sides = rng.choice([-1, 1], odds.size)
        low, high = 0.0, (4 * size if tables else 2 * size)
        target = true_loss(law, tables[0] if tables else _expit(odds + size * sides))
        for _ in range(60):
            middle = (low + high) / 2
            is_less = true_loss(law, _expit(odds + middle * sides)) < target
            low, high = (middle, high) if is_less else (low, middle)
        tables.append(_expit(odds + low * sides))
    return tables


def _expit(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def false_verdicts(law: Law, tables: Sequence[Array], n: int, runs: int) -> tuple[int, int]:
    """The number of samples in which some version is called better or worse by its log loss.

    First if each is judged as if it were the only one, then if all are judged at once.
    """
    rng, wrong = np.random.default_rng(n), [0, 0]
    for _ in range(runs):
        counts = law.draw(rng, n).labelled
        own = differences(tables, counts)
        at_once = simultaneous.critical_value([simultaneous.error_parts(one) for one in own])
        for i, z in enumerate((Z95, at_once)):
            verdicts = {LOG_LOSS.judge(one.cautious.interval(z), counts) for one in own}
            wrong[i] += bool(verdicts & {"better", "worse"})
    return wrong[0], wrong[1]


def differences(tables: Sequence[Array], counts: Counts) -> list[Measurement]:
    """The differences in log loss to the first of the tables."""
    first = paired.log_loss(tables[0], counts)
    return [paired.log_loss(table, counts) - first for table in tables[1:]]


def false_groups(law: Law, tables: Sequence[Array], n: int, runs: int) -> int:
    """The number of samples in which the best version is falsely better or worse for a group."""
    rng, wrong = np.random.default_rng(n), 0
    reference, *others = tables
    truth = [disagreement.segments(INPUTS, reference, table, law.endless()) for table in others]
    for _ in range(runs):
        counts = law.draw(rng, n).labelled
        best = int(np.argmin([one.value for one in differences(tables, counts)]))
        rest = [table for i, table in enumerate(others) if i != best]
        rows = disagreement.segments(INPUTS, reference, others[best], counts, rest)
        wrong += any(
            row.verdict in ("better", "worse") and row.verdict != true.verdict
            for row, true in zip(rows, truth[best], strict=True)
        )
    return wrong


def false_metrics(law: Law, tables: Sequence[Array], n: int, runs: int) -> dict[str, float]:
    """The share of samples in which a metric of some version gets a false verdict.

    By metric, and under ``any`` the share of samples in which any does.
    """
    rng, names = np.random.default_rng(n), [str(i) for i in range(len(tables))]
    versions = list(zip(names, tables, strict=True))
    true = _verdicts(compare.results(versions, law.endless(), THRESHOLD))
    shares = dict.fromkeys([spec.key for spec in SPECS] + ["any"], 0.0)
    for _ in range(runs):
        own = _verdicts(compare.results(versions, law.draw(rng, n).labelled, THRESHOLD))
        wrong = {
            key
            for (name, key), verdict in own.items()
            if verdict in ("better", "worse") and verdict != true.get((name, key))
        }
        for key in wrong | ({"any"} if wrong else set()):
            shares[key] += 1 / runs
    return shares


def _verdicts(results: Sequence[compare.VersionResult]) -> dict[tuple[str, str], str]:
    return {
        (result.version, key): difference.verdict
        for result in results
        for key, difference in result.differences.items()
        if difference is not None
    }


COLUMNS = (
    "versions",
    "positives",
    "events",
    "log loss, each alone",
    "at once",
    "any metric",
    "groups",
)


def table_rows(runs: int = RUNS) -> Iterator[tuple[str, ...]]:
    """The shares of samples with a false verdict, one row per number of versions and events."""
    few = max(1, runs // 5)
    for rate in RATES:
        law = law_at(rate)
        for count in (2, 10, 20):
            tables = equally_good(law, count)
            for n in SIZES:
                alone, joint = (k / runs for k in false_verdicts(law, tables, n, runs))
                every = false_metrics(law, tables, n, few)["any"]
                groups = false_groups(law, tables, n, few) / few
                shares = (f"{100 * share:.1f} %" for share in (alone, joint, every, groups))
                yield str(count), f"{100 * rate:g} %", f"{n:,}", *shares


def main() -> None:
    """Print the rates as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    for row in table_rows(parser.parse_args().runs):
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
