"""Docs: the documents of docs/, so that links of the glossary lead on without the internet."""
