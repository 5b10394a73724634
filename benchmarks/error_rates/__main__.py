"""Simulate the error rates of Drift's verdicts and intervals, and print them as Markdown.

    python -m benchmarks.error_rates --runs 200 > error-rates.md

Every cell of the grid, a model, a share of positives, a baseline and a window, has so many runs
with a fresh baseline each. With ``--results FILE`` what was simulated is kept there, ten runs of a
cell a line: another call adds what is missing, and ``--minutes 20`` ends the first one in time.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from benchmarks.error_rates.cells import Cell, Tallies, Tally, simulate
from benchmarks.error_rates.laws import GIVEN

MODELS = (GIVEN, "logit", "logit2", "hgb")
RATES = (0.5, 0.2, 0.05, 0.01, 0.003)
BASELINES = (200, 4000, 40_000)
SIZES = (1, 3, 10, 30, 100, 200, 300, 1000, 3000, 10_000, 30_000)
BATCH = 10  # runs of a cell that are kept together
_TITLES = {
    GIVEN: "Scores that are the truth, fitted on nothing",
    "logit": "Logistic regression, fitted on the baseline",
    "logit2": "Logistic regression with pairs, fitted on the baseline",
    "hgb": "Boosted trees, fitted on the baseline",
}
Key = tuple[str, float, int]  # model, share of positives, rows of the baseline
Cells = dict[int, Cell]  # by events of the window
Part = tuple[Key, int, Cells]  # with the number of the batch


def report(model: str, parts: Sequence[Part]) -> str:
    """A model's two tables: false verdicts and coverage, by size of the window."""
    own = [part for part in parts if part[0][0] == model]
    sizes = list(own[0][2])
    baselines = sorted({m for (_, _, m), _, _ in own})
    runs = [sum(BATCH for other, *_ in own if other == key) for key in {key for key, *_ in own}]
    number = str(min(runs)) if min(runs) == max(runs) else f"{min(runs)} to {max(runs)}"
    windows = max(_pooled(own, n, "false", "skill: worse")[0].total for n in sizes)
    lines = [
        f"### {_TITLES[model]}",
        "",
        f"{number} runs for each share of positives ({', '.join(f'{r:g}' for r in RATES)}) and "
        f"baseline ({', '.join(f'{m:,}' for m in baselines)} rows): a figure is of {windows:,} "
        "windows.",
    ]
    for kind, title in (("false", "falsely said, %"), ("covered", "covered, %")):
        lines += ["", *_head(title, sizes), *_table(own, sizes, kind)]
    return "\n".join([*lines, ""])


def _head(title: str, sizes: Sequence[int]) -> list[str]:
    columns = " | ".join(f"{n:,}" for n in sizes)
    return [f"| {title} | {columns} |", "|---" * (len(sizes) + 1) + "|"]


def _table(parts: Sequence[Part], sizes: Sequence[int], kind: str) -> list[str]:
    names = dict.fromkeys(
        name for *_, cells in parts for cell in cells.values() for name in getattr(cell, kind)
    )
    return [
        f"| {name} | {' | '.join(_figure(parts, n, kind, name) for n in sizes)} |" for name in names
    ]


def _figure(parts: Sequence[Part], n: int, kind: str, name: str) -> str:
    """The percentage over the whole grid with its standard error, and where it is worst."""
    every, *by_rate = _pooled(parts, n, kind, name)
    shares = [one.percent for one in by_rate if one.total]
    if not shares:
        return "–"
    worst = max(shares) if kind == "false" else min(shares)
    return f"{every.percent:.1f} ± {every.error:.1f} ({worst:.0f})"


def _pooled(parts: Sequence[Part], n: int, kind: str, name: str) -> list[Tally]:
    """The tally of all cells, and those of each share of positives."""
    tallies = [Tally() for _ in range(1 + len(RATES))]
    for (_, rate, _), _, cells in parts:
        tally: Tallies = getattr(cells[n], kind)
        if name in tally:
            for place in (0, 1 + RATES.index(rate)):
                tallies[place].add(tally[name])
    return tallies


def read_parts(path: Path) -> list[Part]:
    """What was simulated before; nothing if there is no such file."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [_read_part(json.loads(line)) for line in lines]


def _read_part(line: dict[str, Any]) -> Part:
    def read(tallies: dict[str, dict[str, int]]) -> Tallies:
        return {name: Tally(**sums) for name, sums in tallies.items()}

    cells = {
        int(n): Cell(read(cell["false"]), read(cell["covered"]))
        for n, cell in line["cells"].items()
    }
    model, rate, baseline, number = line["key"]
    return (model, rate, baseline), number, cells


def add_parts(options: argparse.Namespace, parts: list[Part]) -> None:
    """Simulate what is missing, a batch of every cell in turns, and keep it."""
    known_parts, start = {(key, number) for key, number, _ in parts}, monotonic()
    for key, number in _batches(options):
        if (key, number) in known_parts:
            continue
        if monotonic() - start > 60 * options.minutes:
            return
        runs = range(BATCH * number, BATCH * (number + 1))
        cells = simulate(*key, options.sizes, runs, options.windows)
        parts.append((key, number, cells))
        if options.results:
            values = {n: cell.as_dict() for n, cell in cells.items()}
            line = {"key": [*key, number], "cells": values}
            with options.results.open("a") as file:
                file.write(json.dumps(line) + "\n")


def _batches(options: argparse.Namespace) -> Iterator[tuple[Key, int]]:
    for number in range(-(-options.runs // BATCH)):
        for model in options.models:
            for rate in RATES:
                yield from (((model, rate, m), number) for m in options.baselines)


def main() -> None:
    """Print the tables of every model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="in tens")
    parser.add_argument("--windows", type=int, default=1, help="of each size, in a run")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--baselines", nargs="+", type=int, default=BASELINES)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    options = parser.parse_args()
    parts = read_parts(options.results) if options.results else []
    add_parts(options, parts)
    for model in options.models:
        if any(key[0] == model for key, *_ in parts):
            print(report(model, parts), flush=True)


if __name__ == "__main__":
    main()
