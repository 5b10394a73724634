"""A log with traffic of the games, and shipped versions over it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tests.support import populations
from tests.support.event_logs import hand_services
from webapp.catalog.versions import Version
from webapp.services.context import Services
from webapp.services.predict import replay
from webapp.services.predict.replay import ReplayPlan
from webapp.timing import DAY_MS

NOW = 20_780 * DAY_MS + DAY_MS // 2
A, B, C, D = "logit_games_v1", "hgb_games_v1", "keras_games_v1", "logit_games_v2"
DIGEST = "d" * 64


def shipped(name: str, **training: Any) -> Version:
    """A shipped version; ``training`` replaces what it was trained on."""
    prepared = populations.shipped(name)
    facts = replace(prepared.facts, training=prepared.facts.training | training)
    return Version(name, "ready", prepared=replace(prepared, facts=facts))


def rows(n: int, seed: int = 0) -> tuple[list[int], list[int]]:
    """Players as in training who do what the second version predicts."""
    rng = np.random.default_rng(seed)
    case = rng.choice(1024, n, p=populations.shares())
    label = rng.random(n) < populations.shipped(B).scores[case]
    return case.tolist(), label.astype(int).tolist()


def send(services: Services, n: int, **values: Any) -> tuple[list[int], list[int]]:
    """Let that many players come, in the last 20 days: who they were and what they did."""
    case, label = rows(n)
    plan = ReplayPlan(DIGEST, 1, populations.GAMES, case, label, A, **{"days": 20.0} | values)
    for _ in replay.replay(services, plan, NOW):
        pass
    return case, label


def with_versions(*versions: Version) -> Services:
    """Services over some versions; all the shipped ones by default."""
    return hand_services(versions or [shipped(name) for name in (A, B, C, D)])
