"""Training: labelled rows to counts, counts to a model, a model to a version.

Runs in processes of its own (the command, a job's child); web processes never import it.
"""
