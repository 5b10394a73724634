"""Prepared versions as pages, API and CLI see them: light, read-only, always up to date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Protocol

from webapp.catalog.prepared import Prepared

# ready: served; preparing: its table is being computed; unavailable: refused or failed, see reason
Status = Literal["ready", "preparing", "unavailable"]

_UNSAFE = ("pickle", "reviewed list")  # what refusals of catalog.trust speak of
VERSION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Version:
    """One model version. ``prepared`` is there exactly when the status is ready."""

    name: str
    status: Status
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    prepared: Prepared | None = None

    @property
    def refused(self) -> bool:
        """Was it refused for what loading it could run? The mend is in the reason."""
        return any(word in (self.reason or "") for word in _UNSAFE)


class Catalog(Protocol):
    """Where the versions come from. One instance a process; methods are safe in threads."""

    def versions(self) -> tuple[Version, ...]:
        """Every version, by name."""
        ...

    def get(self, name: str) -> Version | None:
        """The version of that name, or None."""
        ...
