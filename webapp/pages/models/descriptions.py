"""The kind of a version and its training data, in a few words, from facts that may be anything."""

from __future__ import annotations

import re
from collections.abc import Mapping

from webapp.cases import shorten
from webapp.catalog.answering import find_differences, name_versions
from webapp.catalog.environment import FROM_TABLE
from webapp.catalog.prepared import Facts, Prepared
from webapp.catalog.versions import IMPORTED, Version
from webapp.grammar import capitalize, cut, quantity
from webapp.pages.models import texts
from webapp.services.formatting import past_day
from webapp.services.traffic.training_overlap import trained_until
from webapp.training.policy.words import ESTIMATORS, estimator_title

_FLAVORS = {
    "sklearn": "scikit-learn",
    "keras": "Keras",
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
    "onnx": "ONNX",
    "python_function": "Python model",
}
_ROWS = re.compile(r"(\d+):(\d+)")
_SAVED = re.compile(r"Saved with (.+) (\S+); this is (\S+)\.")


def kind(prepared: Prepared | None) -> str:
    """The kind of estimator, and the class that its probability stands for."""
    if prepared is None:
        return ""
    parts = (_estimator(prepared.facts), _positive_class(prepared.facts))
    return ", ".join(part for part in parts if part)


def _positive_class(facts: Facts) -> str:
    if facts.outcome:
        return f"probability of {shorten(facts.outcome)}"
    return f"probability of class {shorten(facts.positive)}" if facts.positive else ""


def _estimator(facts: Facts) -> str:
    estimator = facts.training.get("estimator")
    if estimator == "keras":
        return _network(facts.training.get("parameters"))
    if isinstance(estimator, str) and estimator:
        return estimator_title(estimator) if estimator in ESTIMATORS else shorten(estimator)
    return _FLAVORS.get(facts.flavor, shorten(facts.flavor) if facts.flavor else "")


def _network(parameters: object) -> str:
    layers = parameters.get("hidden") if isinstance(parameters, Mapping) else None
    if not isinstance(layers, (list, tuple)) or not layers:
        return "Keras"
    return f"Keras, {quantity(len(layers), 'layer')}"


def trained_on(facts: Facts) -> tuple[str, str]:
    """The training data, and the number of events in it."""
    training = facts.training
    n = training.get("n")
    events = quantity(n, "event") if isinstance(n, int) else ""
    rows = _ROWS.fullmatch(str(training.get("rows") or ""))
    if rows:
        return f"rows {int(rows[1]):,}–{int(rows[2]):,}", events
    return _period(facts) or _table(facts) or ("" if events else texts.UNKNOWN), events


def _period(facts: Facts) -> str:
    """The end of its traffic, if it was trained on the log."""
    until = trained_until(facts)
    if until is None:
        return ""
    adjective = "simulated " if "simulated" in str(facts.training.get("source")) else ""
    return f"{adjective}traffic to {past_day(until)}"


def _table(facts: Facts) -> str:
    """The file of a version that was made elsewhere."""
    is_imported = facts.training.get("estimator") == IMPORTED
    return f"table {shorten(facts.training.get('source') or '')}" if is_imported else ""


def purpose(facts: Facts) -> str:
    """Why it was made, in its owner's words."""
    why = facts.training.get("why")
    return cut(why) if isinstance(why, str) else ""


def environment(version: Version) -> tuple[str, str]:
    """How the libraries compare with those it was saved with: good, bad or unsure, and in words."""
    assert version.prepared is not None
    facts = version.prepared.facts
    if facts.answered_by:
        return _own_environment(facts)
    matches = [_SAVED.fullmatch(warning) for warning in version.warnings]
    differences = [f"{m[1]} {m[2]} when saved, {m[3]} here" for m in matches if m]
    if differences:
        return "bad", "; ".join(differences)
    if from_table(version) or not facts.environment:
        return "unsure", "not checked"
    return "good", "matches"


def _own_environment(facts: Facts) -> tuple[str, str]:
    others = find_differences(facts)
    if not others:
        return "good", f"its own: {name_versions(facts.answered_by)}"
    there = {name: facts.answered_by[name] for name in others if name in facts.answered_by}
    return "bad", f"{name_versions(others)} when saved, {name_versions(there)} in its own"


def from_table(version: Version) -> str | None:
    """The reason why it is served from its stored table; None if its libraries are here."""
    for warning in version.warnings:
        if warning.startswith(FROM_TABLE):
            reason = warning.removeprefix(f"{FROM_TABLE}: ").rstrip(".")
            return capitalize(reason)
    return None


def own_code(version: Version) -> str | None:
    """That code which came with the model ran here, and where it is; None if none did."""
    code = version.prepared.facts.code if version.prepared is not None else None
    return f"Ran its own code, {code}" if code else None


def notes(version: Version) -> list[str]:
    """The warnings that no other cell shows."""
    return [
        warning
        for warning in version.warnings
        if not warning.startswith(FROM_TABLE) and not _SAVED.fullmatch(warning)
    ]
