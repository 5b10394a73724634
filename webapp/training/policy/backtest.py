"""Replays a stream in order under retraining policies: each block is predicted first, then learnt.

Nothing sees an outcome before it has matured: a block's counts reach the policy, and every fit,
only after it was predicted by who was champion then, and ``delay`` blocks later still.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats.counts import Counts
from webapp.stats.metrics import Metrics, evaluate, log_loss
from webapp.training.errors import PolicyError, TrainingError
from webapp.training.policy.past import Kept, Past, added, own_error, refitter, validated
from webapp.training.policy.rules import Challenger, Champion, Check, Decision, Rules, Window
from webapp.training.policy.state import State
from webapp.training.policy.steps import step

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stream:
    """Blocks of events in order: ``past`` before the first check, then one block a check.

    ``ends`` says where each block ends (a row, or a day in ms), and ``unit`` which of them.
    """

    features: Features
    past: tuple[Counts, ...]
    blocks: tuple[Counts, ...]
    ends: tuple[int, ...]
    unit: str

    @property
    def start(self) -> int:
        """Events before the first check."""
        return sum(block.total for block in self.past)

    @property
    def events(self) -> int:
        """Events that are predicted."""
        return sum(block.total for block in self.blocks)


@dataclass(frozen=True)
class Retrain:
    """One that a policy asked for: after which block, what was fitted, and why."""

    block: int
    winner: str
    n: int  # events it was fitted on
    explanation: str


@dataclass(frozen=True)
class Run:
    """A policy on the stream. ``losses`` are summed by block, ``shares`` of the way to firing.

    ``failures`` say of retrains that were asked for why they could not be made.
    """

    policy: str
    metrics: Metrics
    retrains: tuple[Retrain, ...]
    failures: tuple[str, ...]
    losses: tuple[float, ...]
    shares: tuple[float, ...]
    seconds: float


@dataclass(frozen=True)
class Backtest:
    """Every policy on the same stream, from the same first champion."""

    stream: Stream
    first: Challenger
    runs: tuple[Run, ...]
    never: Run  # what the others are held against, asked for or not


def of_rows(
    features: Features, case: NDArray[np.int64], label: NDArray[np.int64], start: int, every: int
) -> Stream:
    """Rows in order, cut in blocks of ``every``, counted from ``start`` both ways.

    Raises PolicyError.
    """
    n = len(case)
    if not 0 < start < n:
        raise PolicyError(f"start {start:,}: a row before the last of {n:,} is needed")
    if every < 1:
        raise PolicyError(f"every {every:,}: a number of events from 1 is needed")
    cuts = [*sorted({*range(start, 0, -every), 0}), *range(start + every, n, every), n]

    def block(begin: int, end: int) -> Counts:
        return Counts.of(case[begin:end], label[begin:end], features.cases)

    blocks = [block(*ends) for ends in pairwise(cuts)]
    before = cuts.index(start)
    return Stream(
        features, tuple(blocks[:before]), tuple(blocks[before:]), tuple(cuts[before + 1 :]), "row"
    )


def of_days(
    features: Features, days: Sequence[tuple[int, Counts]], start: int, every: int
) -> Stream:
    """Days (ms since 1970, labelled counts) in order: the first ones that have ``start`` events
    are the past; after them a check follows whenever ``every`` events have come.

    Raises PolicyError.
    """
    past: list[Counts] = []
    filled: list[tuple[int, Counts]] = []
    filling: list[Counts] = []
    for day, counts in days:
        if Past(tuple(past)).total < start:
            past.append(counts)
            continue
        filling.append(counts)
        total = Past(tuple(filling)).total
        if total >= every or (total and day == days[-1][0]):
            filled.append((day, added(filling)))
            filling = []
    if not filled:
        known = sum(counts.total for _, counts in days)
        raise PolicyError(
            f"start {start:,}: the log has only {known:,} events with a known outcome there, and "
            "some must come after the start"
        )
    ends, blocks = zip(*filled, strict=True)
    return Stream(features, tuple(past), blocks, ends, "day")


def run(
    stream: Stream,
    rules: Sequence[Rules],
    *,
    seed: int = 0,
    delay: int = 0,
    tell: Callable[[str, float], None] = lambda _policy, _share: None,
) -> Backtest:
    """Replay under each of the rules, which share their challengers. Raises TrainingError.

    The first champion is the first estimator, fitted on everything before the start. ``delay`` is
    how many blocks later outcomes become known; ``tell`` hears how far a policy is, from 0 to 1.
    """
    import webapp.training.fit  # noqa: F401 — now, as its seconds are nobody's

    first = Challenger(rules[0].challengers[0].estimator, Window())
    runs = tuple(_Replay(stream, one, first, seed, delay).run(tell) for one in rules)
    never = next((r for r in runs if r.policy == "never"), None)
    if never is None:
        calm = Rules("never", rules[0].challengers)
        never = _Replay(stream, calm, first, seed, delay).run(tell)
    return Backtest(stream, first, runs, never)


@dataclass
class _Replay:
    """One policy's way through the stream."""

    stream: Stream
    rules: Rules
    first: Challenger
    seed: int
    delay: int
    kept: Kept = field(default_factory=dict)
    state: State = field(default_factory=State)
    retrains: list[Retrain] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def run(self, tell: Callable[[str, float], None]) -> Run:
        began = perf_counter()
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
            tell(self.rules.policy, (index + 1) / len(blocks))
        return Run(
            self.rules.policy,
            _pooled(answers, blocks),
            tuple(self.retrains),
            tuple(self.failures),
            tuple(losses),
            tuple(shares),
            perf_counter() - began,
        )

    def _learn(self, batch: Counts, index: int) -> float:
        """A check, with what matured after the block of this index was predicted."""
        self.past = self.past.plus(batch)
        waiting = sum(b.total for b in self.stream.blocks[index + 1 - self.delay : index + 1])
        decision = self._check(batch, waiting if self.delay else 0)
        winner = decision.winner
        if winner is not None:
            try:
                self.champion = self._fit(winner, index + 1)
            except TrainingError as error:  # the champion stays, as a live one would
                self.failures.append(f"{winner.key}: {error}")
            else:
                n = self.past.window(winner.window).total
                self.retrains.append(Retrain(index, winner.key, n, decision.explanation))
        return decision.share

    def _check(self, batch: Counts, waiting: int) -> Decision:
        refit = refitter(self.stream.features, self.past, self.seed, self.kept)
        check = Check(batch, self.champion, refit, waiting)
        self.state, decision = step(self.rules, self.state, check)
        return decision

    def _fit(self, challenger: Challenger, number: int) -> Champion:
        features, seed = self.stream.features, self.seed
        scores = refitter(features, self.past, seed, self.kept)(challenger)
        own = None
        if self.rules.policy == "on_error":
            counts = self.past.window(challenger.window)
            level = validated(features, counts, challenger.estimator, seed)
            own = own_error(scores, counts, level)
        return Champion(f"{challenger.estimator}_v{number}", scores, own)


def _pooled(answers: Sequence[Array], blocks: Sequence[Counts]) -> Metrics:
    """Of all predictions together, each made by who was champion then."""
    n = np.concatenate([block.n for block in blocks])
    positives = np.concatenate([block.positives for block in blocks])
    return evaluate(np.concatenate(answers), Counts(n, positives))
