"""Replay a stream under every policy: each block is predicted before it is learnt from."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from tests.support.synthetic_rows import labelled_rows
from webapp.cases import Features
from webapp.pages.models import backtest_report
from webapp.stats.counts import Counts
from webapp.training.data import read_ordered
from webapp.training.errors import EstimatorError, PolicyError
from webapp.training.policy.backtest import Backtest, run
from webapp.training.policy.backtest_report import as_json, describe
from webapp.training.policy.rules import POLICIES, PolicyRules
from webapp.training.policy.stream import BacktestStream, of_days, of_rows
from webapp.training.rows import RowRange

G4 = Features.numbered(4)
Rows = NDArray[np.int64]


def changing(n: int = 6000, change: int = 3000, seed: int = 0) -> Rows:
    """Rows whose label turns to other features after ``change`` of them."""
    rng = np.random.default_rng(seed)
    x = (rng.random((n, 4)) < 0.4).astype(np.int64)
    late = np.arange(n) >= change
    logit = np.where(late, -2 + 3 * x[:, 2] - x[:, 0], -2 + 2.5 * x[:, 0] + x[:, 1])
    return np.column_stack([x, rng.random(n) < 1 / (1 + np.exp(-logit))]).astype(np.int64)


def stream_of(rows: Rows, start: int = 1000, every: int = 250) -> BacktestStream:
    features = Features.numbered(rows.shape[1] - 1)
    return of_rows(features, features.number(rows[:, :-1]), rows[:, -1], start, every)


def played(
    stream: BacktestStream,
    policies: Sequence[str] = POLICIES,
    windows: str = "500,all",
    delay: int = 0,
) -> Backtest:
    rules = [PolicyRules.of(p, ["logit"], windows.split(",")) for p in policies]
    return run(stream, rules, delay=delay)


@pytest.fixture(scope="module")
def result() -> Backtest:
    return played(stream_of(changing()))


def test_rows_are_cut_from_the_start_both_ways() -> None:
    stream = stream_of(changing(1130), start=620, every=250)
    assert [block.total for block in stream.past] == [120, 250, 250]
    assert [block.total for block in stream.blocks] == [250, 250, 10]
    assert stream.ends == (870, 1120, 1130)
    assert (stream.start, stream.events) == (620, 510)


@pytest.mark.parametrize(("start", "every"), [(0, 5), (1130, 5), (5000, 5), (10, 0)])
def test_a_start_that_leaves_nothing_is_refused(start: int, every: int) -> None:
    with pytest.raises(PolicyError, match="use a"):
        stream_of(changing(1130), start, every)


def test_never_is_a_fit_on_the_start_and_its_loss_on_the_rest(result: Backtest) -> None:
    """scikit-learn on the rows themselves."""
    rows = changing()
    model = LogisticRegression(max_iter=1000).fit(rows[:1000, :-1], rows[:1000, -1])
    scores = model.predict_proba(rows[1000:, :-1])[:, 1]
    never = result.runs[0]
    assert never.policy == "never"
    assert never.metrics.log_loss == pytest.approx(log_loss(rows[1000:, -1], scores), abs=1e-6)
    assert never.metrics.auc == pytest.approx(roc_auc_score(rows[1000:, -1], scores), abs=1e-9)
    assert sum(never.losses) / 5000 == pytest.approx(never.metrics.log_loss)
    assert not never.retrains


def test_periodic_refits_on_the_last_rows_at_every_check(result: Backtest) -> None:
    rows, scores = changing(), np.empty(5000)
    for begin in range(1000, 6000, 250):
        window = rows[:1000] if begin == 1000 else rows[begin - 500 : begin]
        model = LogisticRegression(max_iter=1000).fit(window[:, :-1], window[:, -1])
        scores[begin - 1000 : begin - 750] = model.predict_proba(rows[begin : begin + 250, :-1])[
            :, 1
        ]
    periodic = result.runs[1]
    assert len(periodic.retrains) == 20
    assert periodic.metrics.log_loss == pytest.approx(log_loss(rows[1000:, -1], scores), abs=1e-6)
    assert {r.n for r in periodic.retrains} == {500}


def test_the_policies_that_look_retrain_soon_after_the_change_and_not_before(
    result: Backtest,
) -> None:
    for one in result.runs[2:]:
        assert one.retrains
        assert all(result.stream.ends[r.block] > 3000 for r in one.retrains)
        assert result.stream.ends[one.retrains[0].block] <= 4250
        assert one.metrics.log_loss < result.never.metrics.log_loss - 0.01
        assert max(one.shares[:8]) < 1


def test_a_stream_in_which_nothing_changes_is_left_alone() -> None:
    rows = changing(6000, change=6000)
    for one in played(stream_of(rows), ["on_error", "on_gain"]).runs:
        assert not one.retrains


@pytest.mark.parametrize("delay", [0, 2])
def test_nothing_is_known_before_it_has_matured(delay: int) -> None:
    """Another future, the same past: losses, retrains and shares up to there."""
    rows, when = changing(), 4000
    other = rows.copy()
    rng = np.random.default_rng(7)
    other[when:] = other[when:][rng.permutation(len(other) - when)]
    other[when:, -1] = rng.permutation(1 - other[when:, -1])
    blocks = (when - 1000) // 250
    one = played(stream_of(rows), delay=delay)
    two = played(stream_of(other), delay=delay)
    for a, b in zip(one.runs, two.runs, strict=True):
        assert a.losses[:blocks] == b.losses[:blocks]
        assert a.losses[blocks] != b.losses[blocks]
        assert a.shares[: blocks + delay] == b.shares[: blocks + delay]
        retrains = [r for r in a.retrains if r.block < blocks + delay]
        assert retrains == [r for r in b.retrains if r.block < blocks + delay]


def test_late_outcomes_are_learnt_late_and_reported_as_pending() -> None:
    soon, late = played(stream_of(changing())), played(stream_of(changing()), delay=3)
    assert late.never.losses == soon.never.losses
    for a, b in zip(soon.runs[2:], late.runs[2:], strict=True):
        assert b.retrains[0].block == a.retrains[0].block + 3
        assert "750 events are still waiting for their outcomes." in b.retrains[0].explanation
    assert late.runs[3].shares[:3] == (0.0, 0.0, 0.0)


def test_a_policy_is_compared_with_never_even_if_not_requested(result: Backtest) -> None:
    alone = played(stream_of(changing()), ["on_gain"])
    assert [r.policy for r in alone.runs] == ["on_gain"]
    assert alone.never.losses == result.never.losses
    assert alone.runs[0].losses == result.runs[3].losses


def test_a_stream_that_none_can_be_fitted_on_is_refused() -> None:
    rows = changing(1000)
    rows[:200, -1] = 0
    with pytest.raises(EstimatorError, match="0 of the 200 rows have label 1"):
        played(stream_of(rows, 200), ["never"])


def test_a_retrain_that_fails_leaves_the_champion_and_is_reported() -> None:
    rows = changing(2000)
    rows[1250:1500, -1] = 0
    result = played(stream_of(rows), ["periodic"], "250")
    (one,) = result.runs
    assert [r.block for r in one.retrains] == [0, 2, 3]
    (failure,) = one.failures
    assert failure.startswith("logit@250: 0 of the 250 rows have label 1")
    assert f"periodic: 1 retrain failed: {failure}" in describe(result, "rows")
    assert as_json(result, {"shown": "rows"})["policies"][0]["failed"] == [failure]


def test_days_become_blocks_that_have_enough_events() -> None:
    rng = np.random.default_rng(1)

    def day(n: int) -> Counts:
        return Counts.of(rng.integers(0, 16, n), rng.integers(0, 2, n), 16)

    sizes = [30, 40, 10, 0, 25, 5, 100, 7]
    days = [(86_400_000 * k, day(n)) for k, n in enumerate(sizes)]
    stream = of_days(G4, days, start=60, every=30)
    assert [block.total for block in stream.past] == [30, 40]
    assert [block.total for block in stream.blocks] == [35, 105, 7]
    assert [end // 86_400_000 for end in stream.ends] == [4, 6, 7]
    assert [b.total for b in of_days(G4, days, 60, 1).blocks] == [10, 25, 5, 100, 7]
    with pytest.raises(PolicyError, match="only 217 events with an outcome"):
        of_days(G4, days, 5000, 1)
    with pytest.raises(PolicyError, match="no events with outcomes yet"):
        of_days(G4, [], 5000, 1)


def test_the_json_form_has_what_a_chart_needs(result: Backtest) -> None:
    form = json.loads(json.dumps(as_json(result, {"shown": "rows"})))
    assert [p["policy"] for p in form["policies"]] == list(POLICIES)
    for policy, one in zip(form["policies"], result.runs, strict=True):
        curve = policy["curve"]
        assert len(curve["at"]) == len(curve["difference"]) == len(curve["share"]) == 20
        assert policy["retrains"] == len(policy["retrained"]) == len(one.retrains)
        gain = (policy["log_loss"] - result.never.metrics.log_loss) * 5000
        assert curve["difference"][-1] == pytest.approx(gain)
        for dot in policy["retrained"]:
            assert curve["difference"][curve["at"].index(dot["at"])] == dot["difference"]
    assert form["policies"][0]["curve"]["difference"] == [0.0] * 20


def test_the_table_has_the_best_first_and_says_when_it_was_retrained(result: Backtest) -> None:
    text = describe(result, "rows 1:6000 of some.csv")
    lines = text.splitlines()
    order = [line.split()[0] for line in lines[4:8]]
    best = sorted(result.runs, key=lambda r: r.metrics.log_loss)
    assert order == [one.policy for one in best]
    assert "periodic retrained 20 times, first with logistic regression on the last 500" in text
    assert "on_gain retrained after row\n" in text


def test_the_report_draws_every_policy_and_escapes_its_texts(result: Backtest) -> None:
    page = backtest_report.render(as_json(result, {"shown": "<b>rows</b>"}))
    assert "&lt;b&gt;rows&lt;/b&gt;" in page
    assert page.count("<polyline") == 4
    assert page.count("<circle") == sum(len(one.retrains) for one in result.runs)
    assert "http" not in page


@pytest.mark.parametrize(("low", "high"), [(-480.0, 12.0), (0.0, 0.0), (-0.3, 0.01), (3.0, 900.0)])
def test_the_scale_is_of_round_numbers_within_the_values(low: float, high: float) -> None:
    ticks = backtest_report.scale(min(low, 0), max(high, 0))
    assert 1 <= len(ticks) <= 7
    assert 0.0 in ticks
    assert min(low, 0) <= ticks[0] <= ticks[-1] <= max(high, 0)


def test_names_at_the_ends_do_not_touch() -> None:
    heights = backtest_report.spread([100.0, 40.0, 101.0, 45.0])
    assert heights == [100.0, 40.0, 115.0, 55.0]


DATA = os.environ.get("EVERYCASE_DATA")
real = pytest.mark.skipif(not DATA, reason="EVERYCASE_DATA, the path of the games file, is unset")


@pytest.fixture(scope="module")
def games() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows = read_ordered(Path(str(DATA)), RowRange())
    return rows.case, rows.label


def on_games(
    games: tuple[NDArray[np.int64], NDArray[np.int64]],
    order: NDArray[np.int64],
    policies: Sequence[str],
    estimators: str = "logit",
) -> dict[str, tuple[float, int]]:
    case, label = (values[order] for values in games)
    stream = of_rows(Features.numbered(10), case, label, 4000, 500)
    windows = ["2000", "4000", "all"]
    rules = [PolicyRules.of(p, estimators.split(","), windows) for p in policies]
    return {r.policy: (r.metrics.log_loss, len(r.retrains)) for r in run(stream, rules).runs}


@real
def test_the_games_in_order(games: tuple[NDArray[np.int64], NDArray[np.int64]]) -> None:
    result = on_games(games, np.arange(22_905), POLICIES)
    assert result["never"] == (pytest.approx(0.3395, abs=5e-5), 0)
    assert result["periodic"] == (pytest.approx(0.3140, abs=5e-5), 38)
    assert result["on_gain"][0] <= 0.3215
    assert result["on_gain"][1] <= 6


@real
def test_the_games_with_more_estimators(
    games: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> None:
    loss, retrains = on_games(games, np.arange(22_905), ["on_gain"], "logit,logit2,hgb")["on_gain"]
    assert loss <= 0.3050
    assert retrains <= 8


@real
def test_the_games_backwards(games: tuple[NDArray[np.int64], NDArray[np.int64]]) -> None:
    result = on_games(games, np.arange(22_905)[::-1], ["never", "on_gain"])
    assert result["never"][0] == pytest.approx(0.5174, abs=5e-5)
    assert result["on_gain"][0] <= 0.3500
    assert result["on_gain"][1] <= 7


@real
def test_the_games_shuffled(games: tuple[NDArray[np.int64], NDArray[np.int64]]) -> None:
    orders = [np.random.default_rng(seed).permutation(22_905) for seed in range(4)]
    assert sum(on_games(games, order, ["on_gain"])["on_gain"][1] for order in orders) <= 1


def test_made_up_rows_of_ten_features_replay_too() -> None:
    one = played(stream_of(labelled_rows(3000), 1000, 500), ["never", "on_gain"])
    assert all(np.isfinite(r.metrics.log_loss) for r in one.runs)
