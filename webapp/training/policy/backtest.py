"""Replay of a stream under retraining policies: each block is predicted first, then learnt from.

No outcome is used before it has matured: the counts of a block reach the policy and the fits only
after the champion of that moment has predicted it, and ``delay`` blocks later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.grammar import quantity
from webapp.stats.counts import Counts
from webapp.stats.metrics import Metrics, evaluate, log_loss
from webapp.training.errors import PolicyError, TrainingError
from webapp.training.policy.past import (
    Past,
    RefitCache,
    own_error,
    refitter,
    sum_counts,
    validate_log_loss,
)
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

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BacktestStream:
    """Blocks of events in order: ``past`` before the first check, then one block per check.

    ``ends`` has the end of each block, as ``unit`` says: a row number, or a day in ms since 1970.
    """

    features: Features
    past: tuple[Counts, ...]
    blocks: tuple[Counts, ...]
    ends: tuple[int, ...]
    unit: str

    @property
    def start(self) -> int:
        """The number of events before the first check."""
        return sum(block.total for block in self.past)

    @property
    def events(self) -> int:
        """The number of events that are predicted."""
        return sum(block.total for block in self.blocks)


@dataclass(frozen=True)
class BacktestRetrain:
    """A retrain that a policy asked for: after which block, with which winner, and why."""

    block: int
    winner: str
    n: int  # events it was fitted on
    explanation: str


@dataclass(frozen=True)
class PolicyRun:
    """The run of one policy over the stream.

    By block: ``losses`` is the summed log loss in nats, ``shares`` the share of the way to firing.
    ``failures`` are the reasons of retrains that could not be fitted.
    """

    policy: str
    metrics: Metrics
    retrains: tuple[BacktestRetrain, ...]
    failures: tuple[str, ...]
    losses: tuple[float, ...]
    shares: tuple[float, ...]
    seconds: float


@dataclass(frozen=True)
class Backtest:
    """Every policy on the same stream, from the same first champion."""

    stream: BacktestStream
    first: Challenger
    runs: tuple[PolicyRun, ...]
    never: PolicyRun  # the reference of the others, whether or not it was asked for


def of_rows(
    features: Features, case: NDArray[np.int64], label: NDArray[np.int64], start: int, every: int
) -> BacktestStream:
    """A stream of rows in order, in blocks of ``every`` rows before and after ``start``.

    ``case`` and ``label`` have one entry per row. Raises PolicyError.
    """
    n = len(case)
    if not 0 < start < n:
        raise PolicyError(f"start {start:,}: use a row before the last of {n:,}")
    if every < 1:
        raise PolicyError(f"every {every:,}: use a number of events from 1")
    cuts = [*sorted({*range(start, 0, -every), 0}), *range(start + every, n, every), n]

    def block(begin: int, end: int) -> Counts:
        return Counts.of(case[begin:end], label[begin:end], features.cases)

    blocks = [block(*ends) for ends in pairwise(cuts)]
    before = cuts.index(start)
    return BacktestStream(
        features, tuple(blocks[:before]), tuple(blocks[before:]), tuple(cuts[before + 1 :]), "row"
    )


def of_days(
    features: Features, days: Sequence[tuple[int, Counts]], start: int, every: int
) -> BacktestStream:
    """A stream of days (ms since 1970, labelled counts) in order.

    The first days that hold ``start`` events are the past; then a check follows after every
    ``every`` events. Raises PolicyError.
    """
    past: list[Counts] = []
    blocks: list[tuple[int, Counts]] = []
    open_days: list[Counts] = []
    for day, counts in days:
        if Past(tuple(past)).total < start:
            past.append(counts)
            continue
        open_days.append(counts)
        total = Past(tuple(open_days)).total
        if total >= every or (total and day == days[-1][0]):
            blocks.append((day, sum_counts(open_days)))
            open_days = []
    if not blocks:
        n_labelled = sum(counts.total for _, counts in days)
        if not n_labelled:
            raise PolicyError("the log has no events with outcomes yet")
        raise PolicyError(
            f"start {start:,}: the log has only {quantity(n_labelled, 'event')} with an outcome; "
            "choose a smaller start"
        )
    ends, counts_by_block = zip(*blocks, strict=True)
    return BacktestStream(features, tuple(past), counts_by_block, ends, "day")


def run(
    stream: BacktestStream,
    rules: Sequence[PolicyRules],
    *,
    seed: int = 0,
    delay: int = 0,
    on_progress: Callable[[str, float], None] = lambda _policy, _share: None,
) -> Backtest:
    """Replay under each of the rules, which share their challengers. Raises TrainingError.

    The first champion is the first estimator, fitted on everything before the start. ``delay`` is
    the number of blocks after which outcomes become known. ``on_progress`` is called with a policy
    and its progress from 0 to 1.
    """
    import webapp.training.fit  # noqa: F401 — now, so that its seconds count for no policy

    first = Challenger(rules[0].challengers[0].estimator, TrainingWindow())
    runs = tuple(_PolicyReplay(stream, one, first, seed, delay).run(on_progress) for one in rules)
    never = next((r for r in runs if r.policy == "never"), None)
    if never is None:
        reference = PolicyRules("never", rules[0].challengers)
        never = _PolicyReplay(stream, reference, first, seed, delay).run(on_progress)
    return Backtest(stream, first, runs, never)


@dataclass
class _PolicyReplay:
    """The replay of one policy."""

    stream: BacktestStream
    rules: PolicyRules
    first: Challenger
    seed: int
    delay: int
    cache: RefitCache = field(default_factory=dict)
    memory: PolicyMemory = field(default_factory=PolicyMemory)
    retrains: list[BacktestRetrain] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def run(self, on_progress: Callable[[str, float], None]) -> PolicyRun:
        start = perf_counter()
        blocks = self.stream.blocks
        self.past = Past(self.stream.past)
        self.champion = self._fit(self.first, 0)
        self._check(Counts(*np.zeros((2, self.stream.features.cases), np.int64)), 0)
        answers: list[Array] = []
        losses: list[float] = []
        shares: list[float] = []
        for index, block in enumerate(blocks):
            answers.append(self.champion.scores)
            losses.append(log_loss(answers[-1], block) * block.total)
            matured = index - self.delay
            shares.append(self._learn(blocks[matured], index) if matured >= 0 else 0.0)
            on_progress(self.rules.policy, (index + 1) / len(blocks))
        return PolicyRun(
            self.rules.policy,
            _metrics(answers, blocks),
            tuple(self.retrains),
            tuple(self.failures),
            tuple(losses),
            tuple(shares),
            perf_counter() - start,
        )

    def _learn(self, batch: Counts, index: int) -> float:
        """Do the check after the block of this index. Returns the share of the way to firing."""
        self.past = self.past.plus(batch)
        waiting = sum(b.total for b in self.stream.blocks[index + 1 - self.delay : index + 1])
        decision = self._check(batch, waiting if self.delay else 0)
        winner = decision.winner
        if winner is not None:
            try:
                self.champion = self._fit(winner, index + 1)
            except TrainingError as error:  # the champion stays, as in a live retrain
                self.failures.append(f"{winner.key}: {error}")
            else:
                n = self.past.window(winner.window).total
                self.retrains.append(BacktestRetrain(index, winner.key, n, decision.explanation))
        return decision.share

    def _check(self, batch: Counts, waiting: int) -> PolicyDecision:
        refit = refitter(self.stream.features, self.past, self.seed, self.cache)
        policy_input = PolicyInput(batch, self.champion, refit, waiting)
        self.memory, decision = step(self.rules, self.memory, policy_input)
        return decision

    def _fit(self, challenger: Challenger, number: int) -> ScoredChampion:
        features, seed = self.stream.features, self.seed
        scores = refitter(features, self.past, seed, self.cache)(challenger)
        own = None
        if self.rules.policy == "on_error":
            counts = self.past.window(challenger.window)
            loss = validate_log_loss(features, counts, challenger.estimator, seed)
            own = own_error(scores, counts, loss)
        return ScoredChampion(f"{challenger.estimator}_v{number}", scores, own)


def _metrics(answers: Sequence[Array], blocks: Sequence[Counts]) -> Metrics:
    """The metrics of all predictions, each made by the champion of its block."""
    n = np.concatenate([block.n for block in blocks])
    positives = np.concatenate([block.positives for block in blocks])
    return evaluate(np.concatenate(answers), Counts(n, positives))
