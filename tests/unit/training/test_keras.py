"""The neural network retrains on counts as the others do: weighted, seeded, as a challenger."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from tests.support.labelled_streams import FEATURES, batches
from webapp.settings import ROOT
from webapp.stats.counts import Counts
from webapp.stats.metrics import log_loss
from webapp.training.policy.backtest import run
from webapp.training.policy.past import fit_scores, sum_counts
from webapp.training.policy.rules import PolicyRules
from webapp.training.policy.stream import BacktestStream

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (find_spec("keras") and find_spec("jax")), reason="the extra is absent"),
    pytest.mark.filterwarnings("ignore"),  # what keras and jax import warns of is not ours to fix
]
BATCHES = batches(np.random.default_rng(0), 500, 12)
COUNTS = sum_counts(BATCHES)


def scores(counts: Counts, seed: int = 0) -> np.ndarray:
    return fit_scores(FEATURES, counts, "keras", seed)


@pytest.fixture(scope="module")
def score_table() -> np.ndarray:
    return scores(COUNTS)


def test_only_the_seed_decides(score_table: np.ndarray) -> None:
    assert np.array_equal(score_table, scores(COUNTS))
    assert not np.array_equal(score_table, scores(COUNTS, seed=1))


def test_another_process_comes_to_the_same_table(score_table: np.ndarray) -> None:
    script = (
        "import numpy as np; from tests.unit.training.test_keras import COUNTS, scores; "
        "print(scores(COUNTS).tobytes().hex())"
    )
    process = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert process.stdout.strip() == score_table.tobytes().hex(), process.stderr


def test_it_is_the_shares_of_the_weights_that_count(score_table: np.ndarray) -> None:
    """A thousand times as many events are the same fit, and other shares are another."""
    many = Counts(COUNTS.n * 1000, COUNTS.positives * 1000)
    assert np.abs(scores(many) - score_table).max() < 1e-4
    ones = Counts(np.full(16, 2), np.ones(16, np.int64))
    flat = Counts(ones.n * 50, ones.positives * 50)  # every case as often, half of each positive
    assert np.abs(scores(flat) - 0.5).max() < 0.02
    assert np.abs(score_table - 0.5).max() > 0.2


def test_it_learns_what_the_cases_say(score_table: np.ndarray) -> None:
    base = np.full(16, COUNTS.base_rate)
    assert log_loss(score_table, COUNTS) < 0.85 * log_loss(base, COUNTS)
    simple = fit_scores(FEATURES, COUNTS, "logit", 0)
    assert log_loss(score_table, COUNTS) < log_loss(simple, COUNTS) + 0.01


def test_it_is_a_challenger_like_the_others() -> None:
    stream = BacktestStream(FEATURES, tuple(BATCHES[:9]), tuple(BATCHES[9:]), (1, 2, 3), "row")
    rules = [PolicyRules.of("periodic", ["keras"], ["1000"], every=1000)]
    (one,) = run(stream, rules).runs
    assert [r.winner for r in one.retrains] == ["keras@1000"]
    assert one.retrains[0].n == 1000
