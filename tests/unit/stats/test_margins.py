"""Margins that mean the same at every base rate."""

from __future__ import annotations

import numpy as np
import pytest

from webapp.stats import compare
from webapp.stats.counts import Counts
from webapp.stats.margins import describe_margin, entropy, margin_for
from webapp.stats.metric_specs import SPECS


def test_where_one_in_eight_is_positive_they_are_what_they_were() -> None:
    values = {spec.key: round(margin_for(spec.key, 0.125), 4) for spec in SPECS}
    assert values == {"log_loss": 0.002, "brier": 0.001, "auc": 0.01, "average_precision": 0.01,
                      "ece": 0.01, "precision": 0.02, "recall": 0.02}  # fmt: skip
    assert margin_for("log_loss", float("nan")) == margin_for("log_loss", 0) > 0


@pytest.mark.parametrize("rate", [0.001, 0.02, 0.125, 0.5, 0.9])
def test_they_are_a_share_of_what_guessing_costs(rate: float) -> None:
    assert margin_for("log_loss", rate) == pytest.approx(0.0053 * entropy(rate))
    assert margin_for("brier", rate) == pytest.approx(0.0091 * rate * (1 - rate))
    assert margin_for("auc", rate) == 0.01
    assert describe_margin("log_loss") == "0.53 % of what guessing the base rate costs"
    assert describe_margin("auc") == "0.01"


def test_a_tenth_of_the_log_loss_matters_where_one_in_a_thousand_is_positive() -> None:
    """A version that ranks ten times as many positives high, on a million events."""
    n = np.array([900_000, 100_000])
    truth = np.array([0.0002, 0.0082])  # 180 and 820 of a million: a base rate of .001
    counts = Counts(n, np.round(n * truth).astype(np.int64))
    flat, own = np.full(2, 0.001), truth
    difference = compare.results([("flat", flat), ("own", own)], counts, 0.2)[1].differences
    log_loss = difference["log_loss"]
    assert log_loss is not None
    assert -0.002 < log_loss.value < -0.1 * entropy(0.001), "less than the old margin"
    assert log_loss.margin == pytest.approx(0.0053 * entropy(0.001))
    assert log_loss.verdict == "better"
