"""The Predict page's view of a link, and the tables that its script predicts from."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import ContradictionError, Features, InputError, shorten
from webapp.catalog.prepared import Prepared
from webapp.catalog.versions import Version
from webapp.grammar import explain_ignored
from webapp.services.context import Services
from webapp.services.predict.story import opening_case
from webapp.services.predict.version_choice import VersionNotReadyError, champion, picker_order
from webapp.services.version_looks import place_versions

# Parameters that mailers and social sites append to links: no reason to complain.
_TRACKING = ("utm_", "fbclid", "gclid", "msclkid", "mc_", "ref")


@dataclass(frozen=True)
class PredictView:
    """The version and case that a link asks for, and messages about what it got wrong."""

    version: Version | None
    case: int
    problems: tuple[str, ...]

    @property
    def prepared(self) -> Prepared | None:
        """The version's prepared form."""
        return self.version.prepared if self.version else None


def view(services: Services, query: Mapping[str, str]) -> PredictView:
    """The view that a link asks for, with defaults for what it lacks or has wrong."""
    params = {k: v for k, v in query.items() if not k.lower().startswith(_TRACKING)}
    is_bare = not params
    version, problems = _choose_version(services, params.pop("version", None))
    if version is None or version.prepared is None:
        return PredictView(None, 0, problems)
    features = version.prepared.features
    if is_bare:
        return PredictView(version, opening_case(version.prepared), problems)
    case, errors = features.parse_partial(params)
    problems += tuple(_explain(name, params[name], features, errors[name]) for name in errors)
    return PredictView(version, case, problems)


def _explain(name: str, value: str, features: Features, error: InputError) -> str:
    """The message about a parameter of the link that can't be used."""
    names = features.names
    if features.find_name(name) is not None:
        text = f"{shorten(name)}={shorten(value)}"
        is_second = isinstance(error, ContradictionError)
        return explain_ignored(text, error.problem if is_second else "isn't 0 or 1")
    inputs = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
    return f"This model has no input {shorten(name)} (it has {inputs}), so it was ignored."


def with_features(view: PredictView, on: Iterable[object]) -> PredictView:
    """The same view with these features on; names that its version lacks are left out."""
    if view.prepared is None:
        return view
    bits = view.prepared.features.bits
    case = sum(bits[name] for name in {str(name) for name in on} & bits.keys())
    return replace(view, case=case)


def _choose_version(services: Services, name: str | None) -> tuple[Version | None, tuple[str, ...]]:
    """The version of that name, the champion, or any that is ready; and why not the first."""
    choice = services.catalog.get(name) if name else champion(services)
    if choice is not None and choice.prepared is not None:
        return choice, ()
    best = champion(services)
    if best is None or best.prepared is None:
        best = next((v for v in services.catalog.versions() if v.prepared is not None), None)
    if choice is None:
        problem = f"There is no version {shorten(name)}" if name else "There is no model yet"
    else:
        problem = f"{choice.name} {choice.standing}"
        problem += f" ({choice.reason.rstrip('.')})" if choice.reason else ""
    instead = f", so {best.name} is shown." if best else "."
    return best, (problem + instead,)


def table(services: Services, version: Version) -> dict[str, Any]:
    """Everything that a browser needs to predict with a version, arrays as base64.

    ``scores`` is float64[2**d], ``n`` and ``positives`` int32[2**d], little-endian.
    """
    prepared = version.prepared
    if prepared is None:
        raise VersionNotReadyError(f"{version.name} {version.standing}")
    best = champion(services)
    counts = prepared.baseline
    return {
        "version": version.name,
        "digest": prepared.facts.build,
        "champion": best is not None and best.name == version.name,
        "opening": _opening(best),
        "features": list(prepared.features.names),
        "scores": _pack(prepared.scores, "<f8"),
        "n": None if counts is None else _pack(counts.n, "<i4"),
        "positives": None if counts is None else _pack(counts.positives, "<i4"),
        "warnings": list(version.warnings),
    }


def _opening(best: Version | None) -> list[str]:
    """The inputs that are on at an address without any parameter."""
    if best is None or best.prepared is None:
        return []
    return list(best.prepared.features.owned(opening_case(best.prepared)))


def others(services: Services, version: Version) -> list[dict[str, Any]]:
    """Every served version for the side-by-side view, with scores if its inputs are the same.

    A version that stands for the other class has none, either.

    ``scores`` are in the order of ``version``'s cases, whatever the order of its features. With its
    ``counts`` a version can be shown without asking again; None if it can't, "shown" if they are
    ``version``'s. ``look`` is the place of its colour in the list of looks.
    """
    rows = []
    versions = picker_order(services)
    looks = place_versions(services, [other.name for other in versions])
    for other in versions:
        if other.prepared is None or version.prepared is None:
            continue
        scores = None
        if not other.prepared.facts.opposes(version.prepared.facts):
            scores = _align_scores(other.prepared, version.prepared.features)
        rows.append(
            {
                "version": other.name,
                "champion": other == champion(services),
                "digest": other.prepared.facts.build,
                "look": looks[other.name],
                "counts": _counts(other.prepared, version.prepared),
                "scores": None if scores is None else _pack(scores, "<f8"),
            }
        )
    return rows


def _counts(prepared: Prepared, first: Prepared) -> dict[str, str | None] | str | None:
    """The training counts of a version that differs from the one shown in its numbers alone."""
    facts = prepared.facts
    if prepared.features != first.features or facts.outcome != first.facts.outcome:
        return None
    mine, other = prepared.baseline, first.baseline
    if mine is None:
        return {"n": None, "positives": None}
    if other is not None and np.array_equal((mine.n, mine.positives), (other.n, other.positives)):
        return "shown"
    return {"n": _pack(mine.n, "<i4"), "positives": _pack(mine.positives, "<i4")}


def _align_scores(prepared: Prepared, features: Features) -> NDArray[np.float64] | None:
    """Scores float64[2**d] by the case numbers of ``features``; None if the inputs differ."""
    if prepared.features == features:
        return prepared.scores
    if set(prepared.features.names) != set(features.names):
        return None
    order = [features.names.index(name) for name in prepared.features.names]
    return prepared.scores[prepared.features.number(features.matrix()[:, order])]


def _pack(values: NDArray[Any], dtype: str) -> str:
    return base64.b64encode(values.astype(dtype).tobytes()).decode("ascii")
