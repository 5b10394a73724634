"""Processes and the layer around requests: supervisor, gunicorn, headers, logs, metrics."""
