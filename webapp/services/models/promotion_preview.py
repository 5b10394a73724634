"""What the gate would say of making a version champion now.

``ask(services, version, now)`` -> ``Preview``, for the dialog that promotes: ``gate`` is
``stats.gate.Gate`` (``as_json`` is its form in ledger and API), ``since`` the first day that
counts, ``sentence`` says all of it. Raises UnknownVersionError, VersionNotReadyError,
LogUnavailableError.
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
from webapp.services.traffic.training_overlap import Span, spans
from webapp.stats.counts import Counts
from webapp.stats.gate import Gate, judge
from webapp.timing import DAY_MS

_DAYS = 366  # of traffic that are looked at


@dataclass(frozen=True)
class Preview:
    """The verdict on one version, against the champion of now. Times in ms.

    ``gate`` is None where they can't be compared: ``sentence`` says why.
    """

    version: str
    champion: str | None
    gate: Gate | None
    since: int | None
    until: int | None
    simulated: bool
    sentence: str

    def as_json(self) -> dict[str, Any]:
        """For the ledger, the API and the command."""
        found = {} if self.gate is None else gate_report.as_json(self.gate)
        return found | {"champion": self.champion, "sentence": self.sentence}


def ask(services: Services, version: str, now: int) -> Preview:
    """Judge a version on all matured events that neither of the two was trained on."""
    name, challenger = version_choice.resolve(services, version)
    champion = version_choice.champion(services)
    if champion is None or champion.name == name:
        return _without(name, champion.name if champion else None, "It is the champion.")
    if champion.prepared is None:
        return _without(name, champion.name, "The champion can't answer, so nothing is compared.")
    if champion.prepared.features != challenger.features:
        return _without(name, champion.name, "They read different inputs.")
    return _judged(services, champion.name, champion.prepared, name, challenger, now)


def _without(version: str, champion: str | None, sentence: str) -> Preview:
    return Preview(version, champion, None, None, None, False, sentence)


def _judged(
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
    seen = [*spans(services, pool, challenger.facts), *spans(services, pool, reference.facts)]
    unseen = rows[~_within(rows, seen)]
    known = unseen[unseen[:, 2] >= 0]
    baseline = challenger.baseline
    gate = judge(
        reference.scores,
        challenger.scores,
        _counts(known, challenger.features.cases),
        np.bincount(rows[:, 1], rows[:, 3], challenger.features.cases).astype(np.int64),
        services.plan.rules,
        None if baseline is None else baseline.n,
    )
    since = int(known[:, 0].min()) if len(known) else None
    sentence = gate_report.sentence(gate, champion, name)
    return Preview(name, champion, gate, since, until, pool.sources == ("demo",), sentence)


def _within(rows: Rows, spans: list[Span]) -> Any:
    """Which counts are of days that have something of these spans."""
    found = np.zeros(len(rows), bool)
    for since, until in spans:
        found |= (rows[:, 0] < until) & (rows[:, 0] + DAY_MS > since)
    return found


def _counts(rows: Rows, cases: int) -> Counts:
    n = np.bincount(rows[:, 1], rows[:, 3], cases).astype(np.int64)
    ones = rows[rows[:, 2] == 1]
    return Counts(n, np.bincount(ones[:, 1], ones[:, 3], cases).astype(np.int64))
