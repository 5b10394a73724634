"""Marks of verdicts on the Compare page."""

from __future__ import annotations

from dash import html

from webapp.components.chips import chip
from webapp.services.compare.words import VERDICTS
from webapp.services.traffic.advice import Action
from webapp.stats.verdicts import Choice

TONES: dict[Choice, str] = {
    "better": "good",
    "worse": "bad",
    "no difference that matters": "unsure",
    "not enough evidence": "unsure",
}
_MARKS: dict[Choice, str] = {
    "better": "✓",
    "worse": "▼",
    "no difference that matters": "=",
    "not enough evidence": "?",
}
_ACTIONS: dict[Action, tuple[str, str]] = {
    "Promote": ("good", "✓"),
    "Retrain": ("bad", "▼"),
    "Watch": ("unsure", "?"),
    "Keep": ("unsure", "="),
    "Wait": ("unsure", "?"),
}
OVERLAP = "trained on some of these"  # under a version that was; the same in forests and tables


def verdict_chip(verdict: Choice) -> html.Span:
    """An icon and a word."""
    return chip(VERDICTS[verdict], TONES[verdict], _MARKS[verdict])


def action_chip(action: Action) -> html.Span:
    """The advice in a word."""
    return chip(action, *_ACTIONS[action])


def overlap_chip() -> html.Span:
    """The chip in place of a verdict where a version was trained on these events."""
    return chip("Trained on these", "unsure", "–")


def no_verdict_chip() -> html.Span:
    """The chip in place of a verdict where the labels of a file can't be trusted."""
    return chip("No verdict", "unsure", "–")
