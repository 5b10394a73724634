"""How each version looks: one colour and dash on every page, kept when others come and go."""

from __future__ import annotations

from collections.abc import Sequence

from webapp.services.context import Services


def place_versions(services: Services, names: Sequence[str]) -> dict[str, int]:
    """The places of these versions in the list of looks, which they keep for ever.

    All versions of the catalog get theirs in the order in which they were made, so the first ones
    differ most.
    """
    versions = sorted(
        services.catalog.versions(), key=lambda version: (version.created or 0, version.name)
    )
    every = [version.name for version in versions if version.prepared]
    return services.looks.places([*every, *(name for name in names if name not in every)])
