"""A change of champion by a person: the evidence that is shown, and what is asked before it.

The same evidence goes into the ledger. Programs promote through ``promote.promote``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from webapp.cases import InputError
from webapp.db.tables.checks import Traffic
from webapp.db.tables.ledger import LedgerMovedError, Promotion
from webapp.services.context import Services
from webapp.services.models import gate_report, promotion_preview
from webapp.services.models.promote import promote
from webapp.services.models.promotion_preview import Preview
from webapp.services.predict import version_choice
from webapp.services.traffic.pool import TrafficPool
from webapp.stats import metric_specs
from webapp.stats.gate import Gate
from webapp.stats.rates import Interval, wilson
from webapp.stats.verdicts import Choice
from webapp.timing import DAY_MS

CHECKS = 200  # retrains that are searched for the one that made a version
TRAFFICS: tuple[Traffic, ...] = ("real", "simulated")
DAYS = 30  # of traffic that tell who would be picked from now on
MAX_REASON = 1000
Action = Literal["promote", "roll back"]
PROMOTE: Action = "promote"
ROLL_BACK: Action = "roll back"


@dataclass(frozen=True)
class Moves:
    """Shares of the last month's events that are picked by one of the two alone."""

    gained: Interval
    lost: Interval


@dataclass(frozen=True)
class Evidence:
    """What is to be said of a version in the champion's place."""

    preview: Preview
    moves: Moves | None
    held_out: Gate | None = None  # the judgement of the check that made the version

    @property
    def at_its_check(self) -> bool:
        """Is nothing known since it was made, but what was held out of its training?"""
        gate = self.preview.gate
        return gate is not None and not gate.n and self.held_out is not None

    @property
    def gate(self) -> Gate | None:
        """The gate's judgement; None where the two can't be compared."""
        return self.held_out if self.at_its_check else self.preview.gate

    @property
    def passes(self) -> bool:
        """Would the gate let it through?"""
        return self.gate is not None and self.gate.verdict == "promote"

    @property
    def objections(self) -> tuple[str, ...]:
        """Why the gate does not say promote."""
        if self.gate is None:
            return ("it can't be judged",)
        found = {
            "worse": f"{self.preview.version} is worse",
            "no difference that matters": "no difference that matters",
            "not enough evidence": "not enough evidence",
        }.get(self.gate.loss_verdict)
        return ((found,) if found else ()) + (
            () if self.gate.within_cap else ("churn above the cap",)
        )

    def as_json(self, action: Action, *, override: bool) -> dict[str, Any]:
        """For the ledger."""
        form = self.preview.as_json()
        if self.at_its_check and self.held_out is not None:
            told = gate_report.sentence(
                self.held_out, str(self.preview.champion), self.preview.version
            )
            form |= gate_report.as_json(self.held_out) | {"sentence": told}
        return form | {"action": action, "override": override}


def gather(services: Services, version: str, now: int) -> Evidence:
    """Raises UnknownVersionError, VersionNotReadyError, InputError and LogUnavailableError."""
    found = promotion_preview.ask(services, version, now)
    if found.champion == found.version:
        raise InputError("version", f"is the champion already: {version}")
    if found.gate is None:
        return Evidence(found, None)
    held_out = None if found.gate.n else _held_out(services, found)
    return Evidence(found, _moves(services, found, now), held_out)


def _held_out(services: Services, found: Preview) -> Gate | None:
    """What the gate said when the version was made, if it was held against the same champion."""
    for traffic in TRAFFICS:
        for check in services.checks.history(CHECKS, traffic, retrains=True):
            if (check.version, check.champion) == (found.version, found.champion):
                return gate_report.read(check.evidence.get("gate"))
    return None


def _moves(services: Services, found: Preview, now: int) -> Moves | None:
    (_, before), (_, after) = (
        version_choice.resolve(services, v) for v in (found.champion, found.version)
    )
    assert found.gate is not None
    at = found.gate.rules.threshold
    pool = TrafficPool(services, services.counts, after.features, None)
    until = now - now % DAY_MS + DAY_MS
    since = until - DAYS * DAY_MS
    rows = pool.read("day", since, until)
    events = pool.traffic(rows, "day", since, until).window().events
    old, new = before.scores >= at, after.scores >= at
    if not events.sum():
        return None
    return Moves(_share(events, new & ~old), _share(events, old & ~new))


def _share(events: NDArray[np.int64], chosen: NDArray[np.bool_]) -> Interval:
    return wilson(int(events[chosen].sum()), int(events.sum()))


def auc_verdict(gate: Gate) -> Choice | None:
    """Better or worse, by the margin that matters; None where AUC can't be told."""
    if gate.auc is None:
        return None
    return metric_specs.AUC.judge(gate.auc)


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
    known = _known(services, wish.champion)
    evidence = gather(services, wish.version, now)
    if evidence.preview.champion != wish.champion:
        raise _changed(str(evidence.preview.champion))
    if not evidence.passes and not wish.override:
        why = ", ".join(evidence.objections)
        raise InputError("override", f"is needed, because the gate says: {why}")
    form = evidence.as_json(wish.action, override=not evidence.passes)
    try:
        return promote(
            services, wish.version, actor=actor, reason=reason, evidence=form, follows=known
        )
    except LedgerMovedError:
        raise _changed("another") from None


def _known(services: Services, champion: str) -> int:
    """The id of the ledger's last line, 0 where there is none, if that version is champion now."""
    lines = services.ledger.history(1)
    best = version_choice.champion(services)
    now_it_is = lines[0].version if lines else best.name if best else None
    if now_it_is != champion:
        raise _changed(now_it_is or "nobody")
    return lines[0].id if lines else 0


def _changed(now_it_is: str) -> InputError:
    return InputError("champion", f"is {now_it_is} by now: look at the evidence again")
