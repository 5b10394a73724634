"""Made-up labelled rows: seeded, so every run of the tests sees the same ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features


def labelled_rows(n: int = 3000, features: int = 10, seed: int = 0) -> NDArray[np.int64]:
    """``n`` rows of 0/1 features and a label in the last column that depends on them."""
    rng = np.random.default_rng(seed)
    rows = (rng.random((n, features)) < rng.uniform(0.05, 0.6, features)).astype(np.int64)
    logit = rows @ rng.normal(0, 1, features) + rows[:, 0] * rows[:, -1] - 1.5
    label = rng.random(n) < 1 / (1 + np.exp(-logit))
    return np.column_stack([rows, label])


def header(features: int = 10) -> str:
    """The header of a file of such rows."""
    return ",".join((*Features.numbered(features).names, "label"))


def write_csv(path: Path, rows: NDArray[np.int64]) -> Path:
    """The rows as the CSV that ``everycase train`` reads."""
    lines = [header(rows.shape[1] - 1), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path
