"""Replay of a stream under retraining policies: each block is predicted first, then learnt from.

A replay does what live checks do, with the same steps: the policy decides (``steps``), the winner
is fitted without the newest events and judged on them, and what passes is fitted again and becomes
champion (``retrain``). What the gate refuses leaves the champion, and the policy pauses.

No outcome is used before it has matured: the counts of a block reach the policy and the fits only
after the champion of that moment has predicted it, and ``delay`` blocks later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from webapp.stats.counts import Counts
from webapp.stats.gate import GateVerdict
from webapp.stats.metrics import Metrics, evaluate, log_loss
from webapp.timing import DAY_MS
from webapp.training.errors import TrainingError
from webapp.training.policy.past import (
    Past,
    RefitCache,
    Refitter,
    own_error,
    sum_counts,
    validate_log_loss,
)
from webapp.training.policy.plan import RetrainPlan
from webapp.training.policy.retrain import retrain, sure_gain
from webapp.training.policy.rules import (
    Challenger,
    PolicyDecision,
    PolicyInput,
    PolicyRules,
    ScoredChampion,
    TrainingWindow,
)
from webapp.training.policy.state import PolicyMemory
from webapp.training.policy.steps import step
from webapp.training.policy.stream import BacktestStream, Wait

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BacktestRetrain:
    """A retrain that a policy asked for: after which block, with which winner, and why.

    ``verdict`` is the gate's; only ``promote`` made a champion. None: nobody asked the gate.
    """

    block: int
    winner: str
    n: int  # events it was fitted on
    explanation: str
    verdict: GateVerdict | None = None


@dataclass(frozen=True)
class PolicyRun:
    """The run of one policy over the stream.

    By block: ``losses`` is the summed log loss in nats, ``shares`` the share of the way to firing.
    ``refusals`` are the retrains that left the champion, ``failures`` the reasons of those that
    could not be fitted. ``uncapped`` is the same policy without the cap on changed decisions; None
    if the cap held nothing back.
    """

    policy: str
    metrics: Metrics
    retrains: tuple[BacktestRetrain, ...]
    refusals: tuple[BacktestRetrain, ...]
    failures: tuple[str, ...]
    losses: tuple[float, ...]
    shares: tuple[float, ...]
    seconds: float
    uncapped: PolicyRun | None = None

    @property
    def capped(self) -> tuple[BacktestRetrain, ...]:
        """The retrains that only the cap kept from being promoted."""
        return tuple(one for one in self.refusals if one.verdict == "ask")


@dataclass(frozen=True)
class Backtest:
    """Every policy on the same stream, from the same first champion."""

    stream: BacktestStream
    first: Challenger
    plan: RetrainPlan | None  # of gate and refit; None if every retrain became champion
    runs: tuple[PolicyRun, ...]
    never: PolicyRun  # the reference of the others, whether or not it was asked for


def run(
    stream: BacktestStream,
    rules: Sequence[PolicyRules],
    *,
    plan: RetrainPlan | None = None,
    seed: int = 0,
    delay: int = 0,
    settle_days: int = 0,
    on_progress: Callable[[str, float], None] = lambda _policy, _share: None,
) -> Backtest:
    """Replay under each of the rules, which share their challengers. Raises TrainingError.

    The first champion is the first estimator, fitted on everything before the start. ``plan`` has
    the held-out events, the gate and the refit; without it every retrain becomes champion at once.
    ``delay`` is the number of blocks after which outcomes become known, ``settle_days`` the days
    for which a block of days is left alone besides. ``on_progress`` is called with a policy and its
    progress from 0 to 1.
    """
    import webapp.training.fit  # noqa: F401 — now, so that its seconds count for no policy

    first = Challenger(rules[0].challengers[0].estimator, TrainingWindow())
    wait = Wait(delay, settle_days * DAY_MS if stream.unit == "day" else 0)

    def replay(one: PolicyRules, plan: RetrainPlan | None) -> PolicyRun:
        plan = None if plan is None else _plan_of(plan, one, seed)
        return _PolicyReplay(stream, one, first, plan, seed, wait).run(on_progress)

    runs = tuple(_add_uncapped(replay(one, plan), one, plan, replay) for one in rules)
    never = next((r for r in runs if r.policy == "never"), None)
    if never is None:
        never = replay(PolicyRules("never", rules[0].challengers), plan)
    return Backtest(stream, first, plan, runs, never)


def _plan_of(plan: RetrainPlan, rules: PolicyRules, seed: int) -> RetrainPlan:
    """The plan with the policy and the windows of the rules, by which its windows are cut."""
    windows = (challenger.window for challenger in rules.challengers)
    return replace(
        plan,
        seed=seed,
        policy=rules.policy,
        windows=tuple("all" if window.events is None else window.events for window in windows),
    )


def _add_uncapped(
    run: PolicyRun,
    rules: PolicyRules,
    plan: RetrainPlan | None,
    replay: Callable[[PolicyRules, RetrainPlan | None], PolicyRun],
) -> PolicyRun:
    """The run, beside the same without the cap if that held something back."""
    if plan is None or not run.capped:
        return run
    return replace(run, uncapped=replay(rules, replace(plan, churn=1.0)))


@dataclass
class _PolicyReplay:
    """The replay of one policy."""

    stream: BacktestStream
    rules: PolicyRules
    first: Challenger
    plan: RetrainPlan | None
    seed: int
    wait: Wait
    cache: RefitCache = field(default_factory=dict)
    memory: PolicyMemory = field(default_factory=PolicyMemory)
    retrains: list[BacktestRetrain] = field(default_factory=list)
    refusals: list[BacktestRetrain] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def run(self, on_progress: Callable[[str, float], None]) -> PolicyRun:
        start = perf_counter()
        blocks = self.stream.blocks
        self.past = Past(self.stream.past)
        first = Refitter(self.stream.features, self.past, self.seed, self.cache)
        counts = self.past.window(self.first.window)
        self.champion = self._champion(self.first, counts, first(self.first), 0)
        self._check(Counts(*np.zeros((2, self.stream.features.cases), np.int64)), 0)
        answers: list[Array] = []
        losses: list[float] = []
        shares: list[float] = []
        n_known = 0
        for index, block in enumerate(blocks):
            answers.append(self.champion.scores)
            losses.append(log_loss(answers[-1], block) * block.total)
            before, n_known = n_known, self.wait.known(self.stream.ends, index)
            new = blocks[before:n_known]
            shares.append(self._learn(sum_counts(new), index, n_known) if new else 0.0)
            on_progress(self.rules.policy, (index + 1) / len(blocks))
        return PolicyRun(
            self.rules.policy,
            _metrics(answers, blocks),
            tuple(self.retrains),
            tuple(self.refusals),
            tuple(self.failures),
            tuple(losses),
            tuple(shares),
            perf_counter() - start,
        )

    def _learn(self, batch: Counts, index: int, n_known: int) -> float:
        """Do the check after the block of this index. Returns the share of the way to firing."""
        self.past = self.past.plus(batch)
        waiting = sum(block.total for block in self.stream.blocks[n_known : index + 1])
        decision = self._check(batch, waiting)
        if decision.winner is not None:
            try:
                self._retrain(decision, decision.winner, index)
            except TrainingError as error:  # the champion stays, as in a live retrain
                self.failures.append(f"{decision.winner.key}: {error}")
                self.memory = self.memory.restart()
        return decision.share

    def _check(self, batch: Counts, waiting: int) -> PolicyDecision:
        refit = self._refitter()
        policy_input = PolicyInput(batch, self.champion, refit, waiting, 0, refit)
        self.memory, decision = step(self.rules, self.memory, policy_input)
        return decision

    def _retrain(self, decision: PolicyDecision, winner: Challenger, index: int) -> None:
        """Promote the winner, or pause, as its verdict says. Raises TrainingError."""
        verdict: GateVerdict | None = None
        if self.plan is None:
            counts, scores = self._fit_all(winner)
        else:
            features, sure = self.stream.features, sure_gain(decision, winner)
            version = retrain(
                winner, features, self.past.blocks, self.champion.scores, self.plan, sure
            )
            verdict, counts, scores = (
                version.gate.verdict,
                version.final.training,
                version.final.scores,
            )
        one = BacktestRetrain(index, winner.key, counts.total, decision.explanation, verdict)
        if verdict in (None, "promote"):
            self.retrains.append(one)
            self.champion = self._champion(winner, counts, scores, index + 1)
        else:
            self.refusals.append(one)
            self.memory = self.memory.restart()

    def _fit_all(self, challenger: Challenger) -> tuple[Counts, Array]:
        """The counts of the window that ends now, and the scores of a fit on them."""
        refit = self._refitter()
        return refit.windowed.window(challenger.window), refit(challenger)

    def _refitter(self) -> Refitter:
        cut = self.rules.cut_windows
        return Refitter(self.stream.features, self.past, self.seed, self.cache, cut)

    def _champion(
        self, challenger: Challenger, counts: Counts, scores: Array, number: int
    ) -> ScoredChampion:
        own = None
        if self.rules.policy == "on_error":
            features, seed = self.stream.features, self.seed
            loss = validate_log_loss(features, counts, challenger.estimator, seed)
            own = own_error(scores, counts, loss)
        return ScoredChampion(f"{challenger.estimator}_v{number}", scores, own, counts.total)


def _metrics(answers: Sequence[Array], blocks: Sequence[Counts]) -> Metrics:
    """The metrics of all predictions, each made by the champion of its block."""
    n = np.concatenate([block.n for block in blocks])
    positives = np.concatenate([block.positives for block in blocks])
    return evaluate(np.concatenate(answers), Counts(n, positives))
