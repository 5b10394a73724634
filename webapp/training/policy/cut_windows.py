"""Which windows a policy cuts at the last change of what the inputs say of the outcome."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

# The windows that reach back no further than the last change
CutWindows = Literal["none", "numbered", "every"]


def cut_windows(policy: str, windows: Iterable[Any]) -> CutWindows:
    """The windows that a policy cuts at the last change; ``windows`` as texts, numbers or ``all``.

    ``periodic`` takes them as they are. Where ``on_gain`` has windows to choose from, ``all`` stays
    all: what a change makes useless to one estimator may be of use to another, and the evidence
    decides between them.
    """
    if policy not in ("on_error", "on_gain"):
        return "none"
    names = {str(window) for window in windows}
    return "numbered" if policy == "on_gain" and names - {"all"} else "every"
