"""How long outcomes take, from events of which many are too young to have one.

The delay of a known outcome is at most its event's age, so the known ones are too short on average
(right truncation). Going backwards through the delays undoes that: among outcomes that could be
known after u days and came within u, the share g(u) came on day u itself, and the distribution is
the product of 1 − g(u) over the longer delays (Lynden-Bell 1971; for reporting delays Kalbfleisch &
Lawless 1989, "Inference based on retrospective ascertainment", JASA 84; Lawless 1994).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEWEST = 20  # outcomes of which a delay is measured
SHARE = 0.95  # of the outcomes that a delay is to cover


def distribution(outcomes: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of outcomes that come within 0, 1, … days, of those that ever come.

    ``outcomes`` (int64[ages, delays]) counts known outcomes by the whole days since their event and
    from their event to the outcome. Delays as long as the oldest event's age can't be exceeded.
    """
    days = outcomes.shape[1]
    shares = np.ones(days)
    for day in range(days - 1, 0, -1):
        old_enough = outcomes[day:]
        within = int(old_enough[:, : day + 1].sum())
        hazard = int(old_enough[:, day].sum()) / within if within else 0.0
        shares[day - 1] = shares[day] * (1 - hazard)
    return shares


def quantile(outcomes: NDArray[np.int64], share: float = SHARE) -> int | None:
    """The days within which that share of the outcomes comes; None if too few are known."""
    if int(outcomes.sum()) < FEWEST:
        return None
    return int(np.argmax(distribution(outcomes) >= share - 1e-12))
