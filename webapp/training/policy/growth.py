"""When more data alone are a reason to fit again: a champion that was fitted on few events.

The maximum likelihood fit of p coefficients on n events loses p / 2n nats per event more, in
expectation, than the best there are (Akaike 1973, from Wilks 1938). Twice as many events halve it.
Where that gain matters it needs no test, which could find it only when it is over. It matters with
few events, up to some 1,300 for ten inputs, so there are few such retrains: at each the events have
doubled.
"""

from __future__ import annotations

from math import log2

from webapp.stats.margins import margin_for
from webapp.training.policy.rules import Challenger, Growth, PolicyInput

_TIMES = 2  # as many events as the champion was fitted on


def find_growth(
    policy_input: PolicyInput, challenger: Challenger, base_rate: float
) -> Growth | None:
    """The growth of the data since the champion's fit, if it is a reason to fit the challenger.

    Its gain must be beyond what Compare calls a difference that matters at the ``base_rate``.
    """
    champion = policy_input.champion
    margin = margin_for("log_loss", base_rate)
    if not champion.n or policy_input.history is None:
        return None
    coefficients = log2(len(champion.scores)) + 1
    if _expected_gain(coefficients, champion.n, _TIMES * champion.n) <= margin:
        return None  # the usual case, for which nothing need be counted
    now = policy_input.history.count(challenger)
    gain = _expected_gain(coefficients, champion.n, max(now, 1))
    return Growth(champion.n, now, gain) if now >= _TIMES * champion.n else None


def _expected_gain(coefficients: float, n: int, now: int) -> float:
    return coefficients / 2 * (1 / n - 1 / now)
