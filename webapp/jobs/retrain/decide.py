"""The first half of a check: what has matured and what the policy decides, as a check to write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from webapp.cases import shorten
from webapp.db.ids import new_id
from webapp.db.tables.checks import Check, TrafficKind
from webapp.grammar import quantity
from webapp.jobs.retrain.check_run import NamedVersion
from webapp.jobs.retrain.matured_stream import Block, MaturedStream
from webapp.stats.counts import Counts
from webapp.training.errors import PolicyError
from webapp.training.policy import steps as policy_steps
from webapp.training.policy.past import Past, Refitter, own_error
from webapp.training.policy.plan import RetrainPlan
from webapp.training.policy.retrain import sure_gain
from webapp.training.policy.rules import (
    Challenger,
    PolicyDecision,
    PolicyInput,
    PolicyRules,
    Reading,
    ScoredChampion,
)
from webapp.training.policy.state import PolicyMemory
from webapp.training.policy.words import challenger_name


def rules_of(plan: RetrainPlan) -> PolicyRules:
    """The policy with its parameters. Raises PolicyError."""
    windows = [str(window) for window in plan.windows]
    return PolicyRules.of(plan.policy, list(plan.estimators), windows, every=plan.every)


def score_champion(version: NamedVersion) -> ScoredChampion:
    """The champion as the policy reads it, with its own validation error if that is known."""
    prepared = version.prepared
    validation = prepared.facts.training.get("validation")
    loss = validation.get("log_loss") if isinstance(validation, dict) else None
    own = None
    if isinstance(loss, float) and prepared.baseline is not None:
        own = own_error(prepared.scores, prepared.baseline, loss)
    n = None if prepared.baseline is None else prepared.baseline.total
    return ScoredChampion(version.name, prepared.scores, own, n)


def decide(
    plan: RetrainPlan,
    stream: MaturedStream,
    champion: ScoredChampion,
    last: Check | None,
    actor: str,
    now: int,
) -> Check:
    """The check that follows from one step of the policy; it is not written here.

    Raises PolicyError.
    """
    rules = rules_of(plan)
    start = PolicyMemory() if stream.is_reversed else _memory_of(last)
    memory, decision = _step(rules, start, stream, champion, plan.seed)
    winner = _winner(plan, rules, decision)
    fires = winner is not None
    evidence = _evidence(plan, decision, memory, stream) | {
        "token": new_id(now),  # by which a version knows the check that made it
        "winner": winner.key if winner else None,
        "sure": sure_gain(decision, winner),
        "plan": plan.as_dict(),
    }
    return Check(
        id=0,
        at=now,
        finished_at=None if fires else now,
        tries=0,
        policy=plan.policy,
        traffic=traffic_of(plan),
        actor=actor,
        champion=champion.version,
        decision="retrain" if fires else "wait",
        version=None,
        verdict=None,
        explanation=_explain(decision, winner)
        + _describe_reversal(stream)
        + _describe_history(stream)
        + _describe_wait(stream),
        evidence=evidence,
        batch=stream.pack(),
        state=memory.as_dict(),
        snapshot=stream.snapshot,
    )


def _explain(decision: PolicyDecision, winner: Challenger | None) -> str:
    if winner is None or decision.fire:
        return decision.explanation
    request = f"A retrain was requested anyway: {challenger_name(winner.key)} is fitted."
    return f"{decision.explanation} {request}"


def _describe_reversal(stream: MaturedStream) -> str:
    if not stream.is_reversed or stream.meaning is None:
        return ""
    was, now = shorten(stream.meaning["negative"]), shorten(stream.meaning["positive"])
    return (
        f" Outcomes of 1 stand for {now} now and stood for {was} at the last check: what checks "
        f"found until then counts no more."
    )


def _describe_wait(stream: MaturedStream) -> str:
    return f" {stream.settling.sentence}".rstrip()


def _describe_history(stream: MaturedStream) -> str:
    if stream.history is None:
        return ""
    n = stream.history.total
    was, they = ("was", "It is") if n == 1 else ("were", "They are")
    events = quantity(n, "older event")
    return (
        f" {events} {was} counted in a lake since the last check. {they} used for fitting, not as "
        "evidence about the present."
    )


def _memory_of(last: Check | None) -> PolicyMemory:
    """The policy's memory; empty if another version of this program wrote it."""
    if last is None or last.state is None:
        return PolicyMemory()
    try:
        return PolicyMemory.from_dict(last.state)
    except PolicyError:
        return PolicyMemory()


