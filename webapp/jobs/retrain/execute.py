"""The second half of a check: fit, judge, register, promote. Each part may be the first to be done
after an interruption, so each looks whether it was done already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from webapp.cases import Features
from webapp.catalog.prepared import Prepared
from webapp.catalog.stores.saving import save_version
from webapp.catalog.stores.store import Store
from webapp.db.tables.checks import Check
from webapp.db.tables.ledger import LedgerMovedError
from webapp.jobs.reporter import Reporter
from webapp.jobs.retrain import fit as fits
from webapp.jobs.retrain.fit import Fitted
from webapp.services.context import Services
from webapp.services.drift import reader as drift_reader
from webapp.services.drift.answer import NoAnswer
from webapp.services.drift.sentence import compose
from webapp.services.formatting import iso
from webapp.services.models import gate_report
from webapp.services.traffic import windows
from webapp.stats.counts import Counts
from webapp.stats.gate import Gate
from webapp.training.errors import PolicyError, TrainingError
from webapp.training.policy.plan import Plan
from webapp.training.policy.reasons import name as in_words
from webapp.training.policy.rules import Challenger
from webapp.training.policy.state import State

MOST_TRIES = 5


class Failed(RuntimeError):  # noqa: N818 - it is an end, not a fault
    """It can't be done, and trying again would not help."""


@dataclass(frozen=True)
class Work:
    """What a run works with. ``still`` raises when the lock was lost; ``arrived`` says why a
    version must not be promoted, after a wait for it to be served.
    """

    services: Services
    store: Store
    reporter: Reporter
    clock: Callable[[], int]
    still: Callable[[], None]
    arrived: Callable[[str], str | None]


def carry_out(
    work: Work,
    check: Check,
    plan: Plan,
    features: Features,
    blocks: Sequence[Counts],
    name: str,
    champion: Prepared,
) -> Check:
    """Do what a check decided: the check as finished.

    Raises Failed, CancelledError, SavingError (it may be possible another time: the check stays
    open) and LogUnavailableError.
    """
    check = _begun(work, check, plan)
    step = work.reporter.step
    fitted, validation = _fitted(work, check, features, blocks, plan)
    step(0.5, "gate", f"Judging it on {fitted.held_out.total:,} events that are held out")
    gate = fits.judge_fitted(fitted, champion.scores, plan, _sure(check))
    version = _registered(work, check, fitted, validation, gate, name)
    check = replace(check, version=version)
    work.services.checks.update(check)  # so that it is known however the rest ends
    return _ended(work, replace(check, verdict=gate.verdict), plan, gate, name)


def _ended(work: Work, check: Check, plan: Plan, gate: Gate, champion: str) -> Check:
    """Promote the version if it is to be, and finish the check."""
    version = str(check.version)
    found = gate_report.as_json(gate) | {"sentence": gate_report.sentence(gate, champion, version)}
    if gate.verdict != "promote":
        return finished(work, check, found, kept(version))
    why = _unasked(plan)
    if why is None:
        work.reporter.step(0.9, "promote", f"Promoting {version}")
        why = _not_promoted(work, check, found, version, champion)
    if why is None:
        return finished(work, check, found, f"{version} is champion now.", promoted=True)
    return finished(work, check, found, kept(version, why))


def _fitted(
    work: Work, check: Check, features: Features, blocks: Sequence[Counts], plan: Plan
) -> tuple[Fitted, dict[str, Any]]:
    """The winner's model with its validation. Raises Failed."""
    winner = Challenger.parse(check.evidence["winner"])
    work.reporter.step(0.1, "fit", f"Fitting {in_words(winner.key)}")
    try:
        fitted = fits.fit_winner(winner, features, blocks, plan)
        told = f"Fitted on {fitted.training.total:,} events; validating"
        work.reporter.step(0.3, "validate", told)
        return fitted, fits.cross_validated(fitted)
    except TrainingError as error:
        raise Failed(f"Nothing was fitted: {error}.") from error


def closed(work: Work, check: Check, verdict: str, why: str) -> Check:
    """Finish a check of which nothing came, except perhaps a version."""
    check = work.services.checks.last(check.traffic) or check  # with what was noted meanwhile
    done = replace(
        check,
        finished_at=work.clock(),
        version=check.version or version_of(work, check.evidence["token"]),
        verdict=verdict,
        explanation=f"{check.explanation} {why}",
        state=_restarted(check),
    )
    work.services.checks.update(done)
    return done


def _begun(work: Work, check: Check, plan: Plan) -> Check:
    """Count the try and name the job, so that whoever carries on knows of both."""
    if work.services.checks.note_try(check) > MOST_TRIES:
        raise Failed(f"It was tried {MOST_TRIES} times and never came to an end.")
    work.reporter.begin("retrain", plan.as_dict(), check.actor)
    jobs = [*check.evidence.get("jobs", ()), work.reporter.job]
    begun = replace(check, evidence={**check.evidence, "jobs": jobs})
    work.services.checks.update(begun)
    return begun


