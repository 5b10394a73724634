"""The second half of a check: fit, judge, register, promote.

After an interruption any part may be the first to run, so each part first looks whether an earlier
try has done it already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from webapp.catalog.stores.saving import save_version
from webapp.db.tables.checks import Check
from webapp.db.tables.ledger import LedgerMovedError
from webapp.grammar import quantity
from webapp.jobs.retrain import fit
from webapp.jobs.retrain.check_run import CheckRun
from webapp.jobs.retrain.finish import describe_champion_change, finish_check, version_of
from webapp.services.context import Services
from webapp.services.drift import reader as drift_reader
from webapp.services.drift.answer import NoAnswer
from webapp.services.drift.sentence import compose
from webapp.services.formatting import iso
from webapp.services.models import gate_report
from webapp.services.models.promotion_request import MAX_REASON
from webapp.services.traffic import windows
from webapp.stats.gate import Gate
from webapp.training.errors import TrainingError
from webapp.training.policy.plan import RetrainPlan
from webapp.training.policy.retrain import FittedModel, JudgedRetrain
from webapp.training.policy.retrain import retrain as make_retrain
from webapp.training.policy.rules import Challenger
from webapp.training.policy.words import challenger_name

if TYPE_CHECKING:  # scikit-learn takes seconds to import
    from webapp.training.fit import CrossValidation

MOST_TRIES = 5


class CheckFailedError(RuntimeError):
    """The check can't be carried out, and trying again would not help; the message says why."""


def carry_out(run: CheckRun) -> Check:
    """Do what a check decided. Returns the check as finished.

    Raises CheckFailedError, CancelledError, SavingError (it may work another time: the check stays
    open) and LogUnavailableError.
    """
    run = _note_try(run)
    retrain, validation = _retrain(run)
    version = _register(run, retrain, validation)
    run = run.save(version=version)  # so that it is known however the rest ends
    return _settle(run.with_check(verdict=retrain.gate.verdict), retrain)


def _settle(run: CheckRun, retrain: JudgedRetrain) -> Check:
    """Promote the version if it is to be promoted, and finish the check."""
    version, gate = str(run.check.version), retrain.gate
    report = _report(run, retrain, version)
    if gate.verdict != "promote":
        why = "a person decides" if gate.verdict == "ask" else ""
        return finish_check(run.context, run.check, report, _not_promoted(version, why))
    reason = _hold_back(run.plan)
    if reason is None:
        run.step(0.9, "promote", f"Promoting {version}")
        reason = _promote(run, report)
    if reason is None:
        ending = f"{version} is champion now."
        return finish_check(run.context, run.check, report, ending, is_promoted=True)
    return finish_check(run.context, run.check, report, _not_promoted(version, reason))


def _report(run: CheckRun, retrain: JudgedRetrain, version: str) -> dict[str, Any]:
    """The gate's report for check and ledger, and whether the model was then fitted again."""
    gate, refit = retrain.gate, None
    sentence = gate_report.sentence(gate, run.reference.name, version)
    if retrain.is_refitted:
        refit = {"judged_n": retrain.judged.training.total, "n": retrain.final.training.total}
        sentence = f"{sentence} {gate_report.read_refit(refit)}"
    return gate_report.as_json(gate) | {"sentence": sentence, "refit": refit}


def _not_promoted(version: str, reason: str = "") -> str:
    return f"{version} is registered but not promoted{': ' if reason else ''}{reason}."


def _note_try(run: CheckRun) -> CheckRun:
    """Count the try and note the job, so that the run that resumes knows both.

    Raises CheckFailedError.
    """
    if run.services.checks.note_try(run.check) > MOST_TRIES:
        raise CheckFailedError(f"Given up after {MOST_TRIES} tries that did not finish.")
    reporter, evidence = run.context.reporter, run.check.evidence
    reporter.begin("retrain", run.plan.as_dict(), run.check.actor)
    return run.save(evidence={**evidence, "jobs": [*evidence.get("jobs", ()), reporter.job]})


