"""The nouns of a page: games and players where the features are G1…Gn, neutral ones elsewhere."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from webapp.cases import Features

NBSP = "\u00a0"  # between a number and its %

_GAME = re.compile(r"G\d+")
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Words:
    """How one model's inputs and outcome are spoken of."""

    question: str
    answer: str
    subtitle: str
    who: str  # one of those predicted
    whos: str
    thing: str  # one feature
    things: str
    has: str  # "owned": the feature is 1
    lacks: str
    none: str  # no feature is 1
    bought: str  # the label is 1
    did: str  # the same as an answer to "what came of it?"
    did_not: str

    @property
    def flips(self) -> str:
        """What the bars beside the switches show."""
        return f"Bars: points gained or lost by flipping that {self.thing} alone."


def words_for(features: Features) -> Words:
    """The words for a model with these features."""
    if all(_GAME.fullmatch(name) for name in features.names):
        return Words(
            question="Which games does this player own?",
            answer="Probability that this player buys",
            subtitle=f"Will this player buy? Every combination of {spell(len(features.names))} "
            "games, answered at once.",
            who="player",
            whos="players",
            thing="game",
            things="games",
            has="owned",
            lacks="not owned",
            none="No games",
            bought="bought",
            did="They bought",
            did_not="They didn't",
        )
    return Words(
        question="Which of these apply?",
        answer="Probability of a yes",
        subtitle=f"Every combination of {spell(len(features.names))} yes/no inputs, "
        "answered at once.",
        who="case",
        whos="cases",
        thing="input",
        things="inputs",
        has="yes",
        lacks="no",
        none="None of them",
        bought="were a yes",
        did="It was a yes",
        did_not="It was a no",
    )


def percent(probability: float) -> str:
    """One decimal, the form of every probability in the product: ``42.0 %``."""
    return f"{probability * 100:.1f}{NBSP}%"


def spell(number: int) -> str:
    """Numbers to ten in words, as in running text."""
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}"


def as_dict(words: Words) -> dict[str, str]:
    """For the browser, which composes the same sentences."""
    return asdict(words)
