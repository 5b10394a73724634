"""What the Predict page shows for a link, and the tables that its script predicts from."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features, shorten
from webapp.catalog.prepared import Prepared
from webapp.catalog.versions import Version
from webapp.services.context import Services
from webapp.services.predict.version_choice import VersionNotReadyError, champion, picker_order

# Parameters that mailers and social sites append to links; a link with them is not a bad link.
_TRACKING = ("utm_", "fbclid", "gclid", "msclkid", "mc_", "ref")


@dataclass(frozen=True)
class View:
    """What the Predict page shows for a link: always something, problems said beside it."""

    version: Version | None
    case: int
    problems: tuple[str, ...]

    @property
    def prepared(self) -> Prepared | None:
        """The shown version's prepared form."""
        return self.version.prepared if self.version else None


def view(services: Services, query: Mapping[str, str]) -> View:
    """What a link asks for, with sensible defaults in place of whatever can't be used."""
    wanted = {k: v for k, v in query.items() if not k.lower().startswith(_TRACKING)}
    name = wanted.pop("version", None)
    version, problems = _shown(services, name)
    if version is None or version.prepared is None:
        return View(None, 0, problems)
    case, errors = version.prepared.features.parse_partial(wanted)
    problems += tuple(f"In this link, {error}. It is ignored." for error in errors)
    return View(version, case, problems)


def with_features(view: View, on: Iterable[object]) -> View:
    """The same view with these features on, as far as its version has them."""
    if view.prepared is None:
        return view
    bits = view.prepared.features.bits
    case = sum(bits[name] for name in {str(name) for name in on} & bits.keys())
    return replace(view, case=case)


def _shown(services: Services, name: str | None) -> tuple[Version | None, tuple[str, ...]]:
    asked = services.catalog.get(name) if name else champion(services)
    if asked is not None and asked.prepared is not None:
        return asked, ()
    best = champion(services)
    if best is None or best.prepared is None:
        best = next((v for v in services.catalog.versions() if v.prepared is not None), None)
    if asked is None:
        problem = f"There is no version {shorten(name)}" if name else "There is no model yet"
    else:
        problem = f"{asked.name} is {asked.status}"
        problem += f" ({asked.reason.rstrip('.')})" if asked.reason else ""
    instead = f", so {best.name} is shown." if best else "."
    return best, (problem + instead,)


def table(services: Services, version: Version) -> dict[str, Any]:
    """Everything a browser needs to predict with a version by itself (arrays as base64).

    ``scores`` is float64[2**d], ``n`` and ``positives`` int32[2**d], little-endian.
    """
    prepared = version.prepared
    if prepared is None:
        raise VersionNotReadyError(f"{version.name} is {version.status}")
    best = champion(services)
    counts = prepared.baseline
    return {
        "version": version.name,
        "digest": prepared.facts.digest,
        "champion": best is not None and best.name == version.name,
        "features": list(prepared.features.names),
        "scores": _pack(prepared.scores, "<f8"),
        "n": None if counts is None else _pack(counts.n, "<i4"),
        "positives": None if counts is None else _pack(counts.positives, "<i4"),
        "warnings": list(version.warnings),
    }


def others(services: Services, version: Version) -> list[dict[str, Any]]:
    """Every served version for the side-by-side view, its scores only where it asks the same.

    ``scores`` are in the order of ``version``'s own cases, whatever the other's feature order.
    """
    rows = []
    for other in picker_order(services):
        if other.prepared is None or version.prepared is None:
            continue
        aligned = _aligned(other.prepared, version.prepared.features)
        rows.append(
            {
                "version": other.name,
                "champion": other == champion(services),
                "scores": None if aligned is None else _pack(aligned, "<f8"),
            }
        )
    return rows


def _aligned(prepared: Prepared, features: Features) -> NDArray[np.float64] | None:
    if prepared.features == features:
        return prepared.scores
    if set(prepared.features.names) != set(features.names):
        return None
    order = [features.names.index(name) for name in prepared.features.names]
    return prepared.scores[prepared.features.number(features.matrix()[:, order])]


def _pack(values: NDArray[Any], dtype: str) -> str:
    return base64.b64encode(values.astype(dtype).tobytes()).decode("ascii")
