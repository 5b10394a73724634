"""Every model has words of its own, and the scripts ask for no others."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from webapp.cases import Features
from webapp.settings import ROOT
from webapp.vocabulary import Vocabulary, spell, vocabulary_for

GAMES = vocabulary_for(Features.numbered(10))
CHURN = vocabulary_for(Features(("abroad", "premium", "retired")))
OF_GAMES = re.compile(r"game|player|buy|bought|purchase|\bown", re.IGNORECASE)


def words_read_in(script: str) -> set[str]:
    """The words that a script asks the vocabulary for, also by the short name ``w``."""
    shorthand = r"|\bw" if re.search(r"\bw = \S*\bwords;", script) else ""
    return set(re.findall(rf"(?:\bwords{shorthand})\.(\w+)", script))


def test_the_scripts_read_words_that_there_are() -> None:
    scripts = sorted((ROOT / "assets/js").glob("*.js"))
    words = {path.name: words_read_in(path.read_text("utf-8")) for path in scripts}
    assert {"person", "inputs", "were_positive"} <= words["30-answer.js"]
    names = {field.name for field in fields(Vocabulary)}
    assert {name: unknown for name, read in words.items() if (unknown := read - names)} == {}


def test_a_model_without_games_is_not_spoken_of_in_games() -> None:
    assert not [text for text in CHURN.as_dict().values() if OF_GAMES.search(text)]
    assert not OF_GAMES.search(CHURN.flips)
    assert OF_GAMES.search(GAMES.question)


def test_inputs_without_names_are_no_games() -> None:
    nameless = Features.numbered(10, is_positional=True)
    assert nameless == Features.numbered(10), "the same inputs in requests, files and the log"
    assert vocabulary_for(nameless).inputs == CHURN.inputs


@pytest.mark.parametrize("words", [GAMES, CHURN])
def test_no_word_is_empty(words: Vocabulary) -> None:
    assert all(text.strip() == text and text for text in words.as_dict().values())
    assert words.label("G1") == "G1"


def test_a_case_in_words() -> None:
    ten = Features.numbered(10)
    assert GAMES.list_inputs(ten, 0b1001, " + ") == "G1 + G4"
    assert GAMES.list_inputs(ten, 0, " + ") == "no games"
    assert CHURN.list_inputs(Features(("abroad", "premium", "retired")), 0, " ") == "none of them"


def test_numbers_in_words() -> None:
    assert [spell(n) for n in (0, 3, 10, 11, 1234)] == ["zero", "three", "ten", "11", "1,234"]
