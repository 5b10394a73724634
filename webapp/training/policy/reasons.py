"""A decision in one paragraph."""

from __future__ import annotations

from webapp.training.policy.rules import Check, Decision, Reading, Rules
from webapp.training.policy.state import State

_MEANINGS = {
    "logit": "logistic regression",
    "logit2": "logistic regression with pairs",
    "hgb": "gradient boosting",
    "keras": "a small neural network",
}
_MINUS, _NBSP = "\u2212", "\u00a0"


def explain(rules: Rules, state: State, check: Check, decision: Decision) -> str:
    """What came in, what it says, and what follows."""
    said = [_matured(state, check)]
    if rules.policy == "never":
        said.append("The policy never retrains by itself.")
    elif rules.policy == "periodic":
        said.append(_periodic(rules, state, decision))
    elif rules.policy == "on_error":
        said.append(_error(check, decision))
    else:
        said.append(_gain(rules, state, decision))
    if decision.rests:
        said.append(_rests(rules, state, check, decision))
    return " ".join(said)


def name(key: str) -> str:
    """A challenger in words: ``gradient boosting on the last 2,000 events``."""
    estimator, _, window = key.partition("@")
    what = "all events" if window == "all" else f"the last {int(window):,} events"
    return f"{_MEANINGS.get(estimator, estimator)} on {what}"


def _matured(state: State, check: Check) -> str:
    n = check.batch.total
    events = f"{n:,} event{'s' if n != 1 else ''}"
    came = f"The outcomes of {events} became known" if n else "No new outcome became known"
    begun = "the last retrain" if state.refused else f"{check.champion.version} became champion"
    since = f"{state.n:,} since {begun}"
    if not check.waiting:
        return f"{came}; {since}."
    verb = "waits" if check.waiting == 1 else "wait"
    return f"{came}; {since}, and {check.waiting:,} still {verb} for theirs."


def _periodic(rules: Rules, state: State, decision: Decision) -> str:
    if rules.every == 1:
        due = "A retrain is due whenever outcomes come"
    else:
        due = f"A retrain is due after every {rules.every:,}"
    if decision.winner:
        return f"{due}: {name(decision.winner.key)} is fitted."
    if rules.every == 1:
        return f"{due}."
    return f"A retrain is due at {rules.every:,}, {rules.every - state.n:,} from now."


def _error(check: Check, decision: Decision) -> str:
    own, reading = check.champion.own, decision.readings[0]
    if own is None:
        return f"Nothing can be said: {reading.problem}. Train it with everycase, or use on_gain."
    if reading.value is None or reading.low is None:
        return "There is nothing to judge yet."
    said = (
        f"At training its loss was {_share(1 - own.ratio)} below guessing the base rate. On the "
        f"last {reading.n:,} it lost {_share(reading.value)} of guessing, surely at least "
        f"{_share(reading.low)}"
    )
    if decision.winner:
        return (
            f"{said}, which is more than the margin of {_share(reading.margin)}: "
            f"{name(decision.winner.key)} is fitted."
        )
    return f"{said}; the policy fires above {_share(reading.margin)}, {_way(reading)}."


def _gain(rules: Rules, state: State, decision: Decision) -> str:
    reading = decision.evidence
    if reading is None or reading.value is None or reading.low is None:
        problems = sorted(state.problems.items())
        if problems:
            return f"No challenger can be judged: {problems[0][0]}: {problems[0][1]}."
        return "The challengers are fitted now and judged on what matures from here on."
    many = len(rules.challengers)
    surest = name(reading.what)
    if decision.winner is None:
        gains = "gains" if reading.value > 0 else "loses"
        return (
            f"{_capital(_of(many, 'nearest'))}, {surest}, {gains} {abs(reading.value):.4f} "
            f"nats a prediction on the last {reading.n:,}; what is sure is {_nats(reading.low)}, "
            f"and the policy fires above {reading.margin:.4f}: {_way(reading)}."
        )
    said = (
        f"{_capital(_of(many, 'surest'))}, {surest}, is surely better: it would have saved "
        f"{reading.value:.4f} nats a prediction on the last {reading.n:,}, at least "
        f"{_nats(reading.low)}, where {reading.margin:.4f} is asked for."
    )
    best = decision.winner.key
    if best == reading.what:
        return f"{said} It is fitted on what is known now."
    saved = state.gains[best].whole.mean
    return (
        f"{said} {_capital(name(best))} saved most since the last change of champion, "
        f"{saved:.4f}, and is fitted."
    )


def _rests(rules: Rules, state: State, check: Check, decision: Decision) -> str:
    many, champion = state.refused, check.champion.version
    retrains = "a retrain" if many == 1 else f"{many} retrains"
    return (
        f"It rests: {retrains} that it asked for left {champion} champion, so it fires again no "
        f"sooner than {rules.patience(many):,} events after the last one, "
        f"{decision.rests:,} from now."
    )


def _of(many: int, which: str) -> str:
    return "the challenger" if many == 1 else f"the {which} of {many} challengers"


def _way(reading: Reading) -> str:
    return f"{_share(reading.share, 0)} of the way"


def _share(value: float, decimals: int = 1) -> str:
    return f"{value * 100:.{decimals}f}{_NBSP}%".replace("-", _MINUS)


def _nats(value: float) -> str:
    return f"{value:.4f}".replace("-", _MINUS)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
