"""Counts that come from a data lake, as part of ``counts`` under the source ``lake``.

- ``counts``: record, replace and remove the days of a dataset
- ``corrections``: changes by recounting that aren't new evidence for retraining
- ``integrity``: check and repair the days
"""
