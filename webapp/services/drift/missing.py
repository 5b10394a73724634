"""What a version came without, so that a comparison says less, and the command that adds it."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.grammar import quantity
from webapp.services.drift.answer import DriftReport, NoAnswer, Scope
from webapp.services.drift.first_outcomes import FIRST
from webapp.services.traffic import windows
from webapp.services.traffic.store_command import store_command


@dataclass(frozen=True)
class Missing:
    """A sentence on what is missing, and the command that adds it."""

    text: str
    command: str


def find_missing(answer: DriftReport | NoAnswer) -> Missing | None:
    """What a comparison lacks that the version could have; None if nothing."""
    scope = answer.scope
    text = ""
    if scope.is_without_counts and scope.baseline_name in (windows.PREVIOUS, windows.TRAINING):
        text = f"{scope.version} came without training counts"
        if not isinstance(answer, NoAnswer):
            text += ", so it is compared with the period before"
    elif not isinstance(answer, NoAnswer) and has_no_reference(answer):
        text = f"{scope.version} {describe_no_reference(scope)}"
    return Missing(f"{text}.", store_command(scope.version)) if text else None


def has_no_reference(report: DriftReport) -> bool:
    """True if only rows are known that the version was fitted on."""
    return report.result.performance.reference is None


def describe_no_reference(scope: Scope) -> str:
    """Why there is nothing to hold performance against, after the version's name."""
    text = "came without a cross-validation"
    if scope.first is None:  # a file has no traffic before it
        return text
    n = scope.first.n
    verb = "is" if n == 1 else "are"
    return (
        f"{text}, and {quantity(n, 'outcome')} of its traffic {verb} known: later ones are "
        f"held against the first {FIRST:,}"
    )
