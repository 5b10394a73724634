"""Limits on preparing one model, and what of it may be loaded or run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PrepareLimits:
    """Limits on preparing one model, and whether pickle may be loaded and code be run."""

    seconds: float = 120
    megabytes: int = 4096
    allow_pickle: bool = False
    allow_code: bool = True  # that comes with a model

    @property
    def flags(self) -> list[str]:
        """Options of the short processes."""
        flags = ["--allow-pickle"] if self.allow_pickle else []
        return flags + ([] if self.allow_code else ["--no-code"])
