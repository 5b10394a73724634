"""How a model's inputs and its outcome are called, wherever people read of them.

One object for the pages, the sentences of verdicts, the API, reports and the browser's scripts, so
that a churn model is never told of buyers.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from webapp.cases import Features

NBSP = "\u00a0"  # between a number and its %

_GAME = re.compile(r"G\d+")
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Vocabulary:
    """The words for one model. Nouns are lower case and fit into the middle of a sentence."""

    question: str  # above the switches
    answer: str  # what the probability is the probability of
    subtitle: str
    person: str  # one of those predicted
    people: str
    input: str
    inputs: str
    has: str  # the input is 1
    lacks: str
    no_inputs: str  # a case in which every input is 0
    positive: str  # somebody whose outcome is 1
    positives: str
    negatives: str
    were_positive: str  # "12 of 40 …"
    outcome_rate: str  # the share of positive outcomes, as a heading
    positive_answer: str  # to "what came of it?"
    negative_answer: str
    holders_of: str  # before the name of an input: those for whom it is 1

    @property
    def flips(self) -> str:
        """What the bars beside the switches show."""
        return f"Bars: points gained or lost by flipping that {self.input} alone."

    def label(self, feature: str) -> str:
        """The name of an input as people read it."""
        return feature

    def holders(self, feature: str) -> str:
        """Those for whom an input is 1: ``owners of G8``, ``cases with late_payments``."""
        return f"{self.holders_of} {self.label(feature)}"

    def as_dict(self) -> dict[str, str]:
        """For the browser, which composes the same sentences."""
        return asdict(self)


def vocabulary_for(features: Features) -> Vocabulary:
    """Games and players where the inputs are G1…Gn, neutral words elsewhere."""
    if all(_GAME.fullmatch(name) for name in features.names):
        return Vocabulary(
            question="Which games does this player own?",
            answer="Probability that this player buys",
            subtitle=f"Will this player buy? Every combination of {spell(len(features.names))} "
            "games, answered at once.",
            person="player",
            people="players",
            input="game",
            inputs="games",
            has="owned",
            lacks="not owned",
            no_inputs="No games",
            positive="buyer",
            positives="buyers",
            negatives="non-buyers",
            were_positive="bought",
            outcome_rate="Purchase rate",
            positive_answer="They bought",
            negative_answer="They didn't",
            holders_of="owners of",
        )
    return Vocabulary(
        question="Which of these apply?",
        answer="Probability of a yes",
        subtitle=f"Every combination of {spell(len(features.names))} yes/no inputs, "
        "answered at once.",
        person="case",
        people="cases",
        input="input",
        inputs="inputs",
        has="yes",
        lacks="no",
        no_inputs="None of them",
        positive="positive",
        positives="positives",
        negatives="negatives",
        were_positive="were a yes",
        outcome_rate="Outcome rate",
        positive_answer="It was a yes",
        negative_answer="It was a no",
        holders_of="cases with",
    )


def percent(probability: float) -> str:
    """One decimal, the form of every probability in the product: ``42.0 %``."""
    return f"{probability * 100:.1f}{NBSP}%"


def spell(number: int) -> str:
    """Numbers to ten in words, as in running text."""
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}"
