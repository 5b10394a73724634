"""The evidence about a version in the champion's place: shown before a promotion, then recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from webapp.cases import InputError
from webapp.db.tables.checks import TrafficKind
from webapp.services.context import Services
from webapp.services.models import gate_report, promotion_preview
from webapp.services.models.promotion_preview import Preview
from webapp.services.predict import version_choice
from webapp.services.traffic import windows
from webapp.services.traffic.advice import Action, advise
from webapp.services.traffic.pool import TrafficPool
from webapp.stats.gate import Gate
from webapp.stats.rates import Interval, wilson

CHECKS = 200  # retrains that are searched for the one that made a version
TRAFFICS: tuple[TrafficKind, ...] = ("real", "simulated")
PromotionAction = Literal["promote", "roll back"]
PROMOTE: PromotionAction = "promote"
ROLL_BACK: PromotionAction = "roll back"


@dataclass(frozen=True)
class DecisionChanges:
    """Shares of the last days' events that only the new or only the old champion would pick."""

    gained: Interval
    lost: Interval


@dataclass(frozen=True)
class PromotionEvidence:
    """The gate's preview, the decisions that would change, and the judgement of its own check."""

    preview: Preview
    changes: DecisionChanges | None
    held_out: Gate | None = None  # the judgement of the check that made the version
    refit: str = ""  # a sentence, if it was then fitted on these events as well

    @property
    def is_held_out(self) -> bool:
        """True if the only evidence is the version's own held-out events."""
        gate = self.preview.gate
        return gate is not None and not gate.n and self.held_out is not None

    @property
    def gate(self) -> Gate | None:
        """The gate's judgement; None if the two can't be compared."""
        return self.held_out if self.is_held_out else self.preview.gate

    @property
    def action(self) -> Action:
        """The advice on the two versions, by the rule of Drift and Compare."""
        choice = None if self.gate is None else self.gate.loss_verdict
        is_worthwhile = self.is_held_out or self.preview.is_worthwhile
        return advise(choice, is_worthwhile=is_worthwhile)

    @property
    def passes(self) -> bool:
        """True if the gate would promote it."""
        return self.gate is not None and self.gate.verdict == "promote"

    @property
    def objections(self) -> tuple[str, ...]:
        """The reasons why the gate would not promote it."""
        if self.gate is None:
            return ("it can't be judged",)
        if self.passes:
            return ()
        objection = {
            "worse": f"{self.preview.version} is worse",
            "no difference that matters": "no difference that matters",
            "not enough evidence": "not enough evidence",
        }.get(self.gate.loss_verdict)
        return ((objection,) if objection else ()) + (
            () if self.gate.within_cap else ("too many decisions change",)
        )

    def as_json(self, action: PromotionAction, *, override: bool) -> dict[str, Any]:
        """Plain values, for the ledger."""
        form = self.preview.as_json()
        if self.is_held_out and self.held_out is not None:
            champion, version = str(self.preview.champion), self.preview.version
            sentence = gate_report.sentence(self.held_out, champion, version)
            sentence = f"{sentence} {self.refit}".strip()
            form |= gate_report.as_json(self.held_out) | {"sentence": sentence}
        return form | {"action": action, "override": override}


def gather(services: Services, version: str, now: int) -> PromotionEvidence:
    """Gather the evidence about a version in the champion's place.

    Raises UnknownVersionError, VersionNotReadyError, InputError and LogUnavailableError.
    """
    preview = promotion_preview.preview_promotion(services, version, now)
    if preview.champion == preview.version:
        raise InputError("version", f"is the champion already: {version}")
    if preview.gate is None:
        return PromotionEvidence(preview, None)
    form = {} if preview.gate.n else _report_of_its_check(services, preview)
    changes = _decision_changes(services, preview, now)
    return PromotionEvidence(
        preview, changes, gate_report.read(form), gate_report.read_refit(form.get("refit"))
    )


def _report_of_its_check(services: Services, preview: Preview) -> Mapping[str, Any]:
    """The gate's report when the version was made.

    Empty if that was against another champion, or stood for the other one of its classes.
    """
    _, champion = version_choice.resolve(services, preview.champion)
    for traffic in TRAFFICS:
        for check in services.checks.history(CHECKS, traffic, retrains=True):
            if (check.version, check.champion) == (preview.version, preview.champion):
                is_reversed = champion.facts.reverses(check.evidence.get("meaning"))
                return {} if is_reversed else check.evidence.get("gate") or {}
    return {}


def _decision_changes(services: Services, preview: Preview, now: int) -> DecisionChanges | None:
    (_, before), (_, after) = (
        version_choice.resolve(services, v) for v in (preview.champion, preview.version)
    )
    assert preview.gate is not None
    threshold = preview.gate.rules.threshold
    since, until = windows.last_days(now)
    pool = TrafficPool(services, services.counts, after, None, (since, until))
    events = pool.window(since, until).events
    old, new = before.scores >= threshold, after.scores >= threshold
    if not events.sum():
        return None
    return DecisionChanges(_share(events, new & ~old), _share(events, old & ~new))


def _share(events: NDArray[np.int64], is_selected: NDArray[np.bool_]) -> Interval:
    return wilson(int(events[is_selected].sum()), int(events.sum()))
