"""The gate's verdict as JSON and in words: the same in the ledger, the API and the command."""

from __future__ import annotations

from typing import Any

from webapp.grammar import NBSP, quantity
from webapp.services.formatting import number, share
from webapp.stats.gate import Gate, GateRules
from webapp.stats.rates import Interval


def as_json(gate: Gate) -> dict[str, Any]:
    """Plain values; unknown ones are null. Losses in nats, differences to the champion."""
    return {
        "verdict": gate.verdict,
        "n": gate.n,
        "champion_loss": gate.champion_loss,
        "challenger_loss": gate.challenger_loss,
        "log_loss": _interval(gate.log_loss),
        "log_loss_verdict": gate.loss_verdict,
        "auc": _interval(gate.auc),
        "auc_verdict": gate.auc_verdict,
        "churn": _interval(gate.churn),
        "churn_cap": gate.rules.churn,
        "threshold": gate.rules.threshold,
        "margin": gate.rules.margin,
        "unseen": gate.unseen,
        "more": gate.more,
        "sure": gate.sure,
        "one_sided": gate.is_one_sided,
        "versions": gate.versions,
    }


def read(form: Any) -> Gate | None:
    """Read what ``as_json`` made; None for anything else."""
    try:
        rules = GateRules(form["margin"], form["churn_cap"], form["threshold"])
        return Gate(
            form["verdict"],
            form["n"],
            form["champion_loss"],
            form["challenger_loss"],
            _read_interval(form["log_loss"]),
            form["log_loss_verdict"],
            _read_interval(form["auc"]),
            _read_interval(form["churn"]),
            form["unseen"],
            form["more"],
            rules,
            form.get("sure"),
            form.get("one_sided", False),
            form.get("auc_verdict"),
            form.get("versions", 1),
        )
    except (KeyError, TypeError, AttributeError):
        return None


def _read_interval(form: Any) -> Interval | None:
    return None if form is None else Interval(form["value"], form["low"], form["high"])


def sentence(gate: Gate, champion: str, challenger: str, *, with_policy: bool = True) -> str:
    """The verdict in one sentence: ``Keep logit_games_v1: …``

    ``with_policy`` adds the evidence that the policy gathered before the challenger was fitted.
    """
    lead = {
        "promote": f"Promote {challenger} over {champion}:",
        "ask": f"A person decides if {challenger} replaces {champion}:",
        "keep": f"Keep {champion}:",
        "not enough evidence": f"Not enough evidence to replace {champion} with {challenger}:",
    }[gate.verdict]
    return f"{lead} {_reason(gate, champion, challenger, with_policy=with_policy)}"


def _reason(gate: Gate, champion: str, challenger: str, *, with_policy: bool) -> str:
    if gate.log_loss is None:
        return f"there are no outcomes yet that {challenger} was not trained on."
    if gate.is_one_sided:
        outcomes = quantity(gate.n, "outcome")
        return f"the {outcomes} outside its training are all the same, which is no evidence."
    text = f"on {quantity(gate.n, 'outcome')} outside its training, {challenger}'s log loss is "
    text += f"{_difference(gate.log_loss, champion)}{_changes(gate)}."
    if gate.sure is not None and with_policy:
        text += f" The policy counts on a gain of {number(gate.sure, 4)} nats."
    return text + describe_versions(gate) + further_events(gate)


def refit_sentence(judged_n: int, n: int) -> str:
    """A sentence on a model that was fitted again once the gate had let its recipe pass."""
    return (
        f"What was judged had been fitted on {quantity(judged_n, 'event')}; the version is the "
        f"same recipe on {n:,}, the held-out ones included."
    )


def read_refit(form: Any) -> str:
    """The sentence of a report's ``refit``; empty without one."""
    try:
        return refit_sentence(int(form["judged_n"]), int(form["n"]))
    except (KeyError, TypeError, ValueError):
        return ""


def describe_versions(gate: Gate) -> str:
    """A sentence on the versions that are judged at once; empty for one alone."""
    if gate.versions < 2 or gate.log_loss is None:
        return ""
    return f" The intervals hold for all {gate.versions} versions that could replace it at once."


def further_events(gate: Gate) -> str:
    """A sentence on how many more outcomes would decide; empty if unknown or decided."""
    return f" About {quantity(gate.more, 'more outcome')} would decide it." if gate.more else ""


def _difference(difference: Interval, champion: str) -> str:
    """The difference to the champion: ``0.0633 lower than logit_games_v1's (…)``."""
    ends = f"[{number(difference.low, 4)},{NBSP}{number(difference.high, 4)}]"
    if difference.value == 0:
        return f"the same as {champion}'s {ends}"
    side = "lower" if difference.value < 0 else "higher"
    return f"{number(abs(difference.value), 4)} {side} than {champion}'s (difference {ends})"


def _changes(gate: Gate) -> str:
    """The decisions that change, against their limit."""
    if gate.churn is None:
        return ""
    decisions = f"{share(gate.churn.value, 1)} of decisions at {share(gate.rules.threshold)}"
    side = "within" if gate.within_cap else "above"
    joint = "but" if gate.loss_verdict == "better" and not gate.within_cap else "and"
    end = ", which a gain that held-out events show may exceed" if gate.exceeds_cap else ""
    limit = f"{side} the limit of {share(gate.rules.churn, 1)}{end}"
    return f", {joint} {decisions} change, {limit}"


def _interval(interval: Interval | None) -> dict[str, float] | None:
    if interval is None:
        return None
    return {"value": interval.value, "low": interval.low, "high": interval.high}
