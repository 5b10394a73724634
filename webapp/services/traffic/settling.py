"""How many days outcomes need before those of a day are even: both labels have had their time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.db.database import Database
from webapp.db.schema import Source
from webapp.events import label_delays
from webapp.grammar import NBSP, quantity
from webapp.stats import delays


@dataclass(frozen=True)
class Settling:
    """The days that outcomes are waited for.

    ``soon`` and ``late`` are the labels that come earlier and later, with the whole days within
    which 95 % of each do. None where the setting alone decides, as both come alike or too few are
    known.
    """

    days: int = 0
    soon: tuple[int, int] | None = None
    late: tuple[int, int] | None = None

    @property
    def sentence(self) -> str:
        """Why the last days aren't judged; empty where the setting alone decides."""
        if self.soon is None or self.late is None:
            return ""
        days = quantity(self.days, "day")
        (soon, early), (late, later) = self.soon, self.late
        return (
            f"Outcomes of the last {days} are not judged yet, as they are one-sided: 95{NBSP}% of "
            f"those that are {late} come within {quantity(later + 1, 'day')} of their event, of "
            f"those that are {soon} within {quantity(early + 1, 'day')}."
        )


def find_settling(
    database: Database,
    versions: Sequence[str],
    sources: Sequence[Source],
    least_days: int,
    now: int,
) -> Settling:
    """The setting's ``least_days``, or more if the log shows that one label comes later.

    Raises LogUnavailableError.
    """
    outcomes = label_delays.read(database, versions, sources, now)
    by_label = [(label, delays.quantile(outcomes[label])) for label in (0, 1)]
    delay_pairs = [(label, days) for label, days in by_label if days is not None]
    if len(delay_pairs) < 2:
        return Settling(least_days)
    soon, late = sorted(delay_pairs, key=lambda pair: pair[1])
    needed_days = late[1] + 1  # the day has to end as well
    if soon[1] == late[1] or needed_days <= least_days:
        return Settling(least_days)
    return Settling(needed_days, soon, late)
