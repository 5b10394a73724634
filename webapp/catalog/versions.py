"""Model versions as pages, API and commands see them: read-only and always up to date."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, Protocol

from webapp.catalog.prepared import Prepared

# ready: served. preparing: its table is being computed. needs a choice: a person must say which of
# its classes is the positive one. unavailable: can't be served, see reason
VersionStatus = Literal["ready", "preparing", "needs a choice", "unavailable"]

_UNSAFE = ("pickle", "reviewed list")  # words in the refusals of catalog.trust
IMPORTED = "imported table"  # in place of an estimator, for what was made elsewhere
VERSION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FOREIGN = re.compile(r"[^A-Za-z0-9._-]+")


def suggest_name(name: str) -> str:
    """The most similar name that a version can have: ``churn_v1`` for ``churn v1``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return _FOREIGN.sub("_", plain).strip("._-")[:100] or "model_v1"


@dataclass(frozen=True)
class Version:
    """One model version. ``prepared`` is None unless the status is ready.

    ``created`` is when the model was made, in ms since 1970; None if nothing says so.
    """

    name: str
    status: VersionStatus
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    prepared: Prepared | None = None
    digest: str = ""  # of its model's files
    classes: tuple[str, ...] = ()  # those of which a person can choose the positive one

    created: int | None = None

    @property
    def standing(self) -> str:
        """What it does instead of answering, for the middle of a sentence: ``is preparing``."""
        return self.status if self.status == "needs a choice" else f"is {self.status}"

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
