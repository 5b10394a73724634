"""A retrain as pure steps, the same for ``everycase retrain`` and for the backtest.

The winner is fitted without the newest events, and the gate judges that model on them. What may
become champion is then fitted again on everything, the held-out events included (unless the plan
says otherwise): the verdict stands for the recipe, which is the estimator and the window, and for
the model of it that was judged. What the gate refuses is kept as it was judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats import gate
from webapp.stats.counts import Counts
from webapp.stats.gate import Gate
from webapp.training.errors import TrainingError
from webapp.training.policy.cut_windows import cut_windows
from webapp.training.policy.holdout import hold_out
from webapp.training.policy.past import Past
from webapp.training.policy.plan import RetrainPlan
from webapp.training.policy.rules import Challenger, PolicyDecision

PASSING = ("promote", "ask")  # verdicts after which a version may become champion


@dataclass(frozen=True)
class FittedModel:
    """A model with the counts that it was fitted on and those that were held out of them."""

    model: Any
    scores: NDArray[np.float64]
    challenger: Challenger
    features: Features
    training: Counts
    held_out: Counts
    seed: int


@dataclass(frozen=True)
class JudgedRetrain:
    """The model that was judged, its verdict, and the model to register.

    ``final`` is ``judged`` itself, or the same recipe fitted on the held-out events as well.
    """

    judged: FittedModel
    gate: Gate
    final: FittedModel

    @property
    def is_refitted(self) -> bool:
        """True if the model to register has been fitted on the held-out events, too."""
        return self.final is not self.judged


def retrain(
    challenger: Challenger,
    features: Features,
    blocks: Sequence[Counts],
    champion: NDArray[np.float64],
    plan: RetrainPlan,
    sure: float | None,
    on_step: Callable[[str, FittedModel | None], None] = lambda _step, _model: None,
) -> JudgedRetrain:
    """Fit, judge and perhaps fit again. ``sure`` as in ``sure_gain``; blocks are oldest first.

    ``on_step`` is called before each step, ``fit``, ``gate`` and ``refit``, with the model so far.
    The decisions that change are those of the model to register. Raises TrainingError if the first
    fit fails; if the second does, the judged model is final.
    """
    on_step("fit", None)
    past = Past(tuple(blocks)).find_change(features, cut_windows(plan.policy, plan.windows))
    judged_model = _fit(challenger, features, past, plan)
    on_step("gate", judged_model)
    verdict = _judge(judged_model, champion, plan, sure)
    if not plan.refit or verdict.verdict not in PASSING or not judged_model.held_out.total:
        return JudgedRetrain(judged_model, verdict, judged_model)
    on_step("refit", judged_model)
    try:
        final = _fit_on(challenger, features, past, plan, judged_model.held_out)
    except TrainingError:
        return JudgedRetrain(judged_model, verdict, judged_model)
    return JudgedRetrain(
        judged_model, _judge(judged_model, champion, plan, sure, final.scores), final
    )


def sure_gain(decision: PolicyDecision, winner: Challenger | None) -> float | None:
    """What the policy counts on, in nats; None if on nothing.

    It is the lower bound of the winner's gain in the evidence of ``on_gain``, if that fired and the
    winner's is beyond the margin, or what twice the data are expected to gain.
    """
    if decision.growth is not None:
        return decision.growth.gain
    if decision.policy != "on_gain" or not decision.fire or winner is None:
        return None
    reading = next((r for r in decision.readings if r.what == winner.key), None)
    return reading.low if reading is not None and reading.fires else None


def _fit(challenger: Challenger, features: Features, past: Past, plan: RetrainPlan) -> FittedModel:
    """Fit on the window that ends where the held-out events begin. Raises TrainingError."""
    split = hold_out(past, plan.holdout, plan.seed)
    return _fit_on(challenger, features, replace(past, blocks=split.rest), plan, split.held_out)


def _fit_on(
    challenger: Challenger, features: Features, past: Past, plan: RetrainPlan, held_out: Counts
) -> FittedModel:
    from webapp.training.estimators import ESTIMATORS, frame, probabilities
    from webapp.training.fit import check_enough, fit

    training = past.window(challenger.window)
    check_enough(training)
    model = fit(features, training, ESTIMATORS[challenger.estimator], plan.seed)
    scores = probabilities(model, frame(features))
    return FittedModel(model, scores, challenger, features, training, held_out, plan.seed)


def _judge(
    model: FittedModel,
    champion: NDArray[np.float64],
    plan: RetrainPlan,
    sure: float | None,
    served_scores: NDArray[np.float64] | None = None,
) -> Gate:
    """Judge on held-out events; traffic shares come from the training window plus those events."""
    traffic = model.training.n + model.held_out.n
    return gate.judge(
        *(champion, model.scores, model.held_out, traffic, plan.rules, model.training.n),
        sure=sure,
        served_scores=served_scores,
    )