def _step(
    rules: PolicyRules,
    memory: PolicyMemory,
    stream: MaturedStream,
    champion: ScoredChampion,
    seed: int,
) -> tuple[PolicyMemory, PolicyDecision]:
    """Take one step for each new block. Only the decision after the last one counts.

    There are several blocks only at the first check.
    """
    past = Past(stream.before)
    new: Sequence[Block] = stream.new or (Block(_no_events(champion)),)
    decision = None
    for block in new:
        batch = block.counts if block.fair else _no_events(champion)
        past = past.plus(block.counts) if block.counts.total else past
        refit = Refitter(stream.features, past, seed, cut=rules.cut_windows)
        n_unjudged = block.counts.total - batch.total
        policy_input = PolicyInput(batch, champion, refit, stream.waiting, n_unjudged, refit)
        memory, decision = policy_steps.step(rules, memory, policy_input)
    assert decision is not None
    if len(new) > 1:
        decision = replace(decision, explanation=_describe_first_check(decision, stream))
    return memory, decision


def _no_events(champion: ScoredChampion) -> Counts:
    zeros = (0 * champion.scores).astype(int)
    return Counts(zeros, zeros)


def _describe_first_check(decision: PolicyDecision, stream: MaturedStream) -> str:
    """The explanation of the last step, led by all events that the check has seen."""
    lead = f"The first check looked back at {quantity(stream.matured, 'event')} with outcomes"
    return f"{lead}; {decision.explanation.partition('; ')[2]}"


def _winner(plan: RetrainPlan, rules: PolicyRules, decision: PolicyDecision) -> Challenger | None:
    """The policy's choice; without one and with ``plan.now`` the challenger that gained most."""
    if decision.winner is not None or not plan.now:
        return decision.winner
    gains = [r for r in decision.readings if r.value is not None and r.what != "error"]
    if not gains:
        return rules.challengers[0]
    best = max(gains, key=lambda reading: reading.value or 0.0).what
    return next(c for c in rules.challengers if c.key == best)


def _evidence(
    plan: RetrainPlan, decision: PolicyDecision, memory: PolicyMemory, stream: MaturedStream
) -> dict[str, Any]:
    """The evidence that page and API show: see ``services.models.policy_state.CheckSummary``."""
    nearest = decision.evidence
    value: float | None = None if nearest is None else nearest.strength
    threshold: float | None = None if nearest is None else nearest.needed
    if plan.policy == "periodic":
        value, threshold = float(memory.n), float(plan.every)
    return {
        "value": value,
        "needed": threshold,
        "fired": decision.fire,
        "matured": stream.matured,
        "since": memory.n,
        "waiting": stream.waiting,
        "history": stream.history.total if stream.history else 0,
        "until": stream.until,
        "meaning": stream.meaning,
        "rests": decision.rests,
        # the pause after this retrain, unless its version becomes champion
        "patience": rules_of(plan).patience(memory.restart().refused),
        "challengers": [_challenger(reading) for reading in decision.readings],
    }


def _challenger(reading: Reading) -> dict[str, Any]:
    name = reading.what if reading.what == "error" else challenger_name(reading.what)
    return (
        reading.as_dict()
        | {"key": reading.what, "name": name, "value": reading.strength}
        | {"mean": reading.value}
    )


def traffic_of(plan: RetrainPlan) -> TrafficKind:
    """The traffic that the plan reads."""
    return "simulated" if plan.simulated else "real"
