"""Which traffic is looked at where nobody chose a source: one rule for pages, API, commands, jobs.

Real traffic once the window holds as many real events as a headline needs; until then the simulated
one, where there is one. So a demo survives its first visitors, and they are told what isn't shown.
The two are never mixed, and a source that somebody chose always wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from webapp.db.schema import Source
from webapp.grammar import pluralize, quantity
from webapp.stats.verdicts import FEWEST

ChosenSource = Source | Literal["all"]  # "all": all real traffic
SIMULATED: tuple[Source, ...] = ("demo",)

_NAMES: dict[ChosenSource, str] = {
    "all": "real traffic",
    "api": "traffic from the API",
    "form": "traffic from the form",
    "batch": "traffic from batches",
    "edge": "traffic from functions",
    "stream": "traffic from streams",
    "lake": "traffic from a lake",
    "replay": "replayed traffic",
    "demo": "simulated traffic",
}


@dataclass(frozen=True)
class NotShown:
    """The real events of a window that aren't looked at, because simulated ones are.

    ``source`` is the choice that shows them. ``ever`` is true if there were some at any time.
    """

    events: int
    source: Literal["all", "form"] = "all"
    ever: bool = False

    @property
    def text(self) -> str:
        """``1 real event is not shown``, without a full stop."""
        if not self.events:
            return "No real events in this window" if self.ever else "No real events yet"
        noun = "real event" if self.source == "all" else "prediction"
        form = "" if self.source == "all" else " from the form"
        verb = pluralize(self.events, "is", "are")
        return f"{quantity(self.events, noun)}{form} {verb} not shown"

    @property
    def link(self) -> str:
        """What a link to them says; empty without any."""
        return f"show {pluralize(self.events, 'it', 'them')}" if self.events else ""

    @property
    def hint(self) -> str:
        """The same for a terminal, with the option that shows them."""
        show = f": --source {self.source} shows {pluralize(self.events, 'it', 'them')}"
        return f"Simulated traffic. {self.text}{show if self.events else ''}."


def prefers_simulated(n_real: int, n_simulated: int) -> bool:
    """True if a window with so many real and simulated events is looked at by the simulated."""
    return n_real < FEWEST and n_simulated > 0


def name_source(source: ChosenSource | None) -> str:
    """The traffic of a source in words, such as ``traffic from the API``."""
    return "traffic" if source is None else _NAMES[source]


def describe_mend(source: ChosenSource | None) -> str:
    """A sentence on how traffic of this source comes, for an empty page."""
    if source == "demo":
        return "The command everycase demo writes 60 days of it."
    if source == "form":
        return "Predictions that are recorded on the Predict page are in it."
    if source == "replay":
        return "The command everycase replay sends the rows of a file as traffic."
    return "Predictions that are made through the API count; everycase demo simulates some."
