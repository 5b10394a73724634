"""A change of champion by a person: the evidence that is shown, and what is asked before it happens.

The same evidence goes into the ledger as JSON. Programs promote through ``promote.promote``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from webapp.cases import InputError
from webapp.events.ledger import Promotion
from webapp.events.schema import DAY_MS
from webapp.services import Services, alike, predict, trained
from webapp.services.compare import THRESHOLD
from webapp.services.drift_form import plain
from webapp.services.pooled import Pool
from webapp.services.promote import promote
from webapp.services.wording import iso
from webapp.stats import compare
from webapp.stats.compare import Difference
from webapp.stats.counts import Counts
from webapp.stats.rates import Interval, wilson
from webapp.stats.series import Traffic

DAYS = 60
CHURN_CAP = 0.05
PROMOTE, ROLL_BACK = "promote", "roll back"
MAX_REASON = 1000
Action = Literal["promote", "roll back"]
Gate = Literal["promote", "keep", "not enough evidence"]


@dataclass(frozen=True)
class Evidence:
    """A version against the champion, on matured events that neither was trained on.

    Differences are version minus champion, paired. ``churn`` is the share of all those events,
    matured or not, whose decision at the threshold changes; ``unseen`` of those in cases that the
    version never saw in training. None where there is nothing to tell it from.
    """

    version: str
    champion: str
    since: int
    until: int
    left_out: int  # days that one of the two was trained on
    events: int
    n: int  # matured
    log_loss: Difference | None
    auc: Difference | None
    threshold: float
    churn: Interval | None
    gained: Interval | None
    lost: Interval | None
    unseen: Interval | None
    cap: float
    simulated: bool

    @property
    def over_cap(self) -> bool:
        """Do more decisions change than may?"""
        return self.churn is not None and self.churn.value > self.cap

    @property
    def gate(self) -> Gate:
        """What the gate of retraining says of it."""
        if self.log_loss is None or self.log_loss.verdict == "not enough evidence":
            return "not enough evidence"
        return "promote" if self.log_loss.verdict == "better" and not self.over_cap else "keep"

    @property
    def objections(self) -> tuple[str, ...]:
        """Why the gate does not say promote."""
        found = []
        if self.log_loss is None or self.log_loss.verdict == "not enough evidence":
            found.append("not enough evidence")
        elif self.log_loss.verdict == "worse":
            found.append(f"{self.version} is worse")
        elif self.log_loss.verdict == "no difference that matters":
            found.append("no difference that matters")
        return (*found, "churn above the cap") if self.over_cap else tuple(found)


def gather(services: Services, version: str, now: int) -> Evidence:
    """What can be said for and against a version in the champion's place.

    Raises UnknownVersionError, VersionNotReadyError, InputError and LogUnavailableError.
    """
    pair = [predict.resolve(services, None), predict.resolve(services, version)]
    if pair[0][0] == pair[1][0]:
        raise InputError("version", f"{version} is the champion already")
    features = alike.common(pair, "version")
    until = now - now % DAY_MS + DAY_MS
    since = until - DAYS * DAY_MS
    pool = Pool(services, services.counts, features, None)
    daily = pool.traffic(pool.read("day", since, until), "day", since, until)
    spans = [s for _, found in pair for s in trained.spans(services, pool, found.facts)]
    fair = np.array(
        [not any(a < day + DAY_MS and day < b for a, b in spans) for day in daily.begins], bool
    )
    window = _only(daily, fair).window()
    scores = [alike.lifted(found, features) for _, found in pair]
    training = alike.seen(pair[1][1], features)
    known = _compared((pair[0][0], scores[0]), (version, scores[1]), window.labelled)
    return Evidence(
        version,
        pair[0][0],
        since,
        until,
        int((~fair).sum()),
        int(window.total),
        window.labelled.total,
        *known,
        THRESHOLD,
        *_churn(scores[0], scores[1], window.events),
        _share(window.events, None if training is None else training == 0),
        CHURN_CAP,
        pool.sources == ("demo",),
    )


def _only(daily: Traffic, kept: NDArray[np.bool_]) -> Traffic:
    arrays = (daily.begins, daily.events, daily.labelled, daily.positives)
    return Traffic(*(array[kept] for array in arrays))


Named = tuple[str, NDArray[np.float64]]


def _compared(
    champion: Named, other: Named, labelled: Counts
) -> tuple[Difference | None, Difference | None]:
    """The paired differences of log loss and AUC."""
    if labelled.total < 2:
        return None, None
    found = compare.results((champion, other), labelled, THRESHOLD)[1].differences
    return found.get("log_loss"), found.get("auc")


def _churn(
    before: NDArray[np.float64], after: NDArray[np.float64], events: NDArray[np.int64]
) -> tuple[Interval | None, Interval | None, Interval | None]:
    """Decisions that change, those picked by the version alone, and those by the champion alone."""
    old, new = before >= THRESHOLD, after >= THRESHOLD
    return (
        _share(events, old != new),
        _share(events, new & ~old),
        _share(events, old & ~new),
    )


def _share(events: NDArray[np.int64], chosen: NDArray[np.bool_] | None) -> Interval | None:
    total = int(events.sum())
    return wilson(int(events[chosen].sum()), total) if total and chosen is not None else None


def as_json(evidence: Evidence, action: Action, *, override: bool) -> dict[str, Any]:
    """For the ledger."""
    form: dict[str, Any] = plain(evidence)
    kept = (*("n", "events", "log_loss", "auc", "threshold", "gained", "lost", "cap", "simulated"),)
    churn = None if evidence.churn is None else evidence.churn.value
    return {
        "action": action,
        "gate": evidence.gate,
        "override": override,
        "window": {"from": iso(evidence.since), "to": iso(evidence.until)},
        "churn": churn,
        **{name: form[name] for name in kept},
    }


@dataclass(frozen=True)
class Wish:
    """What somebody asks for in the dialog. ``champion`` is who it was when they were shown it."""

    version: str
    champion: str
    reason: str
    action: Action = "promote"
    override: bool = False


def fulfil(services: Services, wish: Wish, actor: str, now: int) -> Promotion:
    """Promote or roll back, with the evidence in the ledger.

    Raises InputError, NotServableError, UnknownVersionError, VersionNotReadyError and
    LogUnavailableError; then nothing changed.
    """
    reason = wish.reason.strip()
    if not reason:
        raise InputError("reason", "is missing: say why, for whoever asks later")
    if len(reason) > MAX_REASON or "\0" in reason:
        raise InputError("reason", f"must be a text of at most {MAX_REASON:,} characters")
    best = predict.champion(services)
    if best is None or best.name != wish.champion:
        now_it_is = "nobody" if best is None else best.name
        raise InputError("champion", f"is {now_it_is} by now: look again at the evidence")
    if best.prepared is None:
        return _without_evidence(services, wish, actor)
    evidence = gather(services, wish.version, now)
    if evidence.gate != "promote" and not wish.override:
        why = ", ".join(evidence.objections)
        raise InputError("override", f"is needed, because the gate says: {why}")
    form = as_json(evidence, wish.action, override=wish.override and evidence.gate != "promote")
    return promote(services, wish.version, actor=actor, reason=reason, evidence=form)


def _without_evidence(services: Services, wish: Wish, actor: str) -> Promotion:
    """In place of a champion that can't answer, so that nothing can be compared with it."""
    if not wish.override:
        raise InputError("override", "is needed, because the champion can't answer")
    form = {"action": wish.action, "gate": "not enough evidence", "override": True}
    return promote(services, wish.version, actor=actor, reason=wish.reason.strip(), evidence=form)
