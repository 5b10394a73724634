"""One check of the retraining policy, from matured outcomes to a new champion.

A check is done once, however many machines start it: a lock of the database is held from the first
look to the last write. The decision is written down before anything is fitted. A run that is killed
at any point is therefore resumed by the next one, which finds the open check, the version in the
store or the promotion in the ledger, and does what is missing. A promotion must follow the line of
the ledger under which the check was decided, so what a person does in between is never undone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from webapp.cases import InputError, shorten
from webapp.catalog.stores.store import Store
from webapp.db.lock import BusyError, only_one
from webapp.db.tables.checks import Check, OvertakenError
from webapp.grammar import quantity
from webapp.jobs.reporter import CancelledError, Reporter
from webapp.jobs.retrain import matured_stream
from webapp.jobs.retrain.check_run import CheckRun, NamedVersion, RunContext
from webapp.jobs.retrain.decide import decide, score_champion, traffic_of
from webapp.jobs.retrain.execute import CheckFailedError, carry_out
from webapp.jobs.retrain.finish import CANCELLED, close_check
from webapp.jobs.retrain.resume import current_champion, settle
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.timing import DAY_MS
from webapp.training.policy.plan import RetrainPlan

OutcomeStatus = Literal[
    "busy",
    "nothing new",
    "not judged",
    "waits",
    "promoted",
    "registered",
    "kept",
    "not enough evidence",
    "failed",
]
# Exit statuses of the command; all others end with 0, and a cancelled run with 130.
# They are documented in docs/operations.md.
CODES: dict[OutcomeStatus, int] = {
    "failed": 1,
    "busy": 3,
    "kept": 4,
    "not enough evidence": 4,
}
_BUSY = "Another retrain is already running, here or on another machine; nothing was done."
_RESUMED = "Resumed after an interruption."


@dataclass(frozen=True)
class CheckOutcome:
    """The end of a run, in one paragraph, and the check that it made or finished."""

    status: OutcomeStatus
    explanation: str
    check: Check | None = None

    @property
    def code(self) -> int:
        """The command's exit status."""
        return CODES.get(self.status, 0)

    def as_json(self) -> dict[str, Any]:
        """Plain values for ``--json`` and the job's result."""
        check = self.check
        return {
            "status": self.status,
            "explanation": self.explanation,
            "check": check.id if check else None,
            "policy": check.policy if check else None,
            "champion": check.champion if check else None,
            "decision": check.decision if check else None,
            "version": check.version if check else None,
            "verdict": check.verdict if check else None,
            "promoted": bool(check and check.evidence.get("promoted")),
            "evidence": _public_evidence(check) if check else {},
        }


_INTERNAL = ("plan", "token", "job", "ledger", "meaning")


def _public_evidence(check: Check) -> dict[str, Any]:
    return {name: value for name, value in check.evidence.items() if name not in _INTERNAL}


def run(
    services: Services,
    plan: RetrainPlan,
    *,
    actor: str,
    sender: str = "",
    store: Store,
    reporter: Reporter,
    clock: Callable[[], int],
    wait_served: Callable[[str], str | None] = lambda _version: None,
) -> CheckOutcome:
    """Do one check, or finish the one that an earlier run left open.

    ``wait_served`` is called before a promotion: it may wait for a version to be served, and
    returns why the version must not be promoted, or None. ``clock`` gives ms since 1970.

    Raises TrainingError, SavingError, LogUnavailableError, UnknownVersionError and
    VersionNotReadyError.
    """
    try:
        with only_one(services.log.database, "retrain") as check_lock:
            context = RunContext(services, store, reporter, clock, check_lock, wait_served, sender)
            return _resume_or_check(context, plan, actor)
    except (BusyError, OvertakenError):
        return CheckOutcome("busy", _BUSY)


def _resume_or_check(context: RunContext, plan: RetrainPlan, actor: str) -> CheckOutcome:
    """Finish what an earlier run left open; if there is nothing, do a new check."""
    last = context.services.checks.last(traffic_of(plan))
    if last is not None and last.finished_at is None:
        settled_check = settle(context, last)
        if settled_check is None:
            return _resume(context, last)
        if settled_check.evidence.get("promoted"):
            return _outcome_of(settled_check)
        last = settled_check
    return _check(context, plan, last, actor)


def _check(context: RunContext, plan: RetrainPlan, last: Check | None, actor: str) -> CheckOutcome:
    """Do a new check, after the last one, which is finished."""
    services, now = context.services, context.clock()
    champion = current_champion(services)
    reference = champion.version
    stream = matured_stream.read(services, reference.prepared, traffic_of(plan), last)
    problem = matured_stream.describe_one_sided(stream, reference.prepared.scores)
    if problem is not None or (not stream.matured and not stream.before and stream.settling.late):
        _note_not_judged(context, plan, actor)
        return CheckOutcome("not judged", _describe_not_judged(stream, problem), last)
    if not stream.blocks and stream.is_reversed:
        return CheckOutcome("nothing new", _describe_reversed(reference), last)
    if not stream.blocks:
        return CheckOutcome("nothing new", _describe_no_traffic(services, plan))
    has_news = stream.matured > 0 or stream.is_reversed
    if not has_news and last is not None and _is_same_question(last, plan, reference):
        text = f"{_describe_nothing_new(last, stream.waiting)} {stream.settling.sentence}"
        return CheckOutcome("nothing new", text.strip(), last)
    events = quantity(stream.matured, "new outcome")
    context.reporter.step(0.05, "count", f"{events} since the last check")
    check = decide(plan, stream, score_champion(reference), last, actor, now)
    evidence = {**check.evidence, "ledger": champion.line}  # the line that a promotion must follow
    if context.sender:
        evidence["sender"] = context.sender
    check = replace(check, evidence=evidence)
    check = services.checks.add(check, last.id if last else None)
    if check.decision == "wait":
        return CheckOutcome("waits", check.explanation, check)
    return _carry_out(CheckRun(context, check, plan, stream.features, stream.blocks, reference))


