"""What a retraining policy is given and what it answers. Plain values, safe to keep as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from webapp.cases import shorten
from webapp.stats.counts import Counts
from webapp.stats.performance import entropy
from webapp.stats.verdicts import SKILL_MARGIN
from webapp.training.errors import PolicyError

Array = NDArray[np.float64]
Policy = Literal["never", "periodic", "on_error", "on_gain"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
ESTIMATOR_NAMES = ("logit", "logit2", "hgb", "keras")

ALPHA = 0.05  # share of streams without a change in which a policy may ever fire
# Half the log loss that Compare calls a difference that matters: to be sure of the whole takes
# longer than it is worth, and with less, more data alone would often be reason enough.
GAIN_MARGIN = 0.001
_WINDOW = re.compile(r"[1-9]\d{0,14}", re.ASCII)


@dataclass(frozen=True)
class Window:
    """The newest ``events`` matured events, in whole blocks; None is everything."""

    events: int | None = None

    @classmethod
    def parse(cls, text: str) -> Window:
        """From a number of events or ``all``. Raises PolicyError."""
        text = text.strip()
        if text == "all":
            return cls()
        if _WINDOW.fullmatch(text):
            return cls(int(text))
        raise PolicyError(f"window {shorten(text)!r}: a number of events or all is needed")

    def __str__(self) -> str:
        return "all" if self.events is None else str(self.events)


@dataclass(frozen=True)
class Challenger:
    """A way to make the next model: an estimator, fitted on a window."""

    estimator: str
    window: Window

    @property
    def key(self) -> str:
        """As it is kept and shown: ``hgb@2000``."""
        return f"{self.estimator}@{self.window}"

    @classmethod
    def parse(cls, key: str) -> Challenger:
        """From its key. Raises PolicyError."""
        estimator, _, window = key.partition("@")
        if estimator not in ESTIMATOR_NAMES:
            known = ", ".join(ESTIMATOR_NAMES)
            raise PolicyError(f"estimator {shorten(estimator)!r}: there are {known}")
        return cls(estimator, Window.parse(window))


@dataclass(frozen=True)
class Rules:
    """A policy with its parameters. ``periodic`` and ``on_error`` fit the first challenger.

    ``every`` is periodic's: the matured events between retrains; 1 is whenever something matured,
    for a schedule that calls it. For ``on_error`` and ``on_gain`` it is the first rest (see
    ``patience``). ``gain_margin`` is in nats of log loss an event, ``skill_margin`` in skill
    (1 − log loss / log loss of guessing the base rate). ``alpha`` bounds the share of streams
    without a change in which ``on_error`` or ``on_gain`` ever fires.
    """

    policy: Policy
    challengers: tuple[Challenger, ...]
    every: int = 1
    alpha: float = ALPHA
    gain_margin: float = GAIN_MARGIN
    skill_margin: float = SKILL_MARGIN

    @classmethod
    def of(cls, policy: str, estimators: list[str], windows: list[str], **more: Any) -> Rules:
        """Every estimator on every window, in this order. Raises PolicyError."""
        if policy not in POLICIES:
            raise PolicyError(f"policy {shorten(policy)!r}: there are {', '.join(POLICIES)}")
        keys = [f"{e.strip()}@{w.strip()}" for e in estimators for w in windows]
        return cls(policy, tuple(Challenger.parse(k) for k in dict.fromkeys(keys)), **more)

    def patience(self, refused: int) -> int:
        """The matured events that it rests for after so many retrains that left the champion.

        Periodic has its own rhythm; whoever looks for evidence would find the same again at once.
        """
        looks = self.policy in ("on_error", "on_gain")
        return self.every * 2 ** (refused - 1) if looks and refused else 0

    def __post_init__(self) -> None:
        if not self.challengers:
            raise PolicyError("at least one estimator and one window are needed")
        if self.every < 1:
            raise PolicyError("every: a number of events from 1 is needed")
        if not 0 < self.alpha < 1:
            raise PolicyError("alpha: a number between 0 and 1 is needed")


@dataclass(frozen=True)
class Own:
    """The champion's own validation error, as known when it was trained (``own.py`` makes it).

    Its cross-validated log loss on ``n`` events, their base rate, and the variance of its skill
    (1 − log loss / log loss of guessing the base rate), which was estimated there.
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
class Champion:
    """Who answers now. Without ``own`` (a model from elsewhere) on_error can't judge it."""

    version: str
    scores: Array
    own: Own | None = None


@dataclass(frozen=True)
class Reading:
    """How near something is to firing, with what the policy decided by.

    ``what`` is a challenger's key, or ``error``. ``value`` is the mean over the last ``n`` events,
    as many as speak most clearly, and ``low`` its lower bound, in nats of log loss (a gain) or in
    skill (lost), with the ``margin`` that ``low`` must pass. ``strength`` is the log of the e-value
    and ``needed`` what it must reach; both are passed at the same moment, and ``share`` (0 to 1)
    says how much of the way is done.
    ``problem`` says why there is nothing to read.
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
        """Of the way to firing: 1 is there."""
        return min(1.0, max(0.0, self.strength / self.needed)) if self.needed > 0 else 0.0

    @property
    def fires(self) -> bool:
        """Whether the bound is passed."""
        return self.strength >= self.needed

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {**vars(self), "share": self.share}


@dataclass(frozen=True)
class Decision:
    """What one check came to.

    ``winner`` is what to fit when ``fire`` is true. ``evidence`` is the reading nearest to firing
    (None for never and periodic, whose ``share`` is that of the events waited for), ``readings``
    all of them. ``rests`` is how many events it rests for: however clear the evidence, it doesn't
    fire before. ``explanation`` is one paragraph.
    """

    policy: Policy
    fire: bool
    winner: Challenger | None
    share: float
    evidence: Reading | None
    readings: tuple[Reading, ...]
    explanation: str
    rests: int = 0

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for the ledger and JSON."""
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


# Fits a challenger on everything matured so far, this check's batch included, and gives its score
# table. May raise TrainingError (too few rows, say): that challenger then sits out.
Refit = Callable[[Challenger], Array]


@dataclass(frozen=True)
class Check:
    """What a policy sees at a check: nothing in it is from the future.

    ``batch`` are the events whose outcome became known since the last check (may be empty), and
    ``waiting`` how many still have none, if that is known. ``unjudged`` events became known beside
    them, on which the champion was trained: challengers learn from them, and nobody is judged.
    """

    batch: Counts
    champion: Champion
    refit: Refit
    waiting: int | None = None
    unjudged: int = 0
