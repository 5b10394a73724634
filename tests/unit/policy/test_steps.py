"""Retraining policies, check by check."""

from __future__ import annotations

import json
from dataclasses import replace
from math import log

import numpy as np
import pytest

from tests.support.labelled_streams import NOTHING, RATES, batches, champion, draw, refitter, turned
from webapp.stats.counts import Counts
from webapp.training.errors import EstimatorError, PolicyError
from webapp.training.policy.past import Past
from webapp.training.policy.rules import (
    Array,
    Challenger,
    Champion,
    Check,
    Decision,
    Refit,
    Rules,
    Window,
)
from webapp.training.policy.state import State
from webapp.training.policy.steps import step

WINDOWS = ["2000", "4000", "all"]
CHANGED = turned(RATES, 0.03)


def rules(policy: str, **more: object) -> Rules:
    return Rules.of(policy, ["logit"], WINDOWS, **more)


def play(
    which: Rules,
    stream: list[Counts],
    who: Champion | None = None,
    state: State | None = None,
    past: Past | None = None,
) -> tuple[State, list[Decision]]:
    """A check for each batch, after one that only fits the challengers."""
    rng = np.random.default_rng(0)
    who = who or Champion("a_v1", RATES)
    past = past or Past(tuple(batches(rng, 500, 8)))
    decisions = []
    if state is None:
        state, _ = step(which, State(), Check(NOTHING, who, refitter(past)))
    for batch in stream:
        past = past.plus(batch)
        state, decision = step(which, state, Check(batch, who, refitter(past)))
        decisions.append(decision)
    return state, decisions


def changed(times: int, seed: int = 1) -> list[Counts]:
    return batches(np.random.default_rng(seed), 500, times, CHANGED)


@pytest.mark.parametrize(
    ("text", "events"), [("2000", 2000), ("1", 1), ("all", None), (" 40 ", 40)]
)
def test_windows_are_read(text: str, events: int | None) -> None:
    assert Window.parse(text) == Window(events)
    assert Window.parse(str(Window(events))) == Window(events)


@pytest.mark.parametrize("text", ["0", "-5", "2.5", "", "everything", "²", "9" * 30])
def test_windows_that_are_none_are_refused_with_the_mend(text: str) -> None:
    with pytest.raises(PolicyError, match="a number of events or all is needed"):
        Window.parse(text)


@pytest.mark.parametrize(
    ("policy", "estimators", "more", "message"),
    [
        ("sometimes", ["logit"], {}, "policy 'sometimes': there are never, periodic"),
        ("never", ["forest"], {}, "estimator 'forest': there are logit, logit2"),
        ("never", [], {}, "at least one estimator"),
        ("periodic", ["logit"], {"every": 0}, "every: a number"),
        ("never", ["logit"], {"alpha": 1.0}, "alpha: a number"),
    ],
)
def test_rules_name_what_is_wrong(
    policy: str, estimators: list[str], more: dict[str, object], message: str
) -> None:
    with pytest.raises(PolicyError, match=message):
        Rules.of(policy, estimators, ["all"], **more)


def test_challengers_are_every_estimator_on_every_window_once() -> None:
    found = Rules.of("never", ["logit", "hgb", "logit"], ["2000", "all"])
    assert [c.key for c in found.challengers] == ["logit@2000", "logit@all", "hgb@2000", "hgb@all"]
    assert Challenger.parse("hgb@all") == found.challengers[3]


def test_never_never_fires() -> None:
    _, decisions = play(rules("never"), changed(20))
    assert not any(d.fire or d.share for d in decisions)
    assert "never retrains" in decisions[-1].explanation


def test_periodic_counts_matured_events_and_fits_the_first_challenger() -> None:
    _, decisions = play(rules("periodic", every=2000), changed(5))
    assert [d.fire for d in decisions] == [False, False, False, True, True]
    assert [d.share for d in decisions[:4]] == [0.25, 0.5, 0.75, 1.0]
    assert decisions[3].winner == Challenger("logit", Window(2000))
    assert "A retrain is due at 2,000, 500 from now." in decisions[2].explanation


def test_periodic_without_a_number_is_due_whenever_something_matured() -> None:
    _, decisions = play(rules("periodic"), [NOTHING, *changed(1)])
    assert [d.fire for d in decisions] == [False, True]


@pytest.mark.parametrize("policy", ["periodic", "on_error", "on_gain"])
def test_another_champion_starts_the_evidence_anew(policy: str) -> None:
    which = rules(policy, every=10**6)
    state, _ = play(which, changed(3))
    assert state.n == 1500
    past = Past(tuple(changed(3)))
    state, decision = step(which, state, Check(NOTHING, Champion("b_v1", RATES), refitter(past)))
    assert (state.n, state.checks, dict(state.gains), state.excess.batches) == (0, 1, {}, 0)
    assert decision.share == 0


