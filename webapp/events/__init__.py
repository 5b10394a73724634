"""The event log: predictions and their outcomes, and how often each case occurred.

Every change of ``events`` changes ``counts`` in the same transaction, so ``counts`` always equals
the GROUP BY of ``events``, plus what lakes contributed (``everycase check`` verifies it).

- ``log``: ``EventLog``, which the services use
- ``record``: the SQL that writes events and counts
- ``group_commit``: threads that write at the same time share a transaction
- ``fast_insert``: a few new events in a single statement
- ``labels``: outcomes of recorded events
- ``external``: predictions made elsewhere, recorded once each
- ``counts``: counts of periods as arrays, with a cache
- ``matured``: events whose outcome is known, and those that are new since a check
- ``integrity``: check and rebuild ``counts``
- ``lake/``: counts that come from a data lake
"""
