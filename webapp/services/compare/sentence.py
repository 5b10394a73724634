"""The conclusion of a comparison, in sentences composed from verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.grammar import pluralize, quantity
from webapp.services.compare.answer import (
    CompareAnswer,
    ComparisonReport,
    NoComparison,
    ScoredVersion,
)
from webapp.services.compare.words import more_outcomes
from webapp.services.formatting import during, number, points, share, signed
from webapp.services.traffic.advice import Action, advise, is_worthwhile
from webapp.stats import verdicts
from webapp.stats.compare import Difference, VersionResult
from webapp.stats.decisions import FlippedCase
from webapp.stats.rates import Interval
from webapp.stats.verdicts import Choice
from webapp.vocabulary import spell

_UNDECIDED: Choice = "not enough evidence"
_MAX_NAMES = 3  # segments that are named


@dataclass(frozen=True)
class Conclusion:
    """The verdict on the challenger of the close-up, with the finding and its reason."""

    verdict: Choice
    finding: str
    reason: str
    is_worthwhile: bool = True  # the challenger does better than predicting the average

    @property
    def action(self) -> Action:
        """What that means for the reference, if it is the champion: the rule of ``advice``."""
        return advise(self.verdict, is_worthwhile=self.is_worthwhile)

    @property
    def text(self) -> str:
        """Finding and reason."""
        return f"{self.finding} {self.reason}".strip()


def compose(answer: CompareAnswer) -> Conclusion:
    """The conclusion of any answer, with or without events or outcomes."""
    if isinstance(answer, NoComparison):
        return _explain_empty(answer)
    challenger, flips = answer.close_up.challenger, describe_flips(answer)
    if not answer.labelled.total:
        return Conclusion(_UNDECIDED, _describe_behaviour(answer), flips)
    difference = _log_loss_difference(answer, challenger)
    if answer.gap is not None:
        finding = f"These rows can't tell which version is better: {answer.gap}."
        return Conclusion(_UNDECIDED, finding, flips)
    if difference is None:
        finding = "Only one outcome is known so far: too few to compare."
        return Conclusion(_UNDECIDED, finding, "")
    if answer.is_contaminated(challenger):
        return Conclusion(_UNDECIDED, _describe_overlap(answer), flips)
    reason = flips
    if difference.verdict == "better":
        reason = f"{flips} {describe_losers(answer)}"
    loss = _result(answer, challenger).metrics["log_loss"]
    return Conclusion(
        difference.verdict,
        _describe_difference(answer, difference),
        reason,
        is_worthwhile(loss.value if loss is not None else None, answer.labelled),
    )


def _result(answer: ComparisonReport, version: ScoredVersion) -> VersionResult:
    return next(result for result in answer.results if result.version == version.name)


def _log_loss_difference(answer: ComparisonReport, version: ScoredVersion) -> Difference | None:
    return _result(answer, version).differences.get("log_loss")


def _explain_empty(answer: NoComparison) -> Conclusion:
    if answer.reason == "no traffic":
        finding, reason = (
            "There is no traffic yet.",
            "Predictions that are made through the API or recorded on the Predict page count.",
        )
        return Conclusion(_UNDECIDED, finding, reason)
    if not answer.sources:
        return Conclusion(_UNDECIDED, "There are no rows with an outcome in this file.", "")
    when = during(answer.request.since, answer.request.until)
    return Conclusion(_UNDECIDED, f"There are no events {when}.", "")


def _describe_behaviour(answer: ComparisonReport) -> str:
    close_up = answer.close_up
    text = (
        f"No outcomes are known yet, so this shows how {close_up.challenger.name} and "
        f"{answer.reference.name} differ, not which is better"
    )
    if close_up.support is None:
        return f"{text}."
    return f"{text}: their scores are {points(close_up.support.mean)} apart on average."


def _describe_overlap(answer: ComparisonReport) -> str:
    pair = (answer.reference, answer.close_up.challenger)
    names = [version.name for version in pair if version.overlap]
    were, them = pluralize(len(names), "was", "were"), pluralize(len(names), "it", "them")
    what, other = ("events", "a later period") if answer.sources else ("rows", "other rows")
    return (
        f"{' and '.join(names)} {were} trained on some of these {what}, so they can't be used to "
        f"judge {them}. Choose {other}."
    )


def _describe_difference(answer: ComparisonReport, difference: Difference) -> str:
    challenger, reference = answer.close_up.challenger.name, answer.reference.name
    size = f"{_log_loss(difference)} on {quantity(answer.labelled.total, 'outcome')}"
    if difference.verdict == "no difference that matters":
        return f"There is no difference that matters between {challenger} and {reference}: {size}."
    shortage = _find_shortage(answer)
    if shortage is not None:
        return f"Too few outcomes to compare {challenger} and {reference}: {shortage}; {size}."
    if difference.verdict == "not enough evidence":
        more = more_outcomes(difference.further or None)
        return f"Too close to call between {challenger} and {reference}: {size}; {more}."
    flips, than = answer.close_up.flips, f"{difference.verdict} than {reference}"
    moves = f"{share(flips.share.value, 1)} of decisions flip"
    return f"{challenger} is {than}: {size}; {moves} at a threshold of {share(flips.threshold)}."


def _find_shortage(answer: ComparisonReport) -> str | None:
    outcomes = answer.labelled
    return verdicts.find_shortage(outcomes.total, int(outcomes.positives.sum()))


def _log_loss(difference: Difference) -> str:
    low, high = (signed(end, 4) for end in (difference.low, difference.high))
    return f"log loss {signed(difference.value, 4)} [{low}, {high}]"


def describe_flips(answer: ComparisonReport) -> str:
    """The case with the most decisions that flip, and whom its outcomes favour."""
    flips = answer.close_up.flips
    if not flips.cases:
        return f"No decision flips at a threshold of {share(flips.threshold)}."
    first, total = flips.cases[0], flips.events
    return (
        f"{_describe_share(first.events, total)} {_people(answer, first.case)}: "
        f"{answer.reference.name} gives them {share(first.reference)} and "
        f"{answer.close_up.challenger.name} {share(first.challenger)}{_outcome(answer, first)}."
    )


def _describe_share(events: int, total: int) -> str:
    """The share of one case among the decisions that flip: a clause up to its verb."""
    part = events / total
    if total == 1:
        return "The only decision that flips concerns"
    if part == 1:
        return "All decisions that flip concern"
    if part > 0.5:
        return f"{'Nearly all' if part > 0.85 else 'Most'} decisions that flip concern"
    return f"{share(part)} of the decisions that flip concern"


def _people(answer: ComparisonReport, case: int) -> str:
    """``players with G1 + G3``, ``players with none of the ten games``"""
    words, names = answer.vocabulary, answer.features.names
    labels = [words.label(name) for name in answer.features.owned(case)]
    if labels:
        only = " only" if len(labels) == 1 and len(names) > 1 else ""
        return f"{words.people} with {' + '.join(labels)}{only}"
    if len(names) == 1:
        return f"{words.people} without {words.label(names[0])}"
    none = "neither" if len(names) == 2 else "none"
    return f"{words.people} with {none} of the {spell(len(names))} {words.inputs}"


def _outcome(answer: ComparisonReport, case: FlippedCase) -> str:
    rate: Interval | None = case.rate
    if rate is None:
        return ""
    ends = f"{number(rate.low * 100, 0)}–{share(rate.high)}"
    return f"; {share(rate.value)} of them {answer.vocabulary.were_positive} ({ends})"


def describe_losers(answer: ComparisonReport) -> str:
    """The groups for which the challenger is worse, where it is better overall."""
    words = answer.vocabulary
    worse = [segment for segment in answer.close_up.segments if segment.verdict == "worse"]
    if not worse:
        return f"Broken down by {words.input}, no group is clearly worse off."
    labels = [words.label(segment.name) for segment in worse]
    return f"Worse off: {words.people} with {_join(labels)}."


def _join(labels: Sequence[str]) -> str:
    """``G1``, ``G1 or G2``, ``G1, G2 or G3``, ``G1, G2, G3 or one of 2 others``"""
    names = list(labels[:_MAX_NAMES])
    more = len(labels) - len(names)
    if more:
        names.append("another one" if more == 1 else f"one of {more} others")
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
