"""Counts that come from a data lake."""
