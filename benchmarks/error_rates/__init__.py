"""How often the verdicts on drift and harm are false, and what their intervals cover."""
