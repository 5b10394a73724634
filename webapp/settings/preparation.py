"""Settings of how models are prepared: limits, and what of them is loaded or run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from webapp.settings import parsers
from webapp.settings.field import setting
from webapp.settings.rights import RightsSettings


@dataclass(frozen=True)
class PreparationSettings(RightsSettings):
    """The settings of preparing model versions."""

    prepare_seconds: int = setting(
        120,
        parsers.whole(1, 3600),
        "time limit, in seconds, for preparing one model version",
    )
    prepare_mb: int = setting(
        4096,
        parsers.whole(256, 1 << 20),
        "memory limit, in MB, for preparing one model version, all of it together",
    )
    prepare_env: Literal["here", "own"] = setting(
        "here",
        parsers.one_of("here", "own"),
        "where a model is asked: here, or in its own environment, built from its requirements",
    )
    allow_pickle: bool = setting(
        False,
        parsers.flag,
        "1 loads models saved as pickle: only for a folder whose every file you trust",
    )
    allow_code: bool | None = setting(
        None,
        parsers.flag,
        "1 runs code that comes with models, 0 none; unset, that of a folder's models runs",
    )
    allow_source: bool = setting(
        False,
        parsers.flag,
        "1 builds packages of own environments that come as source alone, which runs their code",
    )
