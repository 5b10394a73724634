"""The processes and what surrounds requests: supervisor, gunicorn, headers, logs, metrics."""
