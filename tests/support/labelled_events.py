"""Logs with events whose outcomes are known: what retraining learns from."""

from __future__ import annotations

import numpy as np

from tests.support.events import VERSION, make_event
from tests.support.populations import shares, shipped
from webapp.db.database import Database
from webapp.db.schema import Source
from webapp.events.log import EventLog
from webapp.timing import DAY_MS, now_ms


def record_labelled(
    database: Database,
    n: int,
    *,
    shift: float = 1.5,
    days: int = 10,
    seed: int = 0,
    source: Source = "api",
    version: str = VERSION,
) -> None:
    """``n`` labelled events of the last days. Outcomes follow the champion's scores with their log
    odds moved by ``shift``: 0 is a stream on which it is right.
    """
    rng = np.random.default_rng(seed)
    scores = shipped().scores
    cases = rng.choice(len(scores), n, p=shares())
    odds = np.log(scores / (1 - scores)) + shift
    labels = rng.random(n) < 1 / (1 + np.exp(-odds[cases]))
    times = np.sort(now_ms() - (rng.random(n) * days * DAY_MS).astype(np.int64))
    events = [
        make_event(
            int(at),
            case=int(case),
            score=float(scores[case]),
            label=int(label),
            labelled_at=int(at),
            source=source,
            version=version,
        )
        for at, case, label in zip(times, cases, labels, strict=True)
    ]
    EventLog(database).record(events)
