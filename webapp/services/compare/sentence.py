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
from webapp.services.compare.recommendation import (
    describe_brier,
    describe_calibration,
    describe_losses,
    describe_others,
    recommend,
)
from webapp.services.compare.words import more_outcomes
from webapp.services.formatting import during, number, points, share, signed
from webapp.services.traffic.advice import Action
from webapp.services.traffic.source_choice import describe_mend, name_source
from webapp.stats import verdicts
from webapp.stats.compare import Difference
from webapp.stats.decisions import FlippedCase
from webapp.stats.rates import Interval
from webapp.stats.verdicts import Choice
from webapp.vocabulary import spell

_UNDECIDED: Choice = "not enough evidence"
_MAX_NAMES = 3  # segments that are named


@dataclass(frozen=True)
class Conclusion:
    """What to do, in a headline; the finding behind it, and its reasons.

    ``verdict`` is that on the challenger of the close-up, ``action`` that on the reference, if it
    is the champion, by the rule of ``advice`` and all versions; ``better`` is the one to promote.
    """

    verdict: Choice
    headline: str
    finding: str
    reason: str
    action: Action = "Wait"
    better: str | None = None
    needs_calibration: bool = False
    judges_champion: bool = True  # False: the action is no advice, as another version answers

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(part for part in (self.headline, self.finding, self.reason) if part)


def compose(answer: CompareAnswer) -> Conclusion:
    """The conclusion of any answer, with or without events or outcomes."""
    if isinstance(answer, NoComparison):
        return Conclusion(_UNDECIDED, *_explain_empty(answer), reason="")
    rival = answer.rival
    if rival is None:
        return Conclusion(_UNDECIDED, *_explain_doubt(answer), reason=describe_flips(answer))
    return _conclude(answer, rival)


def _conclude(answer: ComparisonReport, rival: ScoredVersion) -> Conclusion:
    challenger, recommendation = answer.close_up.challenger, recommend(answer, rival)
    findings = [_describe_difference(answer, rival)]
    if challenger != rival:
        findings.append(_describe_challenger(answer, challenger))
    verdict = _find_verdict(answer, challenger)
    reasons = [
        describe_calibration(answer, rival),
        describe_losses(answer, rival) if recommendation.better else "",
        describe_flips(answer),
        describe_losers(answer) if verdict == "better" else "",
        describe_others(answer, (rival.name, challenger.name)),
        "" if answer.judges_champion else f"The champion is {answer.champion}.",
    ]
    return Conclusion(
        verdict,
        recommendation.headline,
        " ".join(findings),
        " ".join(reason for reason in reasons if reason),
        recommendation.action,
        recommendation.better,
        recommendation.needs_calibration,
        answer.judges_champion,
    )


def _find_verdict(answer: ComparisonReport, version: ScoredVersion) -> Choice:
    """The verdict on a version; none is possible on events that it was trained on."""
    difference = _log_loss_difference(answer, version)
    if difference is None or answer.withholds_verdict(version):
        return _UNDECIDED
    return difference.verdict


def _log_loss_difference(answer: ComparisonReport, version: ScoredVersion) -> Difference | None:
    return answer.result(version).differences.get("log_loss")


def _explain_empty(answer: NoComparison) -> tuple[str, str]:
    """The headline and the finding where there is nothing to compare on."""
    if answer.reason == "no traffic":
        source = answer.request.source
        return f"There is no {name_source(source)} yet.", describe_mend(source)
    if not answer.sources:
        return "There are no rows with an outcome in this file.", ""
    return f"There are no events {during(answer.request.since, answer.request.until)}.", ""


def _explain_doubt(answer: ComparisonReport) -> tuple[str, str]:
    """The headline and the finding where these events judge no version."""
    if not answer.labelled.total:
        return "Wait for outcomes.", _describe_behaviour(answer)
    if answer.gap is not None:
        return (
            "No verdict on these rows.",
            f"These rows can't tell which version is better: {answer.gap}.",
        )
    if answer.labelled.total < 2:
        return (
            "Wait for more outcomes.",
            "Only one outcome is known so far: too few to compare.",
        )
    where = "in this period" if answer.sources else "on these rows"
    return f"No verdict {where}.", _describe_overlap(answer, answer.close_up.challenger)


def _describe_behaviour(answer: ComparisonReport) -> str:
    close_up = answer.close_up
    text = (
        f"No outcomes are known yet, so this shows how {close_up.challenger.name} and "
        f"{answer.reference.name} differ, not which is better"
    )
    if close_up.support is None:
        return f"{text}."
    return f"{text}: their scores are {points(close_up.support.mean)} apart on average."


def _describe_challenger(answer: ComparisonReport, challenger: ScoredVersion) -> str:
    """The finding on the version of the close-up, where another one is the rival."""
    if answer.is_contaminated(challenger):
        return _describe_overlap(answer, challenger)
    return _describe_difference(answer, challenger)


def _describe_overlap(answer: ComparisonReport, challenger: ScoredVersion) -> str:
    pair = (answer.reference, challenger)
    names = [version.name for version in pair if version.overlap]
    were, them = pluralize(len(names), "was", "were"), pluralize(len(names), "it", "them")
    what, other = ("events", "a later period") if answer.sources else ("rows", "other rows")
    return (
        f"{' and '.join(names)} {were} trained on some of these {what}, so they can't be used to "
        f"judge {them}. Choose {other}."
    )


def _describe_difference(answer: ComparisonReport, version: ScoredVersion) -> str:
    """The difference of a version to the reference, with its margin and its verdict."""
    name, reference = version.name, answer.reference.name
    difference = _log_loss_difference(answer, version)
    assert difference is not None
    outcomes = quantity(answer.labelled.total, "outcome")
    size = f"{_log_loss(difference)} on {outcomes}, where {_margin(difference)} matters"
    if difference.verdict == "no difference that matters":
        return f"There is no difference that matters between {name} and {reference}: {size}."
    shortage = _find_shortage(answer)
    if shortage is not None:
        return f"Too few outcomes to compare {name} and {reference}: {shortage}; {size}."
    if difference.verdict == "not enough evidence":
        more = more_outcomes(difference.further or None)
        brier = describe_brier(answer, version)
        return f"Too close to call between {name} and {reference}: {size}; {more}.{brier}"
    flips, than = answer.close_up.flips, f"{difference.verdict} than {reference}"
    if version != answer.close_up.challenger:
        return f"{name} is {than}: {size}."
    moves = f"{share(flips.share.value, 1)} of decisions flip"
    return f"{name} is {than}: {size}; {moves} at a threshold of {share(flips.threshold)}."


def _margin(difference: Difference) -> str:
    """The margin in as many digits as are needed to tell it from 0."""
    return number(difference.margin, 4 if difference.margin >= 0.0005 else 6)


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
