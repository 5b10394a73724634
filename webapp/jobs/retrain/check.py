"""One check of the retraining policy, from what has matured to a new champion.

It is done once, whoever starts it and on how many machines: a lock of the database is held from the
first look to the last word. What it decides is written down before anything is fitted, so a run
that is killed at any point is carried on by the next one, which finds the check open, the version
in the store or the promotion in the ledger, and does what is missing. A promotion follows the line
of the ledger that the check was decided under, so what a person does meanwhile is never undone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from webapp.cases import Features, InputError
from webapp.catalog.prepared import Prepared
from webapp.catalog.stores.store import Store
from webapp.db.lock import BusyError, only_one
from webapp.db.tables.checks import Check, OvertakenError
from webapp.jobs.reporter import CancelledError, Reporter
from webapp.jobs.retrain import matured_stream
from webapp.jobs.retrain.decide import champion_of, decide, traffic_of
from webapp.jobs.retrain.execute import Failed, Work, carry_out, closed
from webapp.jobs.retrain.resume import reigning, settled
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.stats.counts import Counts
from webapp.training.policy.plan import Plan

Status = Literal[
    "busy",
    "nothing new",
    "waits",
    "promoted",
    "registered",
    "kept",
    "not enough evidence",
    "failed",
]
# Exit statuses of the command; all others end with 0, and what is cancelled with 130.
# docs/operations.md tells of them.
CODES: dict[Status, int] = {
    "failed": 1,
    "busy": 3,
    "kept": 4,
    "not enough evidence": 4,
}


@dataclass(frozen=True)
class Outcome:
    """What a run came to, in one paragraph, and the check that it made or finished."""

    status: Status
    explanation: str
    check: Check | None = None

    @property
    def code(self) -> int:
        """The command's exit status."""
        return CODES.get(self.status, 0)

    def as_json(self) -> dict[str, Any]:
        """For ``--json`` and the job's result."""
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
            "evidence": _shown(check) if check else {},
        }


_HIDDEN = ("plan", "token", "job", "ledger")


def _shown(check: Check) -> dict[str, Any]:
    return {name: value for name, value in check.evidence.items() if name not in _HIDDEN}


def run(
    services: Services,
    plan: Plan,
    *,
    actor: str,
    store: Store,
    reporter: Reporter,
    clock: Callable[[], int],
    arrived: Callable[[str], str | None] = lambda _version: None,
) -> Outcome:
    """One check. ``arrived`` is called before a promotion: it may wait for a version to be served,
    and say why it must not be promoted.

    Raises TrainingError, SavingError, LogUnavailableError, UnknownVersionError and
    VersionNotReadyError.
    """
    try:
        with only_one(services.log.database, "retrain") as still:
            work = Work(services, store, reporter, clock, still, arrived)
            return _next(work, plan, actor)
    except (BusyError, OvertakenError):
        return Outcome(
            "busy", "Another run is at it, here or on another machine: nothing was done."
        )


def _next(work: Work, plan: Plan, actor: str) -> Outcome:
    """What an earlier run left to do, or a new check."""
    last = work.services.checks.last(traffic_of(plan))
    if last is not None and last.finished_at is None:
        left = settled(work, last)
        if left is None:
            return _carried_on(work, last)
        if left.evidence.get("promoted"):
            return _outcome(left)
        last = left
    return _checked(work, plan, last, actor)


def _checked(work: Work, plan: Plan, last: Check | None, actor: str) -> Outcome:
    """A new check, after the last one that is finished."""
    services, now = work.services, work.clock()
    reign = reigning(services)
    name, champion = reign.name, reign.prepared
    stream = matured_stream.read(services, champion, traffic_of(plan), last)
    if not stream.blocks:
        return Outcome("nothing new", _no_traffic(services, plan))
    if stream.matured == 0 and last is not None and not plan.now and _same(last, plan, name):
        return Outcome("nothing new", _nothing_new(last, stream.waiting), last)
    work.reporter.step(
        0.05, "count", f"{stream.matured:,} events have matured since the last check"
    )
    decided = decide(plan, stream, champion_of(name, champion), last, actor, now)
    evidence = {**decided.check.evidence, "ledger": reign.line}  # what a promotion may follow
    check = replace(decided.check, evidence=evidence)
    check = services.checks.add(check, last.id if last else None)
    if check.decision == "wait":
        return Outcome("waits", check.explanation, check)
    return _done(work, check, plan, stream.features, stream.blocks, name, champion)


def _carried_on(work: Work, check: Check) -> Outcome:
    """What an earlier run decided and could not finish."""
    services = work.services
    try:
        plan = Plan().with_values(check.evidence["plan"])
    except InputError as error:  # of another version of this program
        return _failed(work, check, f"What was asked for can't be read any more: {error}.")
    name, champion = version_choice.resolve(services, check.champion)
    told = (check.batch or {}).get("features", ())
    if list(champion.features.names) != list(told):
        return _failed(work, check, "The champion changed to one of other inputs.")
    blocks = matured_stream.unpack(services.checks.batches(check.traffic), champion.features)
    note = "An earlier run was interrupted and is carried on."
    if note not in check.explanation:
        check = replace(check, explanation=f"{check.explanation} {note}")
    return _done(work, check, plan, champion.features, blocks, name, champion)


def _failed(work: Work, check: Check, why: str) -> Outcome:
    check = closed(work, check, "failed", why)
    return Outcome("failed", check.explanation, check)


def _done(
    work: Work,
    check: Check,
    plan: Plan,
    features: Features,
    blocks: Sequence[Counts],
    name: str,
    champion: Prepared,
) -> Outcome:
    """Fit, judge, register, promote; whatever ends it is in the check."""
    try:
        check = carry_out(work, check, plan, features, blocks, name, champion)
    except CancelledError:
        closed(work, check, "cancelled", "It was cancelled.")
        raise
    except Failed as error:
        return _failed(work, check, str(error))
    return _outcome(check)


def _outcome(check: Check) -> Outcome:
    """What a check that is finished came to."""
    if check.evidence.get("promoted"):
        return Outcome("promoted", check.explanation, check)
    status: dict[str, Status] = {
        "promote": "registered",
        "keep": "kept",
        "not enough evidence": "not enough evidence",
    }
    return Outcome(status.get(check.verdict or "", "failed"), check.explanation, check)


def _same(last: Check, plan: Plan, champion: str) -> bool:
    return last.champion == champion and last.policy == plan.policy


def _nothing_new(last: Check, waiting: int) -> str:
    told = f"Nothing has matured since check {last.id}, so nothing was decided."
    return f"{told} {waiting:,} events wait for their outcome." if waiting else told


def _no_traffic(services: Services, plan: Plan) -> str:
    found = services.log.matured()
    if plan.simulated:
        return "There is no simulated traffic with outcomes."
    if found.get("demo"):
        return (
            "No real traffic has outcomes yet. The simulated traffic trains no version, unless "
            "--simulated asks for it."
        )
    return "No traffic has outcomes yet: send them to POST /api/v1/outcomes."
