"""A version as it was exported: its score table and facts, whole or not at all."""

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
    """The files beside these modules can't be used, and why."""


class Model(Inputs):
    """One version: P(label = 1) for every case, and where it comes from."""

    def __init__(self, facts: dict[str, Any], scores: array[float]) -> None:
        self.name: str = facts["version"]
        self.names = tuple(facts["features"])
        self.base_rate: float | None = facts["base_rate"]
        self.digest: str = facts["digest"]
        self.scores = scores


def pack_scores(scores: array[float]) -> bytes:
    """A table as bytes: little-endian doubles, so that every machine reads the same."""
    table = array("d", scores)
    if sys.byteorder == "big":
        table.byteswap()
    return table.tobytes()


def load_model(folder: str) -> Model:
    """The version in a folder, its checksums verified. Raises BundleError."""
    import json

    facts_bytes, table_bytes = _read_checked(folder)
    try:
        facts = json.loads(facts_bytes)
        if facts["format"] != FORMAT:
            raise ValueError(f"it is of format {facts['format']}, these modules read {FORMAT}")
        scores = array("d", table_bytes)
        if sys.byteorder == "big":
            scores.byteswap()
        model = Model(facts, scores)
        check_names(model.names)
        if len(scores) != model.cases:
            raise ValueError(f"it has {len(scores)} scores for {model.cases} cases")
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{FACTS} can't be used: {error}. {_MEND}") from None
    return model


_MEND = "Export the version again: everycase export"


def _read_checked(folder: str) -> tuple[bytes, bytes]:
    """The contents of FACTS and TABLE, as SUMS says they must be."""
    from hashlib import sha256

    contents = []
    try:
        with open(f"{folder}/{SUMS}", encoding="ascii") as file:  # noqa: PTH123 - pathlib costs 5 ms
            sums = {name: digest for digest, name in map(str.split, file)}
        for name in (FACTS, TABLE):
            with open(f"{folder}/{name}", "rb") as file:  # noqa: PTH123
                content = file.read()
            if sha256(content).hexdigest() != sums.get(name):
                raise BundleError(f"{name} was changed after it was exported. {_MEND}")
            contents.append(content)
    except (OSError, ValueError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(f"{folder} holds no exported version: {error}. {_MEND}") from None
    return contents[0], contents[1]
