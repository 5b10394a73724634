"""Which version answers, and what the Predict page shows of it."""

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
from webapp.db.tables.ledger import Promotion
from webapp.events.log import now_ms
from webapp.services import Services

ARRIVAL_MS = 120_000  # in which a new champion reaches every machine
# Parameters that mailers and social sites append to links; a link with them is not a bad link.
_TRACKING = ("utm_", "fbclid", "gclid", "msclkid", "mc_", "ref")


class UnknownVersionError(LookupError):
    """No version has that name; ``field`` says what asked for it."""

    def __init__(self, message: str, field: str = "version") -> None:
        super().__init__(message)
        self.field = field


class VersionNotReadyError(LookupError):
    """The version is there and can't answer now; the message says why.

    ``lasting``: it was asked for by name, and waiting won't help.
    """

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting


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


def champion(services: Services) -> Version | None:
    """The version that answers when none is named: the one that was promoted last.

    Until one is, it is the default; a folder that doesn't hold that at all is somebody's own, and
    its first ready version answers. A champion that is broken or gone is never replaced silently.
    """
    promoted = services.ledger.champion()
    if promoted is not None:
        found = services.catalog.get(promoted.version)
        if found is None or found.status == "preparing":
            before = _on_its_way(services, promoted)
            return before or found or _missing(services, promoted.version)
        return found
    version = services.catalog.get(services.champion)
    if version is not None:
        return version
    return next((v for v in services.catalog.versions() if v.status == "ready"), None)


def _missing(services: Services, name: str) -> Version:
    """A champion that the ledger names and nobody has, with the likely reason."""
    reason = "it is not in the models folder"
    if services.forgets_models:
        reason += " (what was made on a dyno went with its disk: set MODELS_URI)"
    return Version(name, "unavailable", reason)


def _on_its_way(services: Services, promoted: Promotion) -> Version | None:
    """Who answers while a new champion is on its way to this machine, or is being prepared here:
    the one before it, for two minutes at most. None: nobody.
    """
    if promoted.previous is None or now_ms() - promoted.at > ARRIVAL_MS:
        return None
    before = services.catalog.get(promoted.previous)
    return before if before is not None and before.prepared is not None else None


def resolve(services: Services, name: str | None) -> tuple[str, Prepared]:
    """The version of that name, or the champion: its own name, and what it answers with.

    Raises UnknownVersionError and VersionNotReadyError.
    """
    version = services.catalog.get(name) if name else champion(services)
    if version is None and name:
        raise UnknownVersionError(f"there is no version {shorten(name)}")
    if version is None:
        raise VersionNotReadyError("no version is ready to answer")
    if version.prepared is None:
        raise VersionNotReadyError(
            f"{version.name} is {version.status}: {version.reason or 'wait'}",
            lasting=bool(name) and version.status == "unavailable",
        )
    return version.name, version.prepared


def find(services: Services, name: str | None) -> Prepared:
    """What ``resolve`` finds to answer with."""
    return resolve(services, name)[1]


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


def picker_order(services: Services) -> list[Version]:
    """All versions for a list: champion first, then the served ones, then the others by name."""
    best = champion(services)
    return sorted(
        services.catalog.versions(),
        key=lambda v: (best is None or v.name != best.name, v.prepared is None, v.name),
    )


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
