"""Use cases that pages, API and commands share."""
