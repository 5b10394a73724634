"""The two classes of a model: which of them is the positive outcome, and what can be chosen.

A class is known by its text: ``churn``, ``1``, ``True``.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from webapp.bundle.yes_no import MINUS_SIGNS, PAIRS, WORDS, fold
from webapp.cases import shorten
from webapp.grammar import printable

# A pair that isn't in yes_no.PAIRS has no plain meaning: of 1 and 2 each means yes somewhere, and
# of churn and stay only the owner knows which one is predicted.
_PLAIN_POSITIVES = frozenset(positive for _, positive in PAIRS)
_PLAIN_NEGATIVES = frozenset(negative for negative, _ in PAIRS)


def class_text(value: object) -> str:
    """A class as people read it: whole numbers without their decimals, texts as they are."""
    item = getattr(value, "item", None)  # of numpy's scalars
    plain = item() if callable(item) else value
    if isinstance(plain, bytes):
        return plain.decode("utf-8", "replace")
    if isinstance(plain, float) and plain.is_integer():
        return str(int(plain))
    return str(plain)


def plain_positive(classes: Sequence[str]) -> str | None:
    """The positive one of two classes whose meaning is plain: 1 of 0 and 1, yes of no and yes."""
    for negative, positive in (classes, classes[::-1]) if len(classes) == 2 else ():
        if (_fold(negative), _fold(positive)) in PAIRS:
            return positive
    return None


def pair_with(positive: str | None) -> tuple[str, str]:
    """The negative and the positive class of a table that names one at most: ``no`` for ``yes``."""
    if positive is None:
        return "0", "1"
    name = _fold(positive)
    for negative, other in (*WORDS, *sorted(PAIRS - {*WORDS})):
        if name in (negative, other):
            return (negative if name == other else other), positive
    return f"not {positive}", positive


def match_class(classes: Sequence[str], choice: str) -> str | None:
    """The class that a person means, also in other letters or as 1.0 for 1; None if none is."""
    if choice in classes:
        return choice
    matches = [each for each in classes if _fold(each) == _fold(choice)]
    return matches[0] if len(matches) == 1 else None


def means_no(name: str) -> bool:
    """True if a name plainly means the negative class, as in a single column ``no``."""
    return _fold(name) in _PLAIN_NEGATIVES and _fold(name) not in {"0", "-"}


def outcome_name(positive: str | None) -> str | None:
    """The positive class if its name says more than yes: churn, but not 1 or True."""
    return None if positive is None or _fold(positive) in _PLAIN_POSITIVES else positive


def list_classes(classes: Sequence[str]) -> str:
    """Classes in running text: ``churn and stay``."""
    names = [shorten(name) for name in classes]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def describe_choice(version: str, classes: Sequence[str]) -> str:
    """The reason why a version waits, with the command that ends it."""
    class_name = shlex.quote(printable(classes[0]))
    command = f"everycase choose {shlex.quote(version)} --positive {class_name}"
    return (
        f"Its classes are {list_classes(classes)}: choose the one that its probability stands for, "
        f"such as with {command}"
    )


def _fold(name: str) -> str:
    """A class without what doesn't tell two apart: case, spaces, the decimals of a whole number."""
    text = fold(name)
    if text[:1] and text[0] in MINUS_SIGNS:
        text = f"-{text[1:]}"
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else text
