"""Use cases that pages, API and CLI share."""
