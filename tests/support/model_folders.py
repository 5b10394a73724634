"""Folders of models made by hand, and preparers that need no mlflow."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.support.versions import counts_for, scores_for
from webapp.cases import Features
from webapp.catalog.digest import OWN_FOLDER, model_digest
from webapp.catalog.prepared import Facts, write_prepared
from webapp.catalog.preparer import Preparer, Runner
from webapp.limited_process import ChildResult

THREE = Features(("a", "b", "c"))
RULES = "rules of the tests"


def make_model(
    models: Path, name: str, content: str = "weights", *, is_carried: bool = False
) -> Path:
    """A model's folder; with ``is_carried`` it brings its score table along."""
    folder = models / name
    (folder / "data").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {sklearn: {}}\n")
    (folder / "data" / "weights").write_text(content)
    if is_carried:
        carry(folder)
    return folder


def carry(folder: Path, scores: NDArray[np.float64] | None = None, **facts: Any) -> None:
    """Give a model's folder its prepared version; ``facts`` replace the usual ones."""
    values = {"digest": model_digest(folder), "features": THREE.names, **facts}
    table = None if values.get("reason") else scores_of(folder) if scores is None else scores
    write_prepared(folder / OWN_FOLDER, Facts(**values), table, counts_for(THREE))


def scores_of(folder: Path) -> NDArray[np.float64]:
    """What the hand-made model in a folder answers: it depends on its weights."""
    seed = sum((folder / "data" / "weights").read_bytes())
    return scores_for(THREE, seed)


def answering(folder: Path, place: Path) -> ChildResult:
    """A runner that does what the real one does with a good model."""
    facts = Facts(model_digest(folder), THREE.names, flavor="sklearn", seconds=0.5)
    write_prepared(place, facts, scores_of(folder), counts_for(THREE))
    return ChildResult(b"")


def refusing(reason: str) -> Runner:
    """A runner that finds a reason not to serve a model."""

    def run(folder: Path, place: Path) -> ChildResult:
        write_prepared(place, Facts(model_digest(folder), reason=reason))
        return ChildResult(b"")

    return run


def ending(reason: str) -> Runner:
    """A runner whose process was ended, or ended itself, before it left anything."""
    return lambda _folder, _place: ChildResult(b"", reason)


def preparer(run: Runner = answering) -> Preparer:
    """A preparer without a counter."""
    return Preparer(run, RULES)


class Counting:
    """A runner that keeps a list of the models that it was given."""

    def __init__(self, run: Callable[[Path, Path], ChildResult] = answering) -> None:
        self.run = run
        self.asked: list[str] = []

    def __call__(self, folder: Path, place: Path) -> ChildResult:
        self.asked.append(folder.name)
        return self.run(folder, place)


def change_facts(place: Path, **values: Any) -> None:
    """Change a prepared version's facts by hand."""
    facts = json.loads((place / "facts.json").read_text())
    (place / "facts.json").write_text(json.dumps(facts | values))
