"""The first half of a check: what has matured, what the policy says of it, written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from webapp.catalog.prepared import Prepared
from webapp.db.ids import new_id
from webapp.db.tables.checks import Check, TrafficKind
from webapp.jobs.retrain.matured_stream import Block, Stream
from webapp.stats.counts import Counts
from webapp.training.errors import PolicyError
from webapp.training.policy import steps as policy_steps
from webapp.training.policy.past import Past, own_error, refitter
from webapp.training.policy.plan import Plan
from webapp.training.policy.reasons import name as in_words
from webapp.training.policy.rules import Challenger, Champion, Decision, Reading, Rules
from webapp.training.policy.rules import Check as Seen
from webapp.training.policy.state import State


@dataclass(frozen=True)
class Decided:
    """A check that is decided; ``state`` is the policy's after it."""

    check: Check
    decision: Decision
    state: State


def rules_of(plan: Plan) -> Rules:
    """The policy and its parameters. Raises PolicyError."""
    windows = [str(window) for window in plan.windows]
    return Rules.of(plan.policy, list(plan.estimators), windows, every=plan.every)


def champion_of(name: str, prepared: Prepared) -> Champion:
    """The champion as the policy wants it: with its own error, where that is known."""
    validation = prepared.facts.training.get("validation")
    loss = validation.get("log_loss") if isinstance(validation, dict) else None
    own = None
    if isinstance(loss, float) and prepared.baseline is not None:
        own = own_error(prepared.scores, prepared.baseline, loss)
    return Champion(name, prepared.scores, own)


def decide(
    plan: Plan, stream: Stream, champion: Champion, last: Check | None, actor: str, now: int
) -> Decided:
    """One step of the policy on what is new; none of it is written here. Raises PolicyError."""
    rules = rules_of(plan)
    state, decision = _step(rules, _state_of(last), stream, champion, plan.seed)
    winner = _winner(plan, rules, decision)
    fires = winner is not None
    evidence = _evidence(plan, decision, state, stream) | {
        "token": new_id(now),  # by which a version knows the check that made it
        "winner": winner.key if winner else None,
        "plan": plan.as_dict(),
    }
    check = Check(
        id=0,
        at=now,
        finished_at=None if fires else now,
        tries=0,
        policy=plan.policy,
        traffic="simulated" if plan.simulated else "real",
        actor=actor,
        champion=champion.version,
        decision="retrain" if fires else "wait",
        version=None,
        verdict=None,
        explanation=_explained(decision, winner) + _history(stream),
        evidence=evidence,
        batch=stream.packed(),
        state=state.as_dict(),
        snapshot=stream.snapshot,
    )
    return Decided(check, decision, state)


def _explained(decision: Decision, winner: Challenger | None) -> str:
    if winner is None or decision.fire:
        return decision.explanation
    told = f"It was asked for all the same: {in_words(winner.key)} is fitted."
    return f"{decision.explanation} {told}"


def _history(stream: Stream) -> str:
    if stream.history is None:
        return ""
    counted = f"{stream.history.total:,} events of long ago were counted in a lake since"
    return f" {counted}: they can be fitted on, and are no evidence of the present."


def _state_of(last: Check | None) -> State:
    """What the policy remembers; nothing when that is of another version of this program."""
    if last is None or last.state is None:
        return State()
    try:
        return State.from_dict(last.state)
    except PolicyError:
        return State()


def _step(
    rules: Rules, state: State, stream: Stream, champion: Champion, seed: int
) -> tuple[State, Decision]:
    """A step for each new block: there are several only at the first check, and only what the
    policy says after the last one counts.
    """
    past = Past(stream.before)
    new: Sequence[Block] = stream.new or (Block(_none(champion)),)
    decision = None
    for block in new:
        judged = block.counts if block.fair else _none(champion)
        past = past.plus(block.counts) if block.counts.total else past
        refit = refitter(stream.features, past, seed)
        unjudged = block.counts.total - judged.total
        seen = Seen(judged, champion, refit, stream.waiting, unjudged)
        state, decision = policy_steps.step(rules, state, seen)
    assert decision is not None
    if len(new) > 1:
        decision = replace(decision, explanation=_first(decision, stream))
    return state, decision


def _none(champion: Champion) -> Counts:
    zeros = (0 * champion.scores).astype(int)
    return Counts(zeros, zeros)


def _first(decision: Decision, stream: Stream) -> str:
    """What its last step says, but of all that the check has seen."""
    lead = f"The first check looked back at {stream.matured:,} events with outcomes"
    return f"{lead}; {decision.explanation.partition('; ')[2]}"


def _winner(plan: Plan, rules: Rules, decision: Decision) -> Challenger | None:
    """What to fit: the policy's choice; when it is asked for anyway, the nearest to it."""
    if decision.winner is not None or not plan.now:
        return decision.winner
    gained = [r for r in decision.readings if r.value is not None and r.what != "error"]
    if not gained:
        return rules.challengers[0]
    best = max(gained, key=lambda reading: reading.value or 0.0).what
    return next(c for c in rules.challengers if c.key == best)


def _evidence(plan: Plan, decision: Decision, state: State, stream: Stream) -> dict[str, Any]:
    """What the page draws and the API tells: see ``services.retrain.Point``."""
    nearest = decision.evidence
    value: float | None = None if nearest is None else nearest.strength
    needed: float | None = None if nearest is None else nearest.needed
    if plan.policy == "periodic":
        value, needed = float(state.n), float(plan.every)
    return {
        "value": value,
        "needed": needed,
        "fired": decision.fire,
        "matured": stream.matured,
        "since": state.n,
        "waiting": stream.waiting,
        "history": stream.history.total if stream.history else 0,
        "until": stream.until,
        "rests": decision.rests,
        # how long it rests after this retrain, unless its version becomes champion
        "patience": rules_of(plan).patience(state.restarted().refused),
        "challengers": [_challenger(reading) for reading in decision.readings],
    }


def _challenger(reading: Reading) -> dict[str, Any]:
    shown = reading.what if reading.what == "error" else in_words(reading.what)
    return (
        reading.as_dict()
        | {"key": reading.what, "name": shown, "value": reading.strength}
        | {"mean": reading.value}
    )


def traffic_of(plan: Plan) -> TrafficKind:
    """Which traffic it reads."""
    return "simulated" if plan.simulated else "real"
