"""The inputs of a retraining policy and its decision. Plain values that can be stored as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from webapp.cases import shorten
from webapp.stats.counts import Counts
from webapp.stats.margins import entropy, margin_for
from webapp.stats.verdicts import SKILL_MARGIN
from webapp.training.errors import PolicyError
from webapp.training.policy.cut_windows import CutWindows, cut_windows
from webapp.training.policy.words import ESTIMATORS

Array = NDArray[np.float64]
Policy = Literal["never", "periodic", "on_error", "on_gain"]
POLICIES: tuple[Policy, ...] = get_args(Policy)


ALPHA = 0.05  # share of streams without a change in which a policy may ever fire
# Of the log loss that Compare calls a difference that matters. To be sure of the whole would take
# too long, and with less than half, more training data alone would often be enough to fire.
GAIN_SHARE = 0.5
_WINDOW = re.compile(r"[1-9]\d{0,14}", re.ASCII)


@dataclass(frozen=True)
class TrainingWindow:
    """The newest ``events`` matured events, in whole blocks; None for all."""

    events: int | None = None

    @classmethod
    def parse(cls, text: str) -> TrainingWindow:
        """Parse a number of events or ``all``. Raises PolicyError."""
        text = text.strip()
        if text == "all":
            return cls()
        if _WINDOW.fullmatch(text):
            return cls(int(text))
        raise PolicyError(f"window {shorten(text)!r}: use a number of events or all")

    def __str__(self) -> str:
        return "all" if self.events is None else str(self.events)


@dataclass(frozen=True)
class Challenger:
    """A candidate for the next model: an estimator, fitted on a window."""

    estimator: str
    window: TrainingWindow

    @property
    def key(self) -> str:
        """Its name in JSON and output: ``hgb@2000``."""
        return f"{self.estimator}@{self.window}"

    @classmethod
    def parse(cls, key: str) -> Challenger:
        """Parse a key. Raises PolicyError."""
        estimator, _, window = key.partition("@")
        if estimator not in ESTIMATORS:
            raise PolicyError(f"estimator {shorten(estimator)!r}: use {', '.join(ESTIMATORS)}")
        return cls(estimator, TrainingWindow.parse(window))


@dataclass(frozen=True)
class PolicyRules:
    """A policy with its parameters. ``periodic`` and ``on_error`` fit the first challenger.

    ``every`` is the number of matured events between retrains of ``periodic``; 1 means at every
    check with a new outcome. ``pause`` is the first pause of ``on_error`` and ``on_gain`` in events
    (see ``patience``); None for ``every``. ``gain_margin`` is in nats of log loss per event; None
    is half of what Compare calls a difference that matters at the base rate. ``skill_margin`` is
    in skill (1 − log loss / log loss of guessing the base rate). ``alpha`` bounds the share of
    streams without a change in which ``on_error`` or ``on_gain`` ever fires.
    """

    policy: Policy
    challengers: tuple[Challenger, ...]
    every: int = 1
    pause: int | None = None
    alpha: float = ALPHA
    gain_margin: float | None = None
    skill_margin: float = SKILL_MARGIN

    @classmethod
    def of(cls, policy: str, estimators: list[str], windows: list[str], **more: Any) -> PolicyRules:
        """Rules with every estimator on every window, in this order. Raises PolicyError."""
        if policy not in POLICIES:
            raise PolicyError(f"policy {shorten(policy)!r}: use {', '.join(POLICIES)}")
        keys = [f"{e.strip()}@{w.strip()}" for e in estimators for w in windows]
        return cls(policy, tuple(Challenger.parse(k) for k in dict.fromkeys(keys)), **more)

    @property
    def cut_windows(self) -> CutWindows:
        """The windows that reach back no further than the last change."""
        return cut_windows(self.policy, (challenger.window for challenger in self.challengers))

    def patience(self, n_refused: int) -> int:
        """The matured events to pause for after ``n_refused`` retrains that left the champion.

        It doubles with each of them. ``periodic`` never pauses, as it has a rhythm of its own; the
        policies that look for evidence would find the same evidence again at once.
        """
        needs_evidence = self.policy in ("on_error", "on_gain")
        first = self.every if self.pause is None else self.pause
        return first * 2 ** (n_refused - 1) if needs_evidence and n_refused else 0

    def gain_margin_at(self, base_rate: float) -> float:
        """The gain, in nats per event, that a challenger must surely exceed."""
        if self.gain_margin is not None:
            return self.gain_margin
        return GAIN_SHARE * margin_for("log_loss", base_rate)

    def __post_init__(self) -> None:
        if not self.challengers:
            raise PolicyError("use at least one estimator and one window")
        if self.every < 1:
            raise PolicyError("every: use a number of events from 1")
        if not 0 < self.alpha < 1:
            raise PolicyError("alpha: use a number between 0 and 1")


@dataclass(frozen=True)
class OwnError:
    """The champion's own validation error at its training (``past.own_error`` computes it).

    Its cross-validated log loss (nats) on ``n`` events, their base rate, and the variance of its
    skill (1 − log loss / log loss of guessing the base rate), which was estimated there.
    """

    n: int
    log_loss: float
    base_rate: float
    variance: float

    @property
    def guessing(self) -> float:
        """The log loss of always guessing the base rate."""
        return entropy(self.base_rate)

    @property
    def ratio(self) -> float:
        """Log loss / guessing, which is 1 − skill."""
        return self.log_loss / self.guessing


@dataclass(frozen=True)
class ScoredChampion:
    """The champion with its score table, one probability per case.

    ``on_error`` can't judge a model that was trained elsewhere: it has no ``own`` error. ``n`` is
    the number of its training events, if that is known.
    """

    version: str
    scores: Array
    own: OwnError | None = None
    n: int | None = None


@dataclass(frozen=True)
class Reading:
    """Evidence for one challenger, or about the champion's error, and how near it is to firing.

    ``what`` is a challenger's key, or ``error``. ``value`` is the mean over the last ``n`` events
    (as many as give the clearest evidence) and ``low`` its lower bound: a gain in nats of log loss,
    or lost skill. ``low`` must pass ``margin``. ``strength`` is the log of the e-value and
    ``needed`` what it must reach; it does so exactly when ``low`` passes the margin. ``share``
    (0 to 1) is the part of the way that is done. ``problem`` says why there is no evidence.
    """

    what: str
    n: int
    value: float | None
    low: float | None
    margin: float
    strength: float
    needed: float
    problem: str | None = None

    @property
    def share(self) -> float:
        """The share of the way to firing, from 0 to 1."""
        return min(1.0, max(0.0, self.strength / self.needed)) if self.needed > 0 else 0.0

    @property
    def fires(self) -> bool:
        """True if the bound is passed."""
        return self.strength >= self.needed

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**vars(self), "share": self.share}


@dataclass(frozen=True)
class Growth:
    """The champion was fitted on ``n`` events, and ``now`` there are so many.

    ``gain`` is what that is expected to gain, in nats per event.
    """

    n: int
    now: int
    gain: float


@dataclass(frozen=True)
class PolicyDecision:
    """The decision of one check.

    ``winner`` is the challenger to fit if ``fire`` is true. ``evidence`` is the reading nearest to
    firing (None for ``never`` and ``periodic``, whose ``share`` counts events), ``readings`` are
    all of them. ``rests`` is the number of events that the policy still pauses: until then it
    doesn't fire, however clear the evidence. ``growth`` is there if more data alone are the reason.
    ``explanation`` is one paragraph.
    """

    policy: Policy
    fire: bool
    winner: Challenger | None
    share: float
    evidence: Reading | None
    readings: tuple[Reading, ...]
    explanation: str
    rests: int = 0
    growth: Growth | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for the ledger and JSON."""
        return {
            "policy": self.policy,
            "fire": self.fire,
            "winner": self.winner.key if self.winner else None,
            "share": self.share,
            "evidence": self.evidence.as_dict() if self.evidence else None,
            "readings": [reading.as_dict() for reading in self.readings],
            "explanation": self.explanation,
            "rests": self.rests,
        }


# Fits a challenger on everything matured so far, this check's batch included, and returns its score
# table. Raises TrainingError (for too few rows, say): that challenger then sits out.
Refit = Callable[[Challenger], Array]


class History(Protocol):
    """The matured events behind refits: ``past.Refitter`` is one."""

    def count(self, challenger: Challenger) -> int:
        """The number of events that the challenger is fitted on now."""

    def count_since_change(self) -> int | None:
        """The number of events since the last change; None if no change is found."""

    def before(self, later: Counts) -> Refit | None:
        """Refits on what was known before ``later``, the end of the newest batch.

        None unless a change right before that batch was known by then.
        """


@dataclass(frozen=True)
class PolicyInput:
    """The input of a policy at a check: nothing in it is from the future.

    ``batch`` are the events whose outcome became known since the last check (there may be none),
    ``waiting`` the number of events that still have no outcome, if that is known. ``unjudged``
    events became known as well, but the champion was trained on them: challengers learn from them,
    and nothing is judged on them. ``history`` is what else is known of the events behind ``refit``.
    """

    batch: Counts
    champion: ScoredChampion
    refit: Refit
    waiting: int | None = None
    unjudged: int = 0
    history: History | None = None
