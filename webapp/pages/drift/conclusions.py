"""What each section of the Drift page found, in a line that stays when the section is closed."""

from __future__ import annotations

from webapp.grammar import pluralize, quantity
from webapp.services.drift.answer import DriftReport, TrafficReport
from webapp.services.drift.limit_words import describe_limits
from webapp.services.drift.missing import describe_no_reference, has_no_reference
from webapp.services.drift.words import (
    BEHAVIOUR,
    HARM_VERDICTS,
    MIX,
    NO_HARM,
    VERDICTS,
    describe_doubt,
    describe_need,
    name_mean,
)
from webapp.services.formatting import number, share, signed
from webapp.stats.drift import FEWEST, LEAST_SPLIT
from webapp.stats.limits import limits_of_harm
from webapp.stats.split import Split


def harm(report: DriftReport) -> str:
    """``No loss that matters: skill 16.6 % → 15.3 %``"""
    judgement = report.result.performance
    verdict = HARM_VERDICTS[judgement.verdict]
    before, now = judgement.baseline.skill, judgement.window.skill
    if judgement.sees_no_harm:
        verdict = NO_HARM
    elif judgement.verdict == "unknown":
        is_limited_twice = len(limits_of_harm(judgement)) > 1
        doubt = describe_need(judgement) if is_limited_twice else describe_doubt(report)
        return f"{verdict}: {doubt}"
    if before is None or now is None:
        return verdict
    return f"{verdict}: skill {share(before.value, 1)} → {share(now.value, 1)}"


def why(report: DriftReport, mean: str) -> str:
    """``Log loss 0.385 → 0.349: −0.030 by traffic mix, −0.006 by behaviour``"""
    split: Split | None = report.result.splits.get(mean)
    if split is None and mean == "log_loss" and has_no_reference(report):
        return f"Unknown: {report.scope.version} {describe_no_reference(report.scope)}"
    if split is None:
        return f"Needs {LEAST_SPLIT} {need_of(mean)} in both the baseline and the window"
    is_share = mean != "log_loss"
    name = name_mean(report.scope, mean)
    before, after = (
        share(side.value, 1) if is_share else number(side.value, 3)
        for side in (split.before, split.after)
    )
    effects = [
        signed(part.value * 100, 1) if is_share else signed(part.value, 3)
        for part in (split.population, split.behaviour)
    ]
    unit = " points" if is_share else ""
    changes = f"{effects[0]}{unit} by {MIX.lower()}, {effects[1]} by {BEHAVIOUR.lower()}"
    return f"{name} {before} → {after}: {changes}"


def need_of(mean: str) -> str:
    """What explaining a mean needs enough of."""
    return "events" if mean == "score" else "known outcomes"


def inputs(report: DriftReport) -> str:
    """``7 of 10 games drifted, most G3``"""
    words, rows = report.scope.vocabulary, report.result.features
    moved_inputs = sorted(
        (row for row in rows if row.verdict == "drifted"),
        key=lambda row: -abs(row.difference.value),
    )
    unsure = sum(row.verdict == "cannot tell" for row in rows)
    doubt = f"{unsure} {VERDICTS['cannot tell'].lower()}"
    noun = pluralize(len(rows), words.input, words.inputs)
    if moved_inputs:
        most = f", most {words.label(moved_inputs[0].name)}" if len(moved_inputs) > 1 else ""
        only = f": {words.label(moved_inputs[0].name)}" if len(moved_inputs) == 1 else ""
        return f"{len(moved_inputs)} of {len(rows)} {noun} drifted{most}{only}"
    more = describe_limits(report.limits_of_inputs)
    doubt += f": {more} would do" if more else ""
    return f"0 of {len(rows)} {noun} drifted" + (f", {doubt}" if unsure else "")


def combinations(report: DriftReport) -> str:
    """``13 of 45 pairs drifted, most G6 × G9; 2.0 % of events in unseen cases``"""
    result, words = report.result, report.scope.vocabulary
    if min(result.n, result.baseline_n) < FEWEST:
        return f"Inconclusive: needs {FEWEST} events in both the baseline and the window"
    moved_pairs = [pair for pair in result.pairs if pair.verdict == "drifted"]
    most = ""
    if moved_pairs:
        largest = max(moved_pairs, key=lambda pair: abs(pair.change.value))
        most = f", most {' × '.join(map(words.label, largest.names))}"
    pairs = f"{len(moved_pairs)} of {quantity(len(result.pairs), 'pair')} drifted{most}; "
    unseen = f"{share(result.unseen.value, 1)} of events in unseen cases"
    return (pairs if result.pairs else "") + unseen


def scores(report: TrafficReport) -> str:
    """``Mean score 17.4 % → 15.8 %; 24,886 events, 79 % with a known outcome``"""
    means, total = report.result.scores, report.window.total
    known_share = share(report.window.labelled.total / total)
    change = f"Mean score {share(means.baseline.value, 1)} → {share(means.window.value, 1)}"
    return f"{change}; {quantity(total, 'event')}, {known_share} with a known outcome"
