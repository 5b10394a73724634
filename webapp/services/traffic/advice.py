"""What to do about the version that answers: one rule for Drift, Compare and the promotion dialog.

Each brings what it has found out: Drift its headline and the best other version (``find_rival``),
Compare and the dialog the verdict on the two versions in question. The rule knows no page, so that
all of them give the same advice on the same outcomes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.catalog.prepared import Prepared
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.traffic.pool import TrafficPool
from webapp.services.traffic.training_overlap import Span, find_spans
from webapp.stats import paired, simultaneous
from webapp.stats.counts import Counts
from webapp.stats.drift import Headline, Window
from webapp.stats.gate import Gate, judge
from webapp.stats.margins import entropy
from webapp.stats.simultaneous import Reach
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
    others = find_others(services, pool, champion.prepared, name, times)
    reach = find_reach(champion.prepared, others, window.labelled)
    losses = {
        name: paired.log_loss(prepared.scores, window.labelled).value
        for name, prepared in others.items()
    }
    limit = paired.log_loss(champion.prepared.scores, window.labelled).value
    rivals: dict[str, Rival] = {}
    for name in sorted(losses, key=lambda name: (losses[name], name)):
        gate = judge_pair(
            services, champion.prepared, others[name], window.labelled, window.events, reach
        )
        rivals[name] = Rival(name, gate, is_worthwhile(gate.challenger_loss, window.labelled))
        if gate.loss_verdict == "better" or losses[name] >= limit:  # nor can any other one be
            break
    best = choose_rival((rival.name, rival.gate.loss_verdict) for rival in rivals.values())
    return None if best is None else rivals[best]


def find_others(
    services: Services, pool: TrafficPool, champion: Prepared, name: str, times: Span
) -> dict[str, Prepared]:
    """The versions that can be judged against a champion of this name on the pool's events.

    Those that were trained on some of the time are left out. Raises LogUnavailableError.
    """
    return {
        version.name: version.prepared
        for version in services.catalog.versions()
        if version.prepared is not None
        and version.prepared.is_comparable(champion)
        and version.name != name
        and not _is_trained(services, pool, version.prepared, times)
    }


def find_reach(champion: Prepared, others: Mapping[str, Prepared], outcomes: Counts) -> Reach:
    """How far the intervals reach with which all these versions are judged at once."""
    tables = [prepared.scores for prepared in others.values()]
    return simultaneous.reach(champion.scores, tables, outcomes)


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
    reach: Reach,
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
        reach=reach,
    )


def _is_trained(services: Services, pool: TrafficPool, prepared: Prepared, times: Span) -> bool:
    """True if the version was trained on events of a time in common with ``times``."""
    since, until = times
    return any(a < until and since < b for a, b in find_spans(services, pool, prepared.facts))
