"""The second half of a check: fit, judge, register, promote. Each part may be the first to be done
after an interruption, so each looks whether it was done already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from webapp.cases import Features
from webapp.catalog.prepared import Prepared
from webapp.catalog.saving import save_version
from webapp.catalog.store import Store
from webapp.events.checks import Check
from webapp.jobs import fitted as fits
from webapp.jobs.fitted import Fitted
from webapp.jobs.reporter import Reporter
from webapp.services import Services, gate_form, windows
from webapp.services.drift_sentence import compose
from webapp.services.plan import Plan
from webapp.services.wording import iso
from webapp.stats.counts import Counts
from webapp.stats.gate import Gate
from webapp.training.errors import PolicyError, TrainingError
from webapp.training.reasons import name as in_words
from webapp.training.rules import Challenger
from webapp.training.state import State

MOST_TRIES = 5


class Failed(RuntimeError):  # noqa: N818 - it is an end, not a fault
    """It can't be done, and trying again would not help."""


@dataclass(frozen=True)
class Work:
    """What a run works with. ``still`` raises when the lock was lost."""

    services: Services
    store: Store
    reporter: Reporter
    clock: Callable[[], int]
    still: Callable[[], None]
    arrived: Callable[[str], None]


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
    if _was_cancelled(work, check):
        return closed(work, check, "cancelled", "It was cancelled.")
    done = _promotion(work, check)
    if done is not None:
        return _finished(work, check, check.version or done, check.evidence.get("gate"), done)
    step = work.reporter.step
    fitted, validation = _fitted(work, check, features, blocks, plan)
    step(0.5, "gate", f"Judging it on {fitted.held_out.total:,} events that are held out")
    gate = fits.judge_fitted(fitted, champion.scores, plan, _sure(check))
    version = _registered(work, check, fitted, validation, gate, name)
    check = replace(check, version=version, verdict=gate.verdict)
    found = gate_form.as_json(gate) | {"sentence": gate_form.sentence(gate, name, version)}
    promoted = None
    if gate.verdict == "promote" and plan.promote and not plan.simulated:
        step(0.9, "promote", f"Promoting {version}")
        promoted = _promoted(work, check, found, version, name)
    return _finished(work, check, version, found, promoted)


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
    """Finish a check of which nothing came."""
    done = replace(
        check,
        finished_at=work.clock(),
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


def _was_cancelled(work: Work, check: Check) -> bool:
    """Did somebody end the job of an earlier try?"""
    earlier = [work.services.jobs.get(job) for job in check.evidence["jobs"][:-1]]
    return any(job is not None and job.state == "cancelled" for job in earlier)


def _promotion(work: Work, check: Check) -> str | None:
    """The version that an earlier try promoted."""
    last = work.services.ledger.history(1)
    if last and last[0].evidence.get("token") == check.evidence["token"]:
        return last[0].version
    return None


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
    there = _version_of(work, token)
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
    return save_version(work.store, new, why)


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
    } | _drift(work)


def _drift(work: Work) -> dict[str, str]:
    """What the Drift page says now of the champion: part of why a version was made."""
    now = work.clock()
    answer = work.services.drift.ask(work.services, windows.read({}, now))
    if answer.result is None:
        return {}
    return {"drift": answer.result.headline.verdict, "drift_text": compose(answer, now).text}


def _version_of(work: Work, token: str) -> str | None:
    for version in work.services.catalog.versions():
        if version.prepared and version.prepared.facts.training.get("check") == token:
            return version.name
    return None


def _promoted(work: Work, check: Check, gate: dict[str, Any], version: str, before: str) -> str:
    """Write it into the ledger: the version."""
    work.arrived(version)
    work.still()
    evidence = gate | {"check": check.id, "token": check.evidence["token"], "policy": check.policy}
    work.services.ledger.promote(
        version,
        actor=check.policy if check.evidence.get("fired") else check.actor,
        reason=str(gate["sentence"])[:1000],
        evidence=evidence,
        default=before,
    )
    return version


def _finished(
    work: Work, check: Check, version: str, gate: dict[str, Any] | None, promoted: str | None
) -> Check:
    told = str(gate["sentence"]) if gate else f"{version} passed the gate."
    end = _end(version, promoted, check, gate)
    done = replace(
        check,
        finished_at=work.clock(),
        version=version,
        verdict=check.verdict or "promote",
        explanation=f"{check.explanation} {told} {end}",
        evidence={**check.evidence, "gate": gate, "promoted": promoted is not None},
        state=_restarted(check),
    )
    work.services.checks.update(done)
    return done


def _end(version: str, promoted: str | None, check: Check, gate: dict[str, Any] | None) -> str:
    if promoted:
        return f"{version} is champion now."
    if gate and gate["verdict"] == "promote":
        why = "it learned simulated traffic" if check.traffic == "simulated" else "nobody asked to"
        return f"{version} is registered and not promoted: {why}."
    return f"{version} is registered and not promoted."


def _restarted(check: Check) -> dict[str, Any] | None:
    """The policy's evidence from zero, or it would fire again at the next check."""
    if check.state is None:
        return None
    try:
        return State.from_dict(check.state).restarted().as_dict()
    except PolicyError:
        return None