def _retrain(run: CheckRun) -> tuple[JudgedRetrain, CrossValidation]:
    """The winner's models with the gate's verdict, and the validation. Raises CheckFailedError."""
    winner = Challenger.parse(run.check.evidence["winner"])

    def report(step: str, model: FittedModel | None) -> None:
        held_out = quantity(model.held_out.total if model else 0, "held-out event")
        message = {
            "fit": f"Fitting {challenger_name(winner.key)}",
            "gate": f"Judging it on {held_out}",
            "refit": "Fitting it again, on these events as well",
        }[step]
        run.step({"fit": 0.1, "gate": 0.3, "refit": 0.4}[step], step, message)

    sure, scores = run.check.evidence.get("sure"), run.reference.prepared.scores
    try:
        retrain = make_retrain(winner, run.features, run.blocks, scores, run.plan, sure, report)
        events = quantity(retrain.final.training.total, "event")
        run.step(0.5, "validate", f"Fitted on {events}; validating")
        return retrain, fit.cross_validate(retrain.final)
    except TrainingError as error:
        raise CheckFailedError(f"Fitting failed: {error}.") from error


def _register(run: CheckRun, retrain: JudgedRetrain, validation: CrossValidation) -> str:
    """Save the version, unless an earlier try did. Returns its name. Raises SavingError."""
    check, champion, context = run.check, run.reference.name, run.context
    token = check.evidence["token"]
    existing = version_of(run.services, token)
    if existing is not None:
        return existing
    estimator = retrain.final.challenger.estimator
    new_name = fit.name_after(champion, estimator, is_simulated=run.is_simulated)
    name = context.store.name_for(new_name)
    facts = {
        "source": "simulated traffic" if run.is_simulated else "the event log",
        "period": {"to": iso(check.at)},
        "check": token,
        "champion": champion,
        "policy": check.policy,
    }
    version = fit.as_version(retrain, name, facts, validation, context.clock())
    cause = _cause(run, retrain.gate)
    run.step(0.6, "register", f"Saving it as the next version of {name}")
    context.check_lock()
    return save_version(context.store, version, cause, context.check_lock)


def _cause(run: CheckRun, gate: Gate) -> dict[str, Any]:
    """Why the version was made, as the store keeps it."""
    check = run.check
    return {
        "policy": check.policy,
        "traffic": check.traffic,
        "explanation": check.explanation,
        "gate": gate.verdict,
        "champion": run.reference.name,
        "actor": check.actor,
        "check": check.id,
    } | _drift(run)


def _drift(run: CheckRun) -> dict[str, str]:
    """The verdict of the Drift page on the champion now, which is part of the cause."""
    now = run.context.clock()
    window = windows.read({"version": run.reference.name}, now)
    answer = drift_reader.answer_question(run.services, window)
    if isinstance(answer, NoAnswer):
        return {}
    return {"drift": answer.result.headline.verdict, "drift_text": compose(answer, now).text}


def _hold_back(plan: RetrainPlan) -> str | None:
    """Why a version that passed the gate is not promoted automatically; None if it is."""
    if plan.simulated:
        return "it was trained on simulated traffic"
    return None if plan.promote else "promotion is by hand"


def _reason(gate: dict[str, Any], sender: str | None) -> str:
    """The gate's sentence, with what the caller calls itself: free text, which proves nothing."""
    note = f" (said to be by {sender})" if sender else ""
    return str(gate["sentence"])[: MAX_REASON - len(note)] + note


def _promote(run: CheckRun, gate: dict[str, Any]) -> str | None:
    """Promote the version. Returns why it wasn't promoted, or None."""
    check, version = run.check, str(run.check.version)
    reason = run.context.wait_served(version) or _not_servable(run.services, version)
    if reason is not None:
        return reason
    run.context.check_lock()
    evidence = gate | {"check": check.id, "token": check.evidence["token"], "policy": check.policy}
    try:
        run.services.ledger.promote(
            version,
            actor=check.policy if check.evidence.get("fired") else check.actor,
            reason=_reason(gate, check.evidence.get("sender")),
            evidence=evidence,
            default=run.reference.name,
            follows=check.evidence["ledger"],
        )
    except LedgerMovedError:
        return describe_champion_change(run.services)
    return None


def _not_servable(services: Services, version: str) -> str | None:
    """Why the version can't answer; None if it can, or if no server here has looked at it."""
    entry = services.catalog.get(version)
    if entry is None or entry.prepared is not None:
        return None
    reason = f": {entry.reason.rstrip('.')}" if entry.reason else " and can't answer yet"
    return f"it {entry.standing}{reason}"
