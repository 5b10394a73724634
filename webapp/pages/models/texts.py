"""Texts that several cards of the Models page share."""

from __future__ import annotations

POLICY_CARD = "Retraining policy"
BACKTEST_CARD = "Backtest of the policies"
VERSIONS_CARD = "Versions"
LEDGER_CARD = "Promotion ledger"
UNKNOWN = "unknown"
NO_COMPARISON = "so versions can't be compared"
POLICIES = {
    "never": "never retrains automatically.",
    "periodic": "retrains after a fixed number of outcomes.",
    "on_error": "retrains when the champion is clearly worse than at its training.",
    "on_gain": "retrains when a challenger clearly beats the champion.",
}
JOBS = {"retrain": "Retraining", "backtest": "Backtest"}