def _is_same_question(last: Check, plan: RetrainPlan, champion: NamedVersion) -> bool:
    """True if the last check had the same champion and policy, and no retrain is requested."""
    return not plan.now and (last.champion, last.policy) == (champion.name, plan.policy)


def _resume(context: RunContext, check: Check) -> CheckOutcome:
    """Carry out what an earlier run decided and could not finish."""
    services = context.services
    try:
        plan = RetrainPlan().with_values(check.evidence["plan"])
    except InputError as error:  # of another version of this program
        return _fail(context, check, f"Its plan can't be read any more: {error}.")
    reference = NamedVersion(*version_choice.resolve(services, check.champion))
    features = reference.prepared.features
    if list(features.names) != list((check.batch or {}).get("features", ())):
        return _fail(context, check, "The champion has other inputs now.")
    facts = reference.prepared.facts
    if facts.reverses((check.batch or {}).get("meaning")):
        return _fail(context, check, "The champion stands for its other class now.")
    blocks = matured_stream.unpack(services.checks.batches(check.traffic), facts)
    if _RESUMED not in check.explanation:
        check = replace(check, explanation=f"{check.explanation} {_RESUMED}")
    return _carry_out(CheckRun(context, check, plan, features, blocks, reference))


def _carry_out(check_run: CheckRun) -> CheckOutcome:
    """Fit, judge, register, promote; a failure or a cancellation closes the check."""
    try:
        check = carry_out(check_run)
    except CancelledError:
        close_check(check_run.context, check_run.check, "cancelled", CANCELLED)
        raise
    except CheckFailedError as error:
        return _fail(check_run.context, check_run.check, str(error))
    return _outcome_of(check)


def _fail(context: RunContext, check: Check, reason: str) -> CheckOutcome:
    check = close_check(context, check, "failed", reason)
    return CheckOutcome("failed", check.explanation, check)


def _outcome_of(check: Check) -> CheckOutcome:
    """The outcome of a check that is finished."""
    if check.evidence.get("promoted"):
        return CheckOutcome("promoted", check.explanation, check)
    status: dict[str, OutcomeStatus] = {
        "promote": "registered",
        "ask": "registered",
        "keep": "kept",
        "not enough evidence": "not enough evidence",
    }
    return CheckOutcome(status.get(check.verdict or "", "failed"), check.explanation, check)


def _note_not_judged(context: RunContext, plan: RetrainPlan, actor: str) -> None:
    """Make the run a job, so that the page shows it with its reason; a clock's, once a day.

    Nothing is written as a check, which the next one would take for the last look at the outcomes.
    """
    jobs = context.services.jobs.history(1, "retrain")
    is_repeated = bool(jobs) and (jobs[0].result or {}).get("status") == "not judged"
    if not is_repeated or context.clock() - jobs[0].created_at >= DAY_MS:
        context.reporter.begin("retrain", plan.as_dict(), actor)


def _describe_not_judged(stream: matured_stream.MaturedStream, problem: str | None) -> str:
    """Nothing is decided, and nothing counts as read: the next check looks at all of it again."""
    if problem is None:
        return f"Not judged. {stream.settling.sentence}"
    return (
        f"Not judged, as outcomes are one-sided: {problem} for theirs. They are judged once both "
        "kinds are known."
    )


def _describe_nothing_new(last: Check, waiting: int) -> str:
    text = f"No new outcomes since check {last.id}, so nothing was decided."
    if not waiting:
        return text
    verb, whose = ("is", "its outcome") if waiting == 1 else ("are", "their outcomes")
    return f"{text} {quantity(waiting, 'event')} {verb} still waiting for {whose}."


def _describe_reversed(champion: NamedVersion) -> str:
    outcome = shorten(str(champion.prepared.facts.positive))
    return (
        f"{champion.name} stands for {outcome} now, so the outcomes that earlier checks read count "
        "no more, and no new ones are known."
    )


def _describe_no_traffic(services: Services, plan: RetrainPlan) -> str:
    if plan.simulated:
        return "No simulated traffic has outcomes yet."
    if services.log.matured().get("demo"):
        return (
            "No real traffic has outcomes yet. Simulated traffic is used for training only with "
            "--simulated."
        )
    if services.log.matured().get("form") and not services.learns_from_form:
        return (
            "Only predictions that were recorded in the form have outcomes. They count with "
            "LEARN_FROM_FORM=1; send others to POST /api/v1/outcomes."
        )
    return "No traffic has outcomes yet: send them to POST /api/v1/outcomes."
