"""List the features that Everycase or Evidently flags in each window of a file.

    .venv/bin/python scripts/drift_by_window.py games-expand.csv
    EVIDENTLY/bin/python scripts/drift_by_window.py games-expand.csv --tool evidently

Evidently needs an environment of its own: ``pip install evidently==0.7.23 "pandas<3"``.
Rows 1 to 4,000 are the baseline, and later rows are compared in windows of 500. Windows of the same
size are drawn from the baseline itself, with replacement, to count flags when nothing has changed.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

BASELINE, WINDOW, RESAMPLES, MANY = 4_000, 500, 200, 1_000_000
Flags = Callable[[pd.DataFrame], set[str]]


def everycase(rows: pd.DataFrame) -> Flags:
    """A function that gives the features whose verdict is ``drifted`` (webapp/stats)."""
    from webapp.cases import Features
    from webapp.stats import inputs
    from webapp.stats.verdicts import MARGIN

    features = Features(tuple(rows.columns))

    def counts(frame: pd.DataFrame) -> np.ndarray:
        cases = frame.to_numpy() @ (1 << np.arange(len(rows.columns)))
        return np.bincount(cases, minlength=features.cases)

    before = counts(rows[:BASELINE])

    def flags(window: pd.DataFrame) -> set[str]:
        rows = inputs.feature_rows(features, before, counts(window), MARGIN)
        return {row.name for row in rows if row.verdict == "drifted"}

    return flags


def evidently(rows: pd.DataFrame) -> Flags:
    """A function that gives the features that DataDriftPreset flags with its default tests."""
    import re

    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(categorical_columns=list(rows.columns))
    before = Dataset.from_pandas(rows[:BASELINE], data_definition=definition)

    def flags(window: pd.DataFrame) -> set[str]:
        now = Dataset.from_pandas(window, data_definition=definition)
        metrics = Report([DataDriftPreset()]).run(now, before).dict()["metrics"]
        names = set()
        for metric in metrics:
            match = re.search(r"column=(\w+),method=(.*),threshold=([\d.]+)", metric["metric_name"])
            if match:
                distance = "distance" in match[2]  # the others are p-values, which are small
                value, threshold = float(metric["value"]), float(match[3])
                if value >= threshold if distance else value < threshold:
                    names.add(match[1])
        return names

    return flags


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--tool", choices=["everycase", "evidently"], default="everycase")
    options = parser.parse_args()
    rows = pd.read_csv(options.data).drop(columns="label")
    flags = {"everycase": everycase, "evidently": evidently}[options.tool](rows)
    first: dict[str, int] = {}
    windows = dict.fromkeys(rows.columns, 0)
    starts = range(BASELINE, len(rows) - WINDOW + 1, WINDOW)
    for start in starts:
        for name in flags(rows[start : start + WINDOW]):
            first.setdefault(name, start + 1)
            windows[name] += 1
    print(f"{'feature':10}{'first row':>12}{'windows of ' + str(len(starts)):>16}")
    for name in rows.columns:
        print(f"{name:10}{first.get(name, 0) or 'never':>12}{windows[name]:>16}")
    rng = np.random.default_rng(0)
    draws = (rows[:BASELINE].iloc[rng.integers(0, BASELINE, WINDOW)] for _ in range(RESAMPLES))
    false = [len(flags(window)) for window in draws]
    print(f"{RESAMPLES} windows without drift: {sum(false)} flags in {np.count_nonzero(false)}")
    many = rows.sample(MANY, replace=True, random_state=0)
    timer = time.perf_counter()
    flags(many)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{MANY:,} rows: {time.perf_counter() - timer:.2f} s, {memory:.0f} MB at most")


if __name__ == "__main__":
    main()
