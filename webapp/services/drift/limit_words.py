"""Words on what keeps a verdict open, and how many more of it would do."""

from __future__ import annotations

from collections.abc import Sequence

from webapp.grammar import quantity
from webapp.stats.limits import Limit, Side
from webapp.stats.reference import Origin
from webapp.stats.verdicts import FEWEST

_WHERE: dict[Side, str] = {
    "window events": "in the window",
    "baseline events": "in the baseline",
    "window outcomes": "in the window",
    "baseline outcomes": "in the baseline",
}
_REFERENCES: dict[Origin | None, str] = {
    "cross-validation": "in its training",
    "evaluation": "in its evaluation",
    "first outcomes": "among its first",
}


def round_up(number: int) -> int:
    """The number with two leading digits, rounded up: 4,549 is 4,600."""
    step: int = 10 ** max(len(str(number)) - 2, 0)
    return -(-number // step) * step


def describe_limits(limits: Sequence[Limit], reference: Origin | None = "baseline") -> str:
    """``about 4,300 more events in the window``, for use before *would*; of one kind each time.

    ``reference`` is what performance is held against, where outcomes are meant.
    """
    texts: list[str] = []
    for limit in limits:
        if limit.more is None:
            return "no number that one could wait for"
        is_exact = limit.of.endswith("events") and limit.have + limit.more == FEWEST
        number = limit.more if is_exact else round_up(limit.more)
        noun = limit.of.split()[1].removesuffix("s")
        place = _WHERE[limit.of]
        if limit.of == "baseline outcomes":
            place = _REFERENCES.get(reference, place)
        about = "" if is_exact or texts else "about "
        many = f"{number:,} more" if texts else quantity(number, f"more {noun}")
        texts.append(f"{about}{many} {place}")
    return " and ".join(texts)
