"""Versions compared on the same events, in figures and in words: which one to trust."""
