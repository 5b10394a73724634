"""Everycase: every case of a small classifier, in front of people and kept honest."""
