"""The event log: what was predicted, what came of it, and who was champion when.

The only importer of SQLAlchemy. Every change of ``events`` changes ``counts`` in the same
transaction, so that ``counts`` always equals the GROUP BY of ``events`` (``everycase check``).
"""