def _sure(check: Check) -> float | None:
    """What the policy's evidence says of the gain of the challenger that won, in nats."""
    if check.policy != "on_gain" or not check.evidence.get("fired"):
        return None
    for found in check.evidence.get("challengers", ()):
        fires = found["value"] >= found["needed"]
        if found["key"] == check.evidence["winner"] and fires and found["low"] is not None:
            return float(found["low"])
    return None


def _registered(
    work: Work,
    check: Check,
    fitted: Fitted,
    validation: dict[str, Any],
    gate: Gate,
    champion: str,
) -> str:
    """The version in the store, unless an earlier try has put it there. Raises SavingError."""
    token = check.evidence["token"]
    there = version_of(work, token)
    if there is not None:
        return there
    estimator = fitted.challenger.estimator
    simulated = check.traffic == "simulated"
    name = work.store.name_for(fits.name_after(champion, estimator, simulated=simulated))
    facts = {
        "source": "simulated traffic" if simulated else "the event log",
        "period": {"to": iso(check.at)},
        "check": token,
        "champion": champion,
        "policy": check.policy,
    }
    new = fits.as_version(fitted, name, facts, validation, work.clock())
    why = _why(work, check, gate, champion)
    work.reporter.step(0.6, "register", f"Saving it as the next version of {name}")
    work.still()
    return save_version(work.store, new, why, work.still)


def _why(work: Work, check: Check, gate: Gate, champion: str) -> dict[str, Any]:
    """What caused it, as the store keeps it."""
    return {
        "policy": check.policy,
        "traffic": check.traffic,
        "explanation": check.explanation,
        "gate": gate.verdict,
        "champion": champion,
        "actor": check.actor,
        "check": check.id,
    } | _drift(work, champion)


def _drift(work: Work, champion: str) -> dict[str, str]:
    """What the Drift page says now of that champion: part of why a version was made."""
    now = work.clock()
    answer = drift_reader.ask(work.services, windows.read({"version": champion}, now))
    if isinstance(answer, NoAnswer):
        return {}
    return {"drift": answer.result.headline.verdict, "drift_text": compose(answer, now).text}


def version_of(work: Work, token: str) -> str | None:
    """The version that a check has made."""
    for version in work.services.catalog.versions():
        if version.prepared and version.prepared.facts.training.get("check") == token:
            return version.name
    return None


def _unasked(plan: Plan) -> str | None:
    """Why what passed the gate is not to be promoted."""
    if plan.simulated:
        return "it learned simulated traffic"
    return None if plan.promote else "nobody asked to"


def _not_promoted(
    work: Work, check: Check, gate: dict[str, Any], version: str, before: str
) -> str | None:
    """Write it into the ledger; why that can't be."""
    why = work.arrived(version) or _not_servable(work, version)
    if why is not None:
        return why
    work.still()
    evidence = gate | {"check": check.id, "token": check.evidence["token"], "policy": check.policy}
    try:
        work.services.ledger.promote(
            version,
            actor=check.policy if check.evidence.get("fired") else check.actor,
            reason=str(gate["sentence"])[:1000],
            evidence=evidence,
            default=before,
            follows=check.evidence["ledger"],
        )
    except LedgerMovedError:
        return changed(work)
    return None


def _not_servable(work: Work, version: str) -> str | None:
    """Why it can't answer, where the catalog knows it: nothing looks at it where no server runs."""
    found = work.services.catalog.get(version)
    if found is None or found.prepared is not None:
        return None
    why = f": {found.reason.rstrip('.')}" if found.reason else " and can't answer yet"
    return f"it is {found.status}{why}"


def changed(work: Work) -> str:
    """Who made whom champion meanwhile."""
    last = work.services.ledger.history(1)
    if not last:
        return "another version is champion by now"
    return f"{last[0].actor} made {last[0].version} champion meanwhile"


def kept(version: str, why: str = "") -> str:
    """How it ends without a promotion."""
    return f"{version} is registered and not promoted{': ' if why else ''}{why}."


def finished(
    work: Work, check: Check, gate: dict[str, Any] | None, end: str, *, promoted: bool = False
) -> Check:
    """Finish a check of which a version came."""
    told = str(gate["sentence"]) if gate else f"{check.version} passed the gate."
    done = replace(
        check,
        finished_at=work.clock(),
        verdict=check.verdict or "promote",
        explanation=f"{check.explanation} {told} {end}",
        evidence={**check.evidence, "gate": gate, "promoted": promoted},
        state=_restarted(check),
    )
    work.services.checks.update(done)
    return done


def _restarted(check: Check) -> dict[str, Any] | None:
    """The policy's evidence from zero, or it would fire again at the next check."""
    if check.state is None:
        return None
    try:
        return State.from_dict(check.state).restarted().as_dict()
    except PolicyError:
        return None