def test_other_rules_start_the_evidence_anew() -> None:
    state, _ = play(rules("on_gain"), changed(3))
    past = Past(tuple(changed(3)))
    state, _ = step(
        rules("on_gain", alpha=0.01), state, Check(NOTHING, Champion("a_v1", RATES), refitter(past))
    )
    assert state.n == 0


def test_a_gate_that_refuses_starts_the_evidence_anew_and_keeps_the_challengers() -> None:
    state, _ = play(rules("on_gain"), changed(3))
    fresh = state.restarted()
    assert (fresh.n, fresh.gains) == (0, {})
    assert fresh.tables is state.tables


def test_on_gain_fires_for_a_change_and_says_so_in_a_paragraph() -> None:
    _, decisions = play(rules("on_gain"), changed(20))
    fired = next(i for i, d in enumerate(decisions) if d.fire)
    assert fired < 10
    found = decisions[fired]
    assert found.winner is not None
    assert found.evidence is not None
    assert found.evidence.low is not None
    assert found.evidence.low > found.evidence.margin
    assert found.share == 1
    assert "is surely better" in found.explanation
    assert "\n" not in found.explanation
    before = decisions[0]
    assert before.share < 1
    assert "the policy fires above 0.0010" in before.explanation


def test_it_fires_exactly_when_a_lower_bound_passes_the_margin() -> None:
    _, decisions = play(rules("on_gain"), changed(12))
    for decision in decisions:
        passed = [r.low > r.margin for r in decision.readings if r.low is not None]
        assert decision.fire == any(passed)
        assert all((r.low > r.margin) == r.fires for r in decision.readings if r.low is not None)


def test_the_bound_is_split_over_the_challengers() -> None:
    _, alone = play(Rules.of("on_gain", ["logit"], ["2000"]), changed(1))
    _, three = play(rules("on_gain"), changed(1))
    assert alone[0].readings[0].needed == pytest.approx(log(1 / 0.05))
    assert {r.needed for r in three[0].readings} == {log(3 / 0.05)}
    assert three[0].readings[0].low < alone[0].readings[0].low  # type: ignore[operator]


def test_a_challenger_is_judged_on_what_matured_after_its_fit() -> None:
    """The very first batch finds no challengers, so it is evidence for none of them."""
    who, past = Champion("a_v1", RATES), Past(tuple(changed(4)))
    state, decision = step(rules("on_gain"), State(), Check(past.blocks[-1], who, refitter(past)))
    assert decision.evidence is not None
    assert decision.evidence.value is None
    assert "The challengers are fitted now" in decision.explanation
    later = changed(1, seed=9)[0]
    state, decision = step(rules("on_gain"), state, Check(later, who, refitter(past.plus(later))))
    assert {r.n for r in decision.readings} == {500}


def test_the_evidence_is_what_refitting_at_every_check_would_have_saved() -> None:
    """Computed anew, event by event sums of log losses."""
    stream, past = changed(4), Past(tuple(batches(np.random.default_rng(0), 500, 8)))
    which = Rules.of("on_gain", ["logit"], ["2000"])
    state, _ = play(which, stream, past=past)
    saved = 0.0
    for batch in stream:
        scores = refitter(past)(which.challengers[0])
        ratio = np.log(scores / RATES), np.log((1 - scores) / (1 - RATES))
        saved += batch.positives @ ratio[0] + (batch.n - batch.positives) @ ratio[1]
        past = past.plus(batch)
    assert state.gains["logit@2000"].whole.total == pytest.approx(saved, abs=1e-3)


def test_an_empty_batch_changes_nothing_and_says_who_still_waits() -> None:
    state, _ = play(rules("on_gain"), changed(1))
    who = Champion("a_v1", RATES)

    def never(challenger: Challenger) -> Array:
        raise AssertionError(f"{challenger.key} was fitted on what is known already")

    after, decision = step(rules("on_gain"), state, Check(NOTHING, who, never, waiting=1200))
    assert replace(after, checks=state.checks) == state
    assert not decision.fire
    assert decision.explanation.startswith(
        "No new outcome became known; 500 since a_v1 became champion, and 1,200 still wait"
    )


