"""Everycase: small classifiers served as tables of all their cases, and kept honest."""
