"""The explanation of a policy's decision, in one paragraph."""

from __future__ import annotations

from webapp.grammar import MINUS, NBSP, capitalize, quantity
from webapp.training.policy.rules import (
    Challenger,
    Growth,
    PolicyDecision,
    PolicyInput,
    PolicyRules,
    Reading,
)
from webapp.training.policy.state import PolicyMemory
from webapp.training.policy.words import challenger_name, last_events


def explain(
    rules: PolicyRules, memory: PolicyMemory, policy_input: PolicyInput, decision: PolicyDecision
) -> str:
    """The new outcomes, the evidence, and the decision that follows from them."""
    sentences = [_new_outcomes(memory, policy_input)]
    if rules.policy == "never":
        sentences.append("The policy never retrains automatically.")
    elif rules.policy == "periodic":
        sentences.append(_explain_periodic(rules, memory, decision))
    elif rules.policy == "on_error":
        sentences.append(_explain_error(policy_input, decision))
    else:
        sentences.append(_explain_gain(rules, memory, decision))
    if decision.winner is not None and rules.policy in ("on_error", "on_gain"):
        sentences.append(_explain_data(policy_input, decision, decision.winner))
    if decision.rests:
        sentences.append(_explain_pause(rules, memory, policy_input, decision))
    return " ".join(filter(None, sentences))


def _new_outcomes(memory: PolicyMemory, policy_input: PolicyInput) -> str:
    """The counts of outcomes; ``jobs.retrain.decide`` splits the text at the ``;``."""
    n, champion = policy_input.batch.total, policy_input.champion.version
    lead = quantity(n, "new outcome") if n else "No new outcomes"
    begin = "the last retrain" if memory.refused else f"{champion} became champion"
    text = f"{lead}; {memory.n:,} since {begin}."
    waiting = policy_input.waiting
    if not waiting:
        return text
    verb, whose = ("is", "its outcome") if waiting == 1 else ("are", "their outcomes")
    return f"{text} {quantity(waiting, 'event')} {verb} still waiting for {whose}."


def _explain_periodic(rules: PolicyRules, memory: PolicyMemory, decision: PolicyDecision) -> str:
    rhythm = "whenever outcomes arrive" if rules.every == 1 else f"every {rules.every:,} outcomes"
    if decision.winner:
        name = challenger_name(decision.winner.key)
        return f"A retrain is due {rhythm}: {name} is fitted."
    if rules.every == 1:
        return f"A retrain is due {rhythm}."
    missing = quantity(rules.every - memory.n, "more outcome")
    return f"The next retrain is due after {missing} (every {rules.every:,})."


def _explain_error(policy_input: PolicyInput, decision: PolicyDecision) -> str:
    own, reading = policy_input.champion.own, decision.readings[0]
    if own is None:
        return (
            f"The champion can't be judged: {reading.problem}. Train it with everycase, or use "
            "on_gain."
        )
    if reading.value is None or reading.low is None:
        return "There are no outcomes to judge the champion on yet."
    verb = "fell" if reading.value > 0 else "rose"
    lead = (
        f"The champion's skill (gain over guessing the base rate) was {_share(1 - own.ratio)} at "
        f"training and {verb} by {_share(abs(reading.value))} over "
        f"{last_events(reading.n)}"
    )
    low, margin = _share(reading.low), _share(reading.margin)
    if decision.growth:
        return f"{lead}. {_explain_growth(decision.growth, decision.winner)}"
    if decision.winner:
        name = challenger_name(decision.winner.key)
        return f"{lead}, by at least {low}. That is above the margin of {margin}: {name} is fitted."
    return f"{lead}. The lower bound of the loss is {low}; the policy fires above {margin}: " + (
        f"{_progress(reading)}."
    )


def _explain_gain(rules: PolicyRules, memory: PolicyMemory, decision: PolicyDecision) -> str:
    reading = decision.evidence
    if reading is None or reading.value is None or reading.low is None:
        problems = sorted(memory.problems.items())
        if problems:
            return f"No challenger can be judged: {problems[0][0]}: {problems[0][1]}."
        return "The challengers are fitted now and judged on outcomes from now on."
    name, events = challenger_name(reading.what), last_events(reading.n)
    if decision.growth:
        return _explain_growth(decision.growth, decision.winner)
    if decision.winner is None:
        verb = "gains" if reading.value > 0 else "loses"
        return (
            f"{_of_challengers(rules, 'closest')}, {name}, {verb} {abs(reading.value):.4f} nats "
            f"per prediction over {events}. The lower bound of its gain is "
            f"{_nats(reading.low)}; the policy fires above {reading.margin:.4f}: "
            f"{_progress(reading)}."
        )
    lead = (
        f"{_of_challengers(rules, 'clearest')}, {name}, is clearly better: it would have saved "
        f"{reading.value:.4f} nats per prediction over {events}, at least "
        f"{_nats(reading.low)}; {reading.margin:.4f} is required."
    )
    best = decision.winner.key
    if best == reading.what:
        return f"{lead} It is fitted on all outcomes known now."
    return (
        f"{lead} {capitalize(challenger_name(best))} saved most over them, "
        f"{memory.gain(best, reading.n):.4f}, and is fitted."
    )


def _explain_growth(growth: Growth, winner: Challenger | None) -> str:
    name = challenger_name(winner.key) if winner else "a challenger"
    return (
        f"The champion was fitted on only {quantity(growth.n, 'event')}, and {growth.now:,} are "
        f"known now: more data are expected to gain {growth.gain:.4f} nats per prediction, so "
        f"{name} is fitted."
    )


def _explain_data(policy_input: PolicyInput, decision: PolicyDecision, winner: Challenger) -> str:
    """What is known of a change, and whether the gain is rather that of more data."""
    history, n_before = policy_input.history, policy_input.champion.n
    if history is None:
        return ""
    since, now = history.count_since_change(), history.count(winner)
    if since is not None:
        use = "Older ones are used as well." if now > since else "Older ones are not used."
        return (
            f"What the inputs say of the outcome changed {quantity(since, 'event')} ago, as far as "
            f"can be told. {use}"
        )
    if decision.growth or n_before is None or now <= n_before:
        return ""
    return (
        f"No change is found in what the inputs say of the outcome: the gain may be that of more "
        f"data, {now:,} events instead of {n_before:,}."
    )


def _explain_pause(
    rules: PolicyRules, memory: PolicyMemory, policy_input: PolicyInput, decision: PolicyDecision
) -> str:
    n, champion = memory.refused, policy_input.champion.version
    retrains = "a retrain" if n == 1 else f"{n} retrains"
    return (
        f"Paused: {retrains} didn't replace {champion}, so the policy can fire again "
        f"{quantity(rules.patience(n), 'outcome')} after the last one, {decision.rests:,} from now."
    )


def _of_challengers(rules: PolicyRules, which: str) -> str:
    n = len(rules.challengers)
    return "The challenger" if n == 1 else f"The {which} of {n} challengers"


def _progress(reading: Reading) -> str:
    return f"{_share(reading.share, 0)} of the way"


def _share(value: float, decimals: int = 1) -> str:
    return f"{value * 100:.{decimals}f}{NBSP}%".replace("-", MINUS)


def _nats(value: float) -> str:
    return f"{value:.4f}".replace("-", MINUS)
