"""An exported version: its score table and facts, checked by their digests."""

from __future__ import annotations

import sys
from array import array

from .rules import Inputs, check_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 1
FACTS, TABLE, SUMS = "version.json", "scores.f64", "SHA256SUMS"


class BundleError(ValueError):
    """The exported files can't be used; the message says why."""


class Model(Inputs):
    """One version: its name, inputs, and P(label = 1) for every case in ``scores``.

    ``positive`` is the class that label 1 stands for, None where the model doesn't name it.
    """

    def __init__(self, facts: dict[str, Any], scores: array[float]) -> None:
        self.name: str = facts["version"]
        self.names = tuple(facts["features"])
        self.base_rate: float | None = facts["base_rate"]
        self.positive: str | None = facts.get("positive")  # absent in older bundles
        self.digest: str = facts["digest"]
        self.scores = scores


def pack_scores(scores: array[float]) -> bytes:
    """A score table as bytes: little-endian doubles, the same on every machine."""
    table = array("d", scores)
    if sys.byteorder == "big":
        table.byteswap()
    return table.tobytes()


def load_model(folder: str) -> Model:
    """The version in a folder, checked by its digests. Raises BundleError."""
    import json

    facts_bytes, table_bytes = _read_checked(folder)
    try:
        facts = json.loads(facts_bytes)
        if facts["format"] != FORMAT:
            raise ValueError(f"it has format {facts['format']}, and format {FORMAT} is needed")
        scores = array("d", table_bytes)
        if sys.byteorder == "big":
            scores.byteswap()
        model = Model(facts, scores)
        check_names(model.names)
        if len(scores) != model.cases:
            raise ValueError(f"it has {len(scores)} scores for {model.cases} cases")
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{FACTS} can't be used: {error}. {_FIX}") from None
    return model


_FIX = "Export the version again: everycase export"


def _read_checked(folder: str) -> tuple[bytes, bytes]:
    """The contents of FACTS and TABLE, with the digests in SUMS. Raises BundleError."""
    from hashlib import sha256

    contents = []
    try:
        with open(f"{folder}/{SUMS}", encoding="ascii") as file:  # noqa: PTH123 - pathlib costs 5 ms
            sums = {name: digest for digest, name in map(str.split, file)}
        for name in (FACTS, TABLE):
            with open(f"{folder}/{name}", "rb") as file:  # noqa: PTH123
                content = file.read()
            if sha256(content).hexdigest() != sums.get(name):
                raise BundleError(f"{name} was changed after it was exported. {_FIX}")
            contents.append(content)
    except (OSError, ValueError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(f"{folder} holds no exported version: {error}. {_FIX}") from None
    return contents[0], contents[1]
