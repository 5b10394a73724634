"""What to do about the version that answers: one rule for Drift, Compare and the promotion dialog.

Each brings what it has found out: Drift its headline and the best other version (``find_rival``),
Compare and the dialog the verdict on the two versions in question. The rule knows no page, so that
all of them give the same advice on the same outcomes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.catalog.prepared import Prepared
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.traffic.pool import TrafficPool
from webapp.services.traffic.training_overlap import Span, find_spans
from webapp.stats import paired
from webapp.stats.counts import Counts
from webapp.stats.drift import Headline, Window
from webapp.stats.gate import Gate, judge
from webapp.stats.margins import entropy
from webapp.stats.verdicts import Choice

Action = Literal["Promote", "Retrain", "Watch", "Keep", "Wait"]


@dataclass(frozen=True)
class Rival:
    """The best other version, judged on outcomes that neither was trained on."""

    name: str
    gate: Gate
    is_worthwhile: bool  # does better than predicting the average

    @property
    def is_better(self) -> bool:
        """True if it is clearly better, and worth promoting."""
        return self.gate.loss_verdict == "better" and self.is_worthwhile

    @property
    def is_no_help(self) -> bool:
        """True if it is clearly better, and no better than predicting the average."""
        return self.gate.loss_verdict == "better" and not self.is_worthwhile


def advise(
    choice: Choice | None,
    headline: Headline | None = None,
    *,
    is_worthwhile: bool = True,
    is_chosen_here: bool = False,
) -> Action:
    """The action that follows from the verdict on a challenger and from the headline on drift.

    A version that is clearly better is promoted, whatever else there is; where even that one does
    no better than predicting the average (not ``is_worthwhile``), none helps but a new one.
    Otherwise what lost skill is retrained, unless it was promoted on these very events
    (``is_chosen_here``): what it does in them was known then, so it is watched.
    """
    if choice == "better":
        return "Promote" if is_worthwhile else "Retrain"
    if headline is None:
        return "Wait" if choice in (None, "not enough evidence") else "Keep"
    if "harm" in headline.causes:
        return "Watch" if is_chosen_here else "Retrain"
    actions: dict[str, Action] = {"drifted": "Watch", "stable": "Keep"}
    return actions.get(headline.verdict, "Wait")


def promoted_within(services: Services, name: str, since: int) -> int | None:
    """The time (ms) at which the version replaced another one, if that was after ``since``."""
    promotion = services.ledger.champion()
    if promotion is None or promotion.version != name or promotion.previous in (None, name):
        return None
    return promotion.at if promotion.at >= since else None


def choose_rival(choices: Iterable[tuple[str, Choice]]) -> str | None:
    """The version that the advice is about: the first that is clearly better, else the first.

    ``choices`` are the verdicts on the other versions, in the order of their log loss.
    """
    first: str | None = None
    for name, choice in choices:
        if choice == "better":
            return name
        first = first or name
    return first


def find_rival(
    services: Services, pool: TrafficPool, name: str, window: Window, times: Span
) -> Rival | None:
    """The other version that might replace the champion, as ``choose_rival`` chooses it.

    ``name`` is the version in question: others are rivals of the champion only. ``times`` are those
    of the window. Versions that were trained on some of the traffic are left out; None without
    rivals or outcomes. Raises LogUnavailableError.
    """
    champion = version_choice.champion(services)
    if champion is None or champion.name != name or champion.prepared is None:
        return None
    if not window.labelled.total or _is_trained(services, pool, champion.prepared, times):
        return None
    others = [
        (paired.log_loss(version.prepared.scores, window.labelled).value, version.name)
        for version in services.catalog.versions()
        if version.prepared is not None
        and version.prepared.is_comparable(champion.prepared)
        and version.name != name
    ]
    rivals = {
        rival.name: rival
        for rival in _judge_in_order(
            services, pool, champion.prepared, [name for _, name in sorted(others)], window, times
        )
    }
    best = choose_rival((rival.name, rival.gate.loss_verdict) for rival in rivals.values())
    return None if best is None else rivals[best]


def _judge_in_order(
    services: Services,
    pool: TrafficPool,
    champion: Prepared,
    names: Sequence[str],
    window: Window,
    times: Span,
) -> Iterator[Rival]:
    """The rivals, in the order of their log loss, down to where none can be clearly better."""
    outcomes = window.labelled
    limit = paired.log_loss(champion.scores, outcomes).value
    for name in names:
        _, prepared = version_choice.resolve(services, name)
        if _is_trained(services, pool, prepared, times):
            continue
        gate = judge_pair(services, champion, prepared, outcomes, window.events)
        yield Rival(name, gate, is_worthwhile(gate.challenger_loss, outcomes))
        if gate.loss_verdict == "better" or (gate.challenger_loss or 0.0) >= limit:
            return


def is_worthwhile(log_loss: float | None, outcomes: Counts) -> bool:
    """True if a log loss on these outcomes is below that of predicting their average."""
    if log_loss is None or not 0 < outcomes.positives.sum() < outcomes.total:
        return False
    return log_loss < entropy(outcomes.base_rate)


def judge_pair(
    services: Services,
    champion: Prepared,
    challenger: Prepared,
    unseen: Counts,
    events: NDArray[np.int64],
) -> Gate:
    """The gate's judgement on the outcomes ``unseen``, with the decisions on all ``events``."""
    training = challenger.baseline
    return judge(
        champion.scores,
        challenger.scores,
        unseen,
        events,
        services.plan.rules,
        None if training is None else training.n,
    )


def _is_trained(services: Services, pool: TrafficPool, prepared: Prepared, times: Span) -> bool:
    """True if the version was trained on events of a time in common with ``times``."""
    since, until = times
    return any(a < until and since < b for a, b in find_spans(services, pool, prepared.facts))
