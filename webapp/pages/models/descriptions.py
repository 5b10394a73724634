"""What a version is and was trained on, in a few words, from facts that may hold anything."""

from __future__ import annotations

import re
from collections.abc import Mapping

from webapp.cases import shorten
from webapp.catalog.environment import FROM_TABLE
from webapp.catalog.prepared import Facts, Prepared
from webapp.catalog.versions import Version
from webapp.services.formatting import short_day
from webapp.services.traffic.training_overlap import trained_until

_KINDS = {
    "logit": "logistic regression",
    "logit2": "logistic regression, pairs",
    "hgb": "gradient boosting",
}
_FLAVORS = {"sklearn": "scikit-learn", "keras": "Keras", "python_function": "Python model"}
_ROWS = re.compile(r"(\d+):(\d+)")
_SAVED = re.compile(r"Saved with (.+) (\S+); this is (\S+)\.")


def kind(prepared: Prepared | None) -> str:
    """The kind of estimator."""
    if prepared is None:
        return ""
    facts = prepared.facts
    estimator = facts.training.get("estimator")
    if estimator == "keras":
        return _network(facts.training.get("parameters"))
    if isinstance(estimator, str) and estimator:
        return _KINDS.get(estimator, shorten(estimator))
    return _FLAVORS.get(facts.flavor, shorten(facts.flavor) if facts.flavor else "")


def _network(parameters: object) -> str:
    hidden = parameters.get("hidden") if isinstance(parameters, Mapping) else None
    if not isinstance(hidden, (list, tuple)) or not hidden:
        return "Keras"
    return f"Keras, {len(hidden)} layer{'s' if len(hidden) > 1 else ''}"


def trained_on(facts: Facts) -> tuple[str, str]:
    """What it was trained on, and how many events that were."""
    training = facts.training
    n = training.get("n")
    many = f"{n:,} events" if isinstance(n, int) else ""
    rows = _ROWS.fullmatch(str(training.get("rows") or ""))
    if rows:
        return f"rows {int(rows[1]):,}–{int(rows[2]):,}", many
    return _period(facts) or ("" if many else "not known"), many


def _period(facts: Facts) -> str:
    """Until when it was trained on the log, where it was."""
    until = trained_until(facts)
    if until is None:
        return ""
    simulated = "simulated " if "simulated" in str(facts.training.get("source")) else ""
    return f"{simulated}traffic to {short_day(until)}"


def environment(version: Version) -> tuple[str, str]:
    """Whether the libraries are those that it was saved with: good, bad or unsure; and in words."""
    assert version.prepared is not None
    found = [_SAVED.fullmatch(warning) for warning in version.warnings]
    differing = [f"{m[1]} {m[2]} when saved, {m[3]} here" for m in found if m]
    if differing:
        return "bad", "; ".join(differing)
    if from_table(version) or not version.prepared.facts.environment:
        return "unsure", "not checked"
    return "good", "matches"


def from_table(version: Version) -> str | None:
    """Why it is served from its stored table; None when its libraries are here."""
    for warning in version.warnings:
        if warning.startswith(FROM_TABLE):
            reason = warning.removeprefix(f"{FROM_TABLE}: ").rstrip(".")
            return reason[:1].upper() + reason[1:]
    return None


def notes(version: Version) -> list[str]:
    """What else is to be known of it."""
    return [
        warning
        for warning in version.warnings
        if not warning.startswith(FROM_TABLE) and not _SAVED.fullmatch(warning)
    ]
