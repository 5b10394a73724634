"""The HTTP API: ``/`` and ``/api/v1``, and what all endpoints share."""
