"""Reusable layout builders."""
