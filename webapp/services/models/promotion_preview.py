"""The gate's judgement of making a version champion now.

``preview_promotion(services, version, now)`` returns a ``Preview``, for the dialog that promotes:
``gate`` is ``stats.gate.Gate`` (``gate_report.as_json`` is its form in ledger and API), ``since``
the first day with an outcome that counts, ``sentence`` the judgement in words. Raises
UnknownVersionError, VersionNotReadyError and LogUnavailableError.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webapp.catalog.prepared import Prepared
from webapp.services.context import Services
from webapp.services.models import gate_report
from webapp.services.predict import version_choice
from webapp.services.traffic import advice, training_overlap, windows
from webapp.services.traffic.pool import TrafficPool
from webapp.stats.gate import Gate


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
    is_worthwhile: bool = True  # the version does better than predicting the average

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the ledger, the API and the command."""
        form = {} if self.gate is None else gate_report.as_json(self.gate)
        return form | {"champion": self.champion, "sentence": self.sentence}


def preview_promotion(services: Services, version: str, now: int) -> Preview:
    """The gate's judgement on the last days' outcomes that neither version was trained on."""
    name, challenger = version_choice.resolve(services, version)
    champion = version_choice.newest_champion(services)
    if champion is None or champion.name == name:
        return _not_comparable(name, champion.name if champion else None, "It is the champion.")
    if champion.prepared is None:
        return _not_comparable(
            name, champion.name, "The champion can't answer, so there is nothing to compare with."
        )
    if champion.prepared.features != challenger.features:
        return _not_comparable(name, champion.name, "The two versions have different inputs.")
    if champion.prepared.facts.opposes(challenger.facts):
        sentence = "The two versions' probabilities are those of different classes."
        return _not_comparable(name, champion.name, sentence)
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
    first_day, until = windows.last_days(now)
    pool = TrafficPool(services, services.counts, challenger, None, (first_day, until))
    spans = [
        span
        for facts in (challenger.facts, reference.facts)
        for span in training_overlap.find_spans(services, pool, facts)
    ]
    window, unseen = pool.window(first_day, until), pool.window(first_day, until, spans).labelled
    others = advice.find_others(services, pool, reference, champion, (first_day, until))
    reach = advice.find_reach(reference, others | {name: challenger}, unseen)
    gate = advice.judge_pair(services, reference, challenger, unseen, window.events, reach)
    since = pool.first_outcome(first_day, until, spans)
    return Preview(
        name,
        champion,
        gate,
        since,
        until,
        pool.sources == ("demo",),
        gate_report.sentence(gate, champion, name),
        advice.is_worthwhile(gate.challenger_loss, unseen),
    )
