"""The words for a model's inputs and outcome.

One object for pages, verdicts, reports and the browser's scripts, so that no text about a churn
model speaks of buyers.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace

from webapp.cases import Features

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
    has_heading: str  # of a list of the inputs that are 1
    no_inputs: str  # a case in which every input is 0
    positive: str  # somebody whose outcome is 1
    positives: str
    negatives: str
    were_positive: str  # "12 of 40 …"
    outcome_rate: str  # the share of positive outcomes, as a heading
    outcome_question: str
    positive_answer: str  # to that question
    negative_answer: str
    holders_of: str  # before the name of an input: those for whom it is 1

    @property
    def flips(self) -> str:
        """Caption of the bars beside the switches."""
        return f"Bars: points gained or lost by flipping that {self.input} alone."

    def naming(self, outcome: str | None) -> Vocabulary:
        """The words for a model whose positive class has a name of its own, such as churn."""
        if outcome is None:
            return self
        return replace(
            self,
            answer=f"Probability of {outcome}",
            outcome_question=f"Was it {outcome}?",
            positive_answer=f"It was {outcome}",
            negative_answer=f"It wasn't {outcome}",
        )

    def label(self, feature: str) -> str:
        """The name of an input as people read it."""
        return feature

    def holders(self, feature: str) -> str:
        """Those for whom an input is 1: ``owners of G8``, ``cases with late_payments``."""
        return f"{self.holders_of} {self.label(feature)}"

    def list_inputs(self, features: Features, case: int, separator: str) -> str:
        """The inputs that are 1 in a case, or that there are none: ``G1 + G4``, ``no games``."""
        names = map(self.label, features.owned(case))
        return separator.join(names) or self.no_inputs.lower()

    def as_dict(self) -> dict[str, str]:
        """The words by name, for the browser's scripts."""
        return asdict(self)


def vocabulary_for(features: Features) -> Vocabulary:
    """Games and players where the inputs are named G1…Gn, neutral words elsewhere.

    Names that only say where a nameless input stands say nothing of games.
    """
    if not features.is_positional and all(_GAME.fullmatch(name) for name in features.names):
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
            has_heading="Owns",
            no_inputs="No games",
            positive="buyer",
            positives="buyers",
            negatives="non-buyers",
            were_positive="bought",
            outcome_rate="Purchase rate",
            outcome_question="Did they buy?",
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
        has_heading="On",
        no_inputs="None of them",
        positive="positive",
        positives="positives",
        negatives="negatives",
        were_positive="were a yes",
        outcome_rate="Outcome rate",
        outcome_question="Was it a yes?",
        positive_answer="It was a yes",
        negative_answer="It was a no",
        holders_of="cases with",
    )


def spell(number: int) -> str:
    """A number as in running text: in words up to ten."""
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}"
