"""Versions made by hand: catalogs for tests that need no model."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.prepared import Facts, Prepared
from webapp.catalog.versions import Version, VersionStatus
from webapp.stats.counts import Counts


def scores_for(features: Features, seed: int = 0) -> NDArray[np.float64]:
    """Some probability for every case."""
    return np.random.default_rng(seed).uniform(0.01, 0.99, features.cases)


def counts_for(features: Features, seed: int = 0, most: int = 9) -> Counts:
    """Some training counts; a case of none is among them."""
    rng = np.random.default_rng(seed)
    n = rng.integers(0, most, features.cases)
    n[-1] = 0
    return Counts(n.astype(np.int64), rng.binomial(n, 0.3).astype(np.int64))


def ready(
    name: str,
    features: Features | None = None,
    seed: int = 0,
    *,
    baseline: bool = True,
    warnings: tuple[str, ...] = (),
    created_at: int | None = None,
) -> Version:
    """A version that can be served."""
    features = features or Features.numbered(10)
    counts = counts_for(features, seed) if baseline else None
    facts = Facts(digest=f"digest of {name} {seed}", features=features.names)
    prepared = Prepared(facts, features, scores_for(features, seed), counts)
    return Version(name, "ready", warnings=warnings, prepared=prepared, created=created_at)


def broken(name: str, reason: str, status: VersionStatus = "unavailable") -> Version:
    """A version that can't be served."""
    return Version(name, status, reason=reason)


class HandCatalog:
    """A catalog that holds what it is given, and takes changes."""

    def __init__(self, versions: Iterable[Version]) -> None:
        self.by_name = {version.name: version for version in versions}

    def versions(self) -> tuple[Version, ...]:
        return tuple(self.by_name[name] for name in sorted(self.by_name))

    def get(self, name: str) -> Version | None:
        return self.by_name.get(name)
