"""The tables beside the event log, one module and one class each.

- ``alerts``: changes of the drift verdict and promotions, to be delivered to a webhook
- ``checks``: runs of the retraining policy, with what they decided
- ``class_choices``: which of a model's classes people chose as the positive one
- ``ended_sessions``: sessions that were signed out
- ``jobs``: background jobs, their progress and results
- ``ledger``: promotions; the last one names the champion
- ``registry_alias``: the last agreed state of a registry's champion alias
- ``uploads``: counts of labelled files that versions were compared on
"""
