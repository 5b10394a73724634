"""Simulate the error rates of Drift's verdicts and intervals, and print them as Markdown.

    python -m benchmarks.error_rates --runs 200 > error-rates.md

Every cell of the grid, a model, a share of positives, a baseline and a window, has so many runs
with a fresh baseline each. Of 200 runs a cell the tables pool 3,000 a figure; that takes hours,
nearly all of them for boosted trees. ``--runs 20`` takes minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from benchmarks.error_rates.cells import Cell, Tallies, simulate
from benchmarks.error_rates.laws import GIVEN

MODELS = (GIVEN, "logit", "logit2", "hgb")
RATES = (0.5, 0.2, 0.05, 0.01, 0.003)
BASELINES = (200, 4000, 40_000)
SIZES = (1, 3, 10, 30, 60, 200, 300, 1000, 3000, 30_000)
_TITLES = {
    GIVEN: "Scores that are the truth, fitted on nothing",
    "logit": "Logistic regression, fitted on the baseline",
    "logit2": "Logistic regression with pairs, fitted on the baseline",
    "hgb": "Boosted trees, fitted on the baseline",
}
Grid = dict[float, list[dict[int, Cell]]]  # by the share of positives, then by baseline


def report(model: str, sizes: Sequence[int], baselines: Sequence[int], runs: int) -> str:
    """A model's two tables: false verdicts and coverage, by size of the window."""
    grid = {rate: [simulate(model, rate, m, sizes, runs) for m in baselines] for rate in RATES}
    false_rows, coverage_rows = (_table(grid, sizes, kind) for kind in ("false", "covered"))
    return "\n".join(
        [
            f"### {_TITLES[model]}",
            "",
            f"{runs} runs for each share of positives ({', '.join(f'{r:g}' for r in RATES)}) and "
            f"baseline ({', '.join(f'{m:,}' for m in baselines)} rows).",
            "",
            *_head("falsely said, %", sizes),
            *false_rows,
            "",
            *_head("covered, %", sizes),
            *coverage_rows,
            "",
        ]
    )


def _head(title: str, sizes: Sequence[int]) -> list[str]:
    columns = " | ".join(f"{n:,}" for n in sizes)
    return [f"| {title} | {columns} |", "|---" * (len(sizes) + 1) + "|"]


def _table(grid: Grid, sizes: Sequence[int], kind: str) -> list[str]:
    names: dict[str, None] = {}
    for cells in grid.values():
        for cell in cells:
            names |= dict.fromkeys(name for size in cell.values() for name in getattr(size, kind))
    rows = []
    for name in names:
        figures = [_figure(grid, n, kind, name) for n in sizes]
        rows.append(f"| {name} | {' | '.join(figures)} |")
    return rows


def _figure(grid: Grid, n: int, kind: str, name: str) -> str:
    """The percentage over the whole grid, and by the share of positives where it is worst."""
    by_rate = []
    for cells in grid.values():
        parts: list[Tallies] = [getattr(cell[n], kind) for cell in cells]
        tallies = [part[name] for part in parts if name in part]
        by_rate.append((sum(t.hits for t in tallies), sum(t.total for t in tallies)))
    hits, total = (sum(part) for part in zip(*by_rate, strict=True))
    if not total:
        return "–"
    shares = [100 * some / of for some, of in by_rate if of]
    worst = max(shares) if kind == "false" else min(shares)
    return f"{100 * hits / total:.1f} ({worst:.1f})"


def main() -> None:
    """Print the tables of every model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--baselines", nargs="+", type=int, default=BASELINES)
    options = parser.parse_args()
    for model in options.models:
        print(report(model, options.sizes, options.baselines, options.runs), flush=True)


if __name__ == "__main__":
    main()
