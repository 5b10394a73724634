"""Model versions as pages, API and commands see them: read-only and always up to date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Protocol

from webapp.catalog.prepared import Prepared

# ready: served. preparing: its table is being computed. unavailable: can't be served, see reason
VersionStatus = Literal["ready", "preparing", "unavailable"]

_UNSAFE = ("pickle", "reviewed list")  # words in the refusals of catalog.trust
VERSION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Version:
    """One model version. ``prepared`` is None unless the status is ready."""

    name: str
    status: VersionStatus
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    prepared: Prepared | None = None

    @property
    def refused(self) -> bool:
        """True if it was refused because loading it could run code. The reason has the fix."""
        return any(word in (self.reason or "") for word in _UNSAFE)


class Catalog(Protocol):
    """The source of versions. One instance per process; its methods are safe in threads."""

    def versions(self) -> tuple[Version, ...]:
        """Every version, by name."""
        ...

    def get(self, name: str) -> Version | None:
        """The version of that name, or None."""
        ...
