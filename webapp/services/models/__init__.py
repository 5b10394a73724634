"""The champion: evidence, promotion, retraining policy, jobs."""
