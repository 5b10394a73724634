"""The gate's verdict as JSON and in words: the same in the ledger, the API and the command."""

from __future__ import annotations

from typing import Any

from webapp.services.formatting import NBSP, number, share
from webapp.stats.gate import Gate, Rules
from webapp.stats.rates import Interval


def as_json(gate: Gate) -> dict[str, Any]:
    """Plain values; what can't be told is null. Losses in nats, differences to the champion."""
    return {
        "verdict": gate.verdict,
        "n": gate.n,
        "champion_loss": gate.champion_loss,
        "challenger_loss": gate.challenger_loss,
        "log_loss": _interval(gate.log_loss),
        "log_loss_verdict": gate.loss_verdict,
        "auc": _interval(gate.auc),
        "churn": _interval(gate.churn),
        "churn_cap": gate.rules.churn,
        "threshold": gate.rules.threshold,
        "margin": gate.rules.margin,
        "unseen": gate.unseen,
        "more": gate.more,
        "sure": gate.sure,
    }


def read(form: Any) -> Gate | None:
    """The opposite of ``as_json``; None for what it did not make."""
    try:
        rules = Rules(form["margin"], form["churn_cap"], form["threshold"])
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
        )
    except (KeyError, TypeError, AttributeError):
        return None


def _read_interval(form: Any) -> Interval | None:
    return None if form is None else Interval(form["value"], form["low"], form["high"])


def sentence(gate: Gate, champion: str, challenger: str) -> str:
    """``Keep logit_games_v1: …``"""
    lead = {
        "promote": f"Promote {challenger} over {champion}:",
        "keep": f"Keep {champion}:",
        "not enough evidence": f"Not enough evidence to replace {champion} by {challenger}:",
    }[gate.verdict]
    return f"{lead} {_why(gate)}"


def _why(gate: Gate) -> str:
    if gate.log_loss is None:
        return "there is no matured event that it was not trained on."
    told = f"on {gate.n:,} matured events that it was not trained on, its log loss is "
    told += f"{_against(gate.log_loss)}{_churn(gate)}."
    if gate.sure is not None:
        told += f" The policy's own evidence: a gain of at least {number(gate.sure, 4)} nats."
    if gate.more:
        told += f" About {gate.more:,} more would settle it."
    return told


def _against(difference: Interval) -> str:
    ends = f"[{number(difference.low, 4)},{NBSP}{number(difference.high, 4)}]"
    if difference.value == 0:
        return f"the same {ends}"
    side = "lower" if difference.value < 0 else "higher"
    return f"{number(abs(difference.value), 4)} {side} (difference {ends})"


def _churn(gate: Gate) -> str:
    if gate.churn is None:
        return ""
    told = f", and {share(gate.churn.value, 1)} of the decisions at {share(gate.rules.threshold)}"
    cap = "within" if gate.within_cap else "above"
    return f"{told} change side, {cap} the cap of {share(gate.rules.churn, 1)}"


def _interval(found: Interval | None) -> dict[str, float] | None:
    if found is None:
        return None
    return {"value": found.value, "low": found.low, "high": found.high}
