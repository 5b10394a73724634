"""The whole comparison: odd data gives plain statements, never NaN, a warning or a crash."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.support import populations
from webapp.services.plain import plain
from webapp.stats import drift, harm
from webapp.stats.counts import Counts
from webapp.stats.drift import Window

SCORES, GAMES = populations.shipped().scores, populations.GAMES


def window(
    cases: dict[int, int], positives: dict[int, int] | None = None, *, has_outcomes: bool = True
) -> Window:
    """Events by case."""
    events = np.zeros(1024, np.int64)
    for case, n in cases.items():
        events[case] = n
    outcomes, ones = events.copy() if has_outcomes else np.zeros_like(events), np.zeros_like(events)
    for case, n in (positives or {}).items():
        ones[case] = n
    return Window(events, Counts(outcomes, ones))


def training() -> Window:
    counts = populations.shipped().baseline
    assert counts is not None
    return Window(counts.n, counts)


ODD = {
    "empty": window({}),
    "one event": window({3: 1}),
    "one event, bought": window({3: 1}, {3: 1}),
    "no labels": window({3: 50, 5: 300}, has_outcomes=False),
    "labels all 0": window({3: 50, 5: 300}),
    "labels all 1": window({3: 50, 5: 300}, {3: 50, 5: 300}),
    "nobody owns anything": window({0: 500}, {0: 100}),
    "everybody owns everything": window({1023: 500}, {1023: 100}),
    "one case": window({7: 10_000}, {7: 1}),
    "never seen": window({1022: 400}, {1022: 7}),
}


@pytest.mark.parametrize("now", ODD.values(), ids=ODD)
@pytest.mark.parametrize("before", [training(), *ODD.values()], ids=["training", *ODD])
@pytest.mark.filterwarnings("error")
def test_odd_data_is_taken(before: Window, now: Window) -> None:
    form = plain(drift.compare(GAMES, SCORES, before, now))
    json.dumps(form, allow_nan=False)
    assert form["headline"]["verdict"] in ("drifted", "stable", "cannot tell", "unknown")
    if not now.total or not before.total:
        assert form["headline"]["verdict"] == "cannot tell"
        assert "no events in the" in form["headline"]["statement"]


def test_statements_are_plain() -> None:
    result = drift.compare(GAMES, SCORES, window({1: 900}), window({1: 400}, has_outcomes=False))
    statements = {row.name: row.statement for row in result.features}
    assert statements["G1"] == "every event has G1, before and now"
    assert statements["G2"] == "no event has G2, before or now"
    assert result.performance.window.statement == "no outcomes are known yet"
    assert result.labels is None
    assert set(result.splits) == {"score"}
    new = drift.compare(GAMES, SCORES, window({0: 900}), window({1: 400}))
    assert new.features[0].statement == "no event had G1 before"
    assert new.features[0].verdict == "drifted"


def test_a_constant_feature_is_stable_once_there_is_enough_to_tell() -> None:
    before, now = window({1: 9000}), window({1: 9000})
    rows = drift.compare(GAMES, SCORES, before, now).features
    assert {row.verdict for row in rows} == {"stable"}
    assert all(row.psi < 1e-6 and row.p == 1 for row in rows)


def test_harm_is_judged_by_skill_not_by_loss() -> None:
    """As in the real file: a lower loss, because fewer buy, and yet worth nothing."""
    rng = np.random.default_rng(0)
    cases = populations.shares()
    before = populations.draw(rng, 4000, cases)
    now = populations.draw(rng, 4000, cases, np.full(1024, 0.06))
    judgement = harm.judge(SCORES, before.labelled, now.labelled, now.events)
    assert judgement.window.log_loss
    assert judgement.baseline.log_loss
    assert judgement.window.log_loss.value < judgement.baseline.log_loss.value
    assert judgement.verdict == "worse"


def test_drift_of_combinations_alone_is_found() -> None:
    """G1 and G2 as often as before, but never without each other."""
    before = window({0: 2500, 1: 2500, 2: 2500, 3: 2500})
    result = drift.compare(GAMES, SCORES, before, window({0: 2500, 3: 2500}))
    assert result.headline.causes == ("combinations",)
    assert next(p for p in result.pairs if p.names == ("G1", "G2")).verdict == "drifted"


def test_skill_says_what_guessing_is_worth() -> None:
    both = window({0: 600, 1023: 400}, {0: 60, 1023: 200})
    judgement = harm.judge(np.full(1024, 0.26), both.labelled, both.labelled, both.events)
    assert judgement.window.skill
    assert judgement.window.skill.value == pytest.approx(0, abs=1e-12)