def test_clumps_count_as_much_as_drops() -> None:
    """A thousand outcomes at once or one by one: the same sums, whatever the order."""
    one = draw(np.random.default_rng(3), 400, CHANGED)
    who = champion(np.random.default_rng(4), 4000)
    events = [(case, label) for case in range(16) for label in (0, 1)]
    drops = []
    for case, label in events:
        n = one.positives[case] if label else one.n[case] - one.positives[case]
        for _ in range(n):
            n_, p_ = np.zeros((2, 16), np.int64)
            n_[case], p_[case] = 1, label
            drops.append(Counts(n_, p_))
    which = Rules.of("on_gain", ["logit"], ["2000"])
    start = Past(tuple(batches(np.random.default_rng(0), 500, 8)))

    def frozen(challenger: Challenger) -> Array:
        return refitter(start)(challenger)

    state, _ = step(which, State(), Check(NOTHING, who, frozen))
    whole, _ = step(which, state, Check(one, who, frozen))
    for drop in drops:
        state, _ = step(which, state, Check(drop, who, frozen))
    (a,), (b,) = whole.gains.values(), state.gains.values()
    assert a.whole.n == b.whole.n == 400
    assert a.whole.total == pytest.approx(b.whole.total)
    assert a.whole.spread == pytest.approx(b.whole.spread)


@pytest.mark.parametrize("policy", ["on_error", "on_gain", "periodic"])
def test_a_state_that_was_kept_as_json_goes_on_as_if_it_never_was(policy: str) -> None:
    stream, who = changed(14), champion(np.random.default_rng(2), 4000)
    past = Past(tuple(batches(np.random.default_rng(0), 500, 8)))
    which = rules(policy, every=10**6)
    _, through = play(which, stream, who, past=past)
    state, first = play(which, stream[:7], who, past=past)
    kept = State.from_dict(json.loads(json.dumps(state.as_dict())))
    _, second = play(which, stream[7:], who, state=kept, past=Past(past.blocks + tuple(stream[:7])))
    assert [d.as_dict() for d in first + second] == [d.as_dict() for d in through]
    json.dumps(through[-1].as_dict())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda v: v.pop("gains"), "can't be read"),
        (lambda v: v.update(form=0), "has form 0, not 1"),
        (lambda v: v.update(tables={"logit@all": "?"}), "can't be read"),
        (lambda v: v.update(excess=[[1], [2]]), "can't be read"),
    ],
)
def test_a_state_that_is_none_is_refused(spoil: object, message: str) -> None:
    state, _ = play(rules("on_gain"), changed(1))
    values = state.as_dict()
    spoil(values)  # type: ignore[operator]
    with pytest.raises(PolicyError, match=message):
        State.from_dict(values)


def test_a_state_of_ten_features_and_nine_challengers_is_small() -> None:
    tables = {f"logit@{k}": np.random.default_rng(k).random(1024) for k in range(9)}
    assert len(json.dumps(State(tables=tables).as_dict())) < 60_000


def test_a_challenger_that_cannot_be_fitted_sits_out_and_the_others_go_on() -> None:
    past = Past(tuple(batches(np.random.default_rng(0), 500, 8)))
    which, who = rules("on_gain"), Champion("a_v1", RATES)

    def half(past: Past) -> Refit:
        def refit(challenger: Challenger) -> Array:
            if challenger.window.events == 2000:
                raise EstimatorError("3 of the 2,000 rows have label 1: at least 10 are needed")
            return refitter(past)(challenger)

        return refit

    state, _ = step(which, State(), Check(NOTHING, who, half(past)))
    for batch in changed(20):
        past = past.plus(batch)
        state, decision = step(which, state, Check(batch, who, half(past)))
        if decision.fire:
            break
    assert decision.fire
    assert decision.winner is not None
    assert decision.winner.window.events != 2000
    (out,) = (r for r in decision.readings if r.what == "logit@2000")
    assert out.n == 0
    assert out.problem is not None
    assert "at least 10 are needed" in out.problem


def test_when_none_can_be_fitted_the_reason_is_said() -> None:
    def broken(challenger: Challenger) -> Array:
        raise EstimatorError("all labels are the same")

    who = Champion("a_v1", RATES)
    state, _ = step(rules("on_gain"), State(), Check(NOTHING, who, broken))
    _, decision = step(rules("on_gain"), state, Check(changed(1)[0], who, broken))
    assert "No challenger can be judged: logit@2000: all labels are the same" in (
        decision.explanation
    )


def test_on_error_says_what_it_would_need() -> None:
    _, decisions = play(rules("on_error"), changed(3), Champion("b_v1", RATES))
    assert not any(d.fire for d in decisions)
    assert "b_v1 has no validation error of its own" in decisions[-1].explanation


def test_on_error_fires_when_skill_is_lost() -> None:
    who = champion(np.random.default_rng(5), 20_000)
    useless = np.full(16, float(RATES.mean()))
    stream = batches(np.random.default_rng(6), 500, 30, useless)
    _, decisions = play(rules("on_error"), stream, who)
    fired = next(i for i, d in enumerate(decisions) if d.fire)
    assert fired < 6
    found = decisions[fired]
    assert found.winner == Challenger("logit", Window(2000))
    assert "more than the margin of 1.0" in found.explanation
    for decision in decisions:
        (reading,) = decision.readings
        assert reading.low is not None
        assert (reading.low > reading.margin) == reading.fires == decision.fire


