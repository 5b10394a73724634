"""The gate's judgement of making a version champion now.

``preview_promotion(services, version, now)`` returns a ``Preview``, for the dialog that promotes:
``gate`` is ``stats.gate.Gate`` (``gate_report.as_json`` is its form in ledger and API), ``since``
the first day with an outcome that counts, ``sentence`` the judgement in words. Raises
UnknownVersionError, VersionNotReadyError and LogUnavailableError.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from webapp.catalog.prepared import Prepared
from webapp.services.context import Services
from webapp.services.models import gate_report
from webapp.services.predict import version_choice
from webapp.services.traffic.pool import Rows, TrafficPool
from webapp.services.traffic.training_overlap import Span, find_spans
from webapp.stats.counts import Counts
from webapp.stats.gate import Gate, judge
from webapp.timing import DAY_MS

_DAYS = 366  # of traffic


@dataclass(frozen=True)
class Preview:
    """The verdict on one version against the current champion. Times in ms since 1970.

    ``gate`` is None if the two can't be compared; ``sentence`` is then the reason.
    """

    version: str
    champion: str | None
    gate: Gate | None
    since: int | None
    until: int | None
    simulated: bool
    sentence: str

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the ledger, the API and the command."""
        form = {} if self.gate is None else gate_report.as_json(self.gate)
        return form | {"champion": self.champion, "sentence": self.sentence}


def preview_promotion(services: Services, version: str, now: int) -> Preview:
    """The gate's judgement on all matured events that neither version was trained on."""
    name, challenger = version_choice.resolve(services, version)
    champion = version_choice.champion(services)
    if champion is None or champion.name == name:
        return _not_comparable(name, champion.name if champion else None, "It is the champion.")
    if champion.prepared is None:
        return _not_comparable(
            name, champion.name, "The champion can't answer, so there is nothing to compare with."
        )
    if champion.prepared.features != challenger.features:
        return _not_comparable(name, champion.name, "The two versions have different inputs.")
    return _judge(services, champion.name, champion.prepared, name, challenger, now)


def _not_comparable(version: str, champion: str | None, sentence: str) -> Preview:
    return Preview(version, champion, None, None, None, False, sentence)


def _judge(
    services: Services,
    champion: str,
    reference: Prepared,
    name: str,
    challenger: Prepared,
    now: int,
) -> Preview:
    pool = TrafficPool(services, services.counts, challenger.features, None)
    until = now - now % DAY_MS + DAY_MS
    parts = pool.read("day", until - _DAYS * DAY_MS, until)
    rows = np.concatenate(parts) if parts else np.empty((0, 4), np.int64)
    rows = rows[rows[:, 1] < challenger.features.cases]
    training_spans = [
        *find_spans(services, pool, challenger.facts),
        *find_spans(services, pool, reference.facts),
    ]
    unseen = rows[~_overlap_mask(rows, training_spans)]
    outcome_rows = unseen[unseen[:, 2] >= 0]
    baseline = challenger.baseline
    gate = judge(
        reference.scores,
        challenger.scores,
        _counts(outcome_rows, challenger.features.cases),
        np.bincount(rows[:, 1], rows[:, 3], challenger.features.cases).astype(np.int64),
        services.plan.rules,
        None if baseline is None else baseline.n,
    )
    since = int(outcome_rows[:, 0].min()) if len(outcome_rows) else None
    sentence = gate_report.sentence(gate, champion, name)
    return Preview(name, champion, gate, since, until, pool.sources == ("demo",), sentence)


def _overlap_mask(rows: Rows, spans: list[Span]) -> Any:
    """A mask (bool[rows]) of the counts of days that overlap one of the spans."""
    is_within = np.zeros(len(rows), bool)
    for since, until in spans:
        is_within |= (rows[:, 0] < until) & (rows[:, 0] + DAY_MS > since)
    return is_within


def _counts(rows: Rows, cases: int) -> Counts:
    n = np.bincount(rows[:, 1], rows[:, 3], cases).astype(np.int64)
    ones = rows[rows[:, 2] == 1]
    return Counts(n, np.bincount(ones[:, 1], ones[:, 3], cases).astype(np.int64))
