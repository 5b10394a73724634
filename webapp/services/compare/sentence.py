"""Which version to trust, in a sentence, and why: composed from verdicts, never bare numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from webapp.services.compare.answer import Answer, Close, Version
from webapp.services.formatting import NBSP, holders, number, points, share, signed, span
from webapp.stats.compare import Difference, VersionResult
from webapp.stats.decisions import FlippedCase
from webapp.stats.rates import Interval
from webapp.stats.verdicts import Choice

Word = Literal["Better", "Worse", "No difference that matters", "Not enough evidence"]
_WORDS: dict[Choice, Word] = {
    "better": "Better",
    "worse": "Worse",
    "no difference that matters": "No difference that matters",
    "not enough evidence": "Not enough evidence",
}


@dataclass(frozen=True)
class Conclusion:
    """The verdict on the challenger that is looked at, the finding, the reasons."""

    verdict: Word
    finding: str
    reason: str

    @property
    def text(self) -> str:
        """All of it."""
        return f"{self.finding} {self.reason}".strip()


def compose(answer: Answer) -> Conclusion:
    """For any answer, with or without events or outcomes."""
    nothing: Word = "Not enough evidence"
    if answer.empty is not None or answer.close is None:
        return Conclusion(nothing, *_empty(answer))
    close, reference = answer.close, answer.versions[0].name
    found = _difference(answer, close.name)
    if not answer.labelled.total:
        return Conclusion(nothing, *_behaviour(answer, close))
    if found is None:
        return Conclusion(nothing, f"One outcome is known, and tells nothing of {reference}.", "")
    other = _version(answer, close.name)
    if other.overlap or answer.versions[0].overlap:
        return Conclusion(nothing, _overlap(answer, other), _flips(answer, close))
    return Conclusion(
        _WORDS[found.verdict], _finding(answer, close, found), _reason(answer, close, found)
    )


def _version(answer: Answer, name: str) -> Version:
    return next(version for version in answer.versions if version.name == name)


def _difference(answer: Answer, name: str) -> Difference | None:
    found: VersionResult = next(result for result in answer.results if result.version == name)
    return found.differences.get("log_loss")


def _empty(answer: Answer) -> tuple[str, str]:
    if answer.empty == "no traffic":
        return "There is no traffic yet.", "Predictions made through the API are counted."
    when = span(answer.request.since, answer.request.until)
    return f"There are no events in {when}.", ""


def _behaviour(answer: Answer, close: Close) -> tuple[str, str]:
    reference = answer.versions[0].name
    away = points(close.support.mean) if close.support else "an unknown amount"
    finding = (
        f"No outcomes are known yet, so this tells how {close.name} and {reference} differ, not "
        f"which is better: their scores are {away} apart on average."
    )
    return finding, _flips(answer, close)


def _overlap(answer: Answer, other: Version) -> str:
    own = [v.name for v in (answer.versions[0], other) if v.overlap]
    what = "rows" if not answer.sources else "events"
    were = "was" if len(own) == 1 else "were"
    return (
        f"{' and '.join(own)} {were} trained on some of these {what}, "
        "so they are no evidence; choose later ones."
    )


def _size(found: Difference) -> str:
    low, high = (signed(end, 4) for end in (found.low, found.high))
    return f"log loss {signed(found.value, 4)} [{low}, {high}]"


def _finding(answer: Answer, close: Close, found: Difference) -> str:
    reference, n = answer.versions[0].name, f"{answer.labelled.total:,}"
    if found.verdict in ("better", "worse"):
        flips = close.flips
        side = (
            f"; {share(flips.share.value, 1)} of events change side at "
            f"{share(answer.request.threshold)}"
            if flips
            else ""
        )
        than = f"{close.name} is {found.verdict} than {reference}"
        return f"{than}: {_size(found)} on {n} events{side}."
    if found.verdict == "no difference that matters":
        return (
            f"There is no difference that matters between {close.name} and {reference}: "
            f"{_size(found)} on {n} events."
        )
    more = (
        f"about {_round(found.further):,} more would do if the difference stays what it is"
        if found.further
        else "it is too close to the margin for any number of them to settle"
    )
    return (
        f"There is not enough evidence between {close.name} and {reference}: {_size(found)} on "
        f"{n} events; {more}."
    )


def _round(count: int) -> int:
    """To two figures: it is a guess."""
    step = int(10 ** max(0, len(str(count)) - 2))
    return max(step, round(count / step) * step)


def _reason(answer: Answer, close: Close, found: Difference) -> str:
    return " ".join(part for part in (_flips(answer, close), _losers(close, found)) if part)


def _flips(answer: Answer, close: Close) -> str:
    """The case that most of those who change side have."""
    flips = close.flips
    if flips is None or not flips.cases:
        at = share(answer.request.threshold)
        return f"Nobody changes side at {at}."
    first = flips.cases[0]
    part = first.events / sum(case.events for case in flips.cases)
    most = "Nearly all" if part > 0.85 else "Most" if part > 0.5 else share(part)
    reference = answer.versions[0].name
    scores = (
        f"{reference} gives them {share(first.reference)} and {close.name} "
        f"{share(first.challenger)}"
    )
    return (
        f"{most} of those who change side at {share(answer.request.threshold)} "
        f"{_who(answer, first)}: {scores}{_outcome(first)}."
    )


def _who(answer: Answer, case: FlippedCase) -> str:
    owned = answer.features.owned(case.case)
    if not owned:
        return f"have none of the {len(answer.features.names)}"
    return f"have {' + '.join(owned)}" + (" only" if len(owned) == 1 else "")


def _outcome(case: FlippedCase) -> str:
    rate: Interval | None = case.rate
    if rate is None:
        return ""
    low, high = number(rate.low * 100, 0), share(rate.high)
    return f", and {share(rate.value)} of them bought [{low}, {high}]"


def _losers(close: Close, found: Difference) -> str:
    """Does anybody pay for it?"""
    if found.verdict != "better":
        return ""
    worse = [segment for segment in close.segments if segment.verdict == "worse"]
    if not worse:
        return f"Among {len(close.segments)} groups by feature, none is clearly worse off."
    names = ", ".join(holders(segment.name) for segment in worse[:3])
    return f"Worse off:{NBSP}{names}."
