"""One check of the retraining policy, from matured outcomes to a promotion."""
