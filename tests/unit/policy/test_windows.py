"""Where windows begin, what is held out of them, and when more data are a reason to fit again."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.labelled_streams import FEATURES, NOTHING, RATES, batches, draw, turned
from webapp.stats.counts import Counts
from webapp.stats.sequential import Evidence, Trail
from webapp.training.policy.cut_windows import CutWindows, cut_windows
from webapp.training.policy.growth import find_growth
from webapp.training.policy.holdout import hold_out
from webapp.training.policy.past import Past, Refitter
from webapp.training.policy.rules import Challenger, Growth, PolicyInput, ScoredChampion
from webapp.training.policy.state import PolicyMemory

AFTER = turned(RATES, 0.15)
SMALL, LARGE, ALL = (Challenger.parse(f"logit@{window}") for window in ("1000", "4000", "all"))


def changed_past(n_after: int = 3) -> Past:
    """Eight periods of 500 events, and some more after a change."""
    rng = np.random.default_rng(4)
    return Past((*batches(rng, 500, 8), *batches(rng, 500, n_after, AFTER)))


def refits(past: Past, cut: CutWindows = "every") -> Refitter:
    """Refits on the past with windows cut at its last change."""
    return Refitter(FEATURES, past, 0, {}, cut)


@pytest.mark.parametrize(
    ("policy", "windows", "cut"),
    [
        ("on_gain", (2000, "all"), "numbered"),
        ("on_gain", ("all",), "every"),
        ("on_error", (2000, "all"), "every"),
        ("periodic", (2000, "all"), "none"),
        ("never", (2000,), "none"),
    ],
)
def test_which_windows_are_cut(policy: str, windows: tuple[object, ...], cut: str) -> None:
    assert cut_windows(policy, windows) == cut


@pytest.mark.parametrize(
    ("cut", "counts"),
    [
        ("every", (1000, 1500, 1500)),
        ("numbered", (1000, 1500, 5500)),
        ("none", (1000, 4000, 5500)),
    ],
)
def test_windows_begin_after_the_last_change(cut: CutWindows, counts: tuple[int, int, int]) -> None:
    refitter = refits(changed_past(), cut)
    assert tuple(map(refitter.count, (SMALL, LARGE, ALL))) == counts
    assert refitter.count_since_change() == (None if cut == "none" else 1500)


def test_half_of_a_batch_can_show_a_change_right_before_it() -> None:
    past = changed_past(1)
    later = draw(np.random.default_rng(1), 0)
    half = Counts(past.blocks[-1].n // 2, past.blocks[-1].positives // 2)
    earlier = refits(past).before(half)
    assert earlier is not None
    assert earlier.count(LARGE) == 500 - half.total
    assert refits(changed_past(2)).before(later) is None, "that change is older"
    assert refits(Past(past.blocks[:8])).before(later) is None, "there is none"


@pytest.mark.parametrize(
    ("past", "holdout", "n"),
    [
        (changed_past(), 1000, 375),  # a quarter of those since the change
        (changed_past(), 200, 200),
        (Past(changed_past().blocks[:8]), 5000, 1000),  # a quarter of all
        (Past(changed_past().blocks[:1]), 1000, 125),
    ],
)
def test_a_quarter_of_the_events_since_the_change_are_held_out_at_most(
    past: Past, holdout: int, n: int
) -> None:
    past = past.find_change(FEATURES, "every")
    split = hold_out(past, holdout, 0)
    assert split.held_out.total == n
    assert sum(block.total for block in split.rest) == past.total - n
    assert len(split.rest) > past.since


def test_where_one_label_is_rare_as_many_are_held_out_as_the_gate_needs() -> None:
    rare = Counts(np.full(16, 1000), np.full(16, 10))
    assert hold_out(Past((rare,)), 100, 0).held_out.total == 1500
    few = Counts(np.full(16, 100), np.full(16, 1))
    assert hold_out(Past((few,)), 100, 0).held_out.total == 400, "a quarter"


def growth_of(n: int | None, n_known: int) -> Growth | None:
    """The growth that a champion of ten inputs has."""
    past = Past(tuple(batches(np.random.default_rng(0), n_known, 1)))
    champion = ScoredChampion("a_v1", np.full(1024, 0.2), n=n)
    policy_input = PolicyInput(NOTHING, champion, refits(past), history=refits(past))
    return find_growth(policy_input, ALL, 1 / 8)


def test_twice_the_data_are_a_reason_where_few_were_known() -> None:
    """11 coefficients: 11 / 2 × (1/500 − 1/1200) nats are expected."""
    growth = growth_of(500, 1200)
    assert growth is not None
    assert (growth.n, growth.now) == (500, 1200)
    assert growth.gain == pytest.approx(5.5 / 500 - 5.5 / 1200)
    assert growth_of(500, 999) is None, "not twice as many"
    assert growth_of(1400, 10_000) is None, "twice as many would gain less than matters"
    assert growth_of(None, 1200) is None, "nobody knows on how many it was fitted"


def test_the_newest_evidence_of_a_challenger() -> None:
    trail = Trail()
    for gain in (-1.0, -1.0, 3.0):
        trail = trail.add(Evidence(10, 10 * gain, 1.0))
    memory = PolicyMemory(gains={"logit@all": trail})
    assert memory.gain("logit@all") == pytest.approx(1 / 3)
    assert memory.gain("logit@all", 5) == 3
    assert memory.gain("logit@all", 11) == 1
    assert memory.gain("logit@all", 31) == memory.gain("logit@2000") == -np.inf