@pytest.mark.parametrize("share", [0.5, 2.0])
def test_a_change_of_the_base_rate_alone_does_not_fire_on_error(share: float) -> None:
    """Half or twice as many buy, in every case by the same odds, and scores follow as well as
    they did: relative to guessing nothing was lost.
    """
    odds = RATES / (1 - RATES) * share
    moved = odds / (1 + odds)
    fired = 0
    for seed in range(10):
        who = champion(np.random.default_rng(seed), 4000)
        stream = batches(np.random.default_rng(seed + 50), 500, 40, moved)
        _, decisions = play(rules("on_error"), stream, replace(who, scores=moved))
        fired += any(d.fire for d in decisions)
    assert fired == 0


def test_a_champion_of_other_features_is_refused_by_name() -> None:
    check = Check(NOTHING, Champion("b_v1", np.full(8, 0.5)), refitter(Past(())))
    with pytest.raises(PolicyError, match="the batch has 16 cases, and b_v1 has 8"):
        step(rules("never"), State(), check)


def fired_at(which: Rules, times: int) -> list[int]:
    """The checks of 500 events at which it fires, though no retrain changes the champion."""
    rng = np.random.default_rng(0)
    who, past = Champion("a_v1", RATES), Past(tuple(batches(rng, 500, 8)))
    state, _ = step(which, State(), Check(NOTHING, who, refitter(past)))
    found = []
    for number, batch in enumerate(changed(times)):
        past = past.plus(batch)
        state, decision = step(which, state, Check(batch, who, refitter(past)))
        if decision.fire:
            found.append(number)
            state = State.from_dict(json.loads(json.dumps(state.restarted().as_dict())))
    return found


def test_refused_again_and_again_it_rests_twice_as_long_each_time() -> None:
    found = fired_at(Rules.of("on_gain", ["logit"], ["all"], every=3000), 90)
    assert np.diff(found).tolist() == [6, 12, 24, 48][: len(found) - 1]
    assert len(found) >= 4


def test_a_policy_that_rests_says_so_and_since_when() -> None:
    which = Rules.of("on_gain", ["logit"], ["all"], every=20_000)
    _, decisions = play(which, changed(12))
    first = next(i for i, d in enumerate(decisions) if d.fire)
    assert "since a_v1 became champion" in decisions[first].explanation
    fired, _ = play(which, changed(12)[: first + 1])
    _, after = play(which, changed(12, seed=2), state=fired.restarted())
    last = after[-1]
    assert (last.fire, last.winner, last.share, last.rests) == (False, None, 1.0, 14_000)
    assert last.as_dict()["rests"] == 14_000
    assert "6,000 since the last retrain." in last.explanation
    assert last.explanation.endswith(
        "It rests: a retrain that it asked for left a_v1 champion, so it fires again no sooner "
        "than 20,000 events after the last one, 14,000 from now."
    )
    twice = replace(fired.restarted(), refused=2)
    _, after = play(which, changed(1, seed=2), state=twice)
    assert "It rests: 2 retrains that it asked for left a_v1" in after[-1].explanation


def test_the_rest_ends_with_the_champion_and_with_the_rules() -> None:
    which = Rules.of("on_gain", ["logit"], ["all"], every=20_000)
    state = replace(play(which, changed(1))[0], refused=3)
    assert play(which, [NOTHING], state=state)[1][-1].rests == 79_500
    assert play(which, [NOTHING], Champion("b_v1", RATES), state)[1][-1].rests == 0
    assert play(replace(which, alpha=0.01), [NOTHING], state=state)[1][-1].rests == 0
    never_kept = state.as_dict()
    del never_kept["refused"], never_kept["asked"]
    assert State.from_dict(never_kept).refused == 0


def test_periodic_never_rests() -> None:
    found = fired_at(Rules.of("periodic", ["logit"], ["all"], every=1000), 8)
    assert found == [1, 3, 5, 7]


def test_challengers_learn_from_events_that_nobody_is_judged_on() -> None:
    """Those that the champion was trained on: it would be judged too well."""
    which, who = rules("on_gain"), Champion("a_v1", RATES)
    first, second = batches(np.random.default_rng(4), 500, 2)
    past = Past((first,))
    state, _ = step(which, State(), Check(NOTHING, who, refitter(past), unjudged=500))
    past = past.plus(second)
    state, decision = step(which, state, Check(NOTHING, who, refitter(past), unjudged=500))
    assert (state.n, dict(state.gains), decision.share) == (0, {}, 0.0)
    for challenger in which.challengers:
        known = refitter(past)(challenger)
        assert state.tables[challenger.key] == pytest.approx(known, abs=1e-6)
