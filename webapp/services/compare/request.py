"""A request to compare versions, from the text of a link, of the API or of the command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.cases import InputError, shorten
from webapp.services.rounding import round_amount, round_share
from webapp.services.traffic import windows
from webapp.services.traffic.source_choice import ChosenSource
from webapp.timing import DAY_MS

MAX_VERSIONS = 20
THRESHOLD, GAIN, COST = 0.2, 8.0, 1.0
BUCKETS = ("auto", "day", "week")
ROWS = ("unseen", "all")  # of a file: those that no version was trained on, or all
TRAFFIC_FIELDS = ("from", "to", "days", "source", "every")
FIELDS = (
    *("versions", "a", "b", "challenger", "from", "to", "days", "source", "every", "file", "rows"),
    *("threshold", "gain", "cost"),
)


@dataclass(frozen=True)
class CompareRequest:
    """What to compare. Times in ms since 1970, UTC, whole days; the window is [since, until).

    The first of ``versions`` is the reference. Without any, the champion is, and all others with
    the same inputs are compared with it. ``challenger`` is the version of the close-up, by default
    the best. ``file`` is the id of an uploaded file to compare on instead of traffic, and ``rows``
    which of its rows.
    """

    since: int
    until: int
    versions: tuple[str, ...] = ()
    challenger: str | None = None
    source: ChosenSource | None = None
    every: str = "auto"
    file: str | None = None
    rows: str = ROWS[0]
    threshold: float = THRESHOLD
    gain: float = GAIN
    cost: float = COST


def read_request(raw: Mapping[str, str], now: int) -> CompareRequest:
    """The request in the parameters of a link, of the API or of the command. Raises InputError."""
    for name in raw:
        if name not in FIELDS:
            raise InputError(shorten(name), f"is unknown: send {', '.join(FIELDS)}")
    params = {name: value.strip() for name, value in raw.items() if value.strip()}
    if "file" in params:
        for name in TRAFFIC_FIELDS:
            if name in params:
                raise InputError(name, "can't be combined with file")
    elif "rows" in params:
        raise InputError("rows", "is about the rows of a file: send it with file")
    since, until = windows.window(params, now)
    if since % DAY_MS or until % DAY_MS:
        raise InputError("from" if since % DAY_MS else "to", "must be a day, such as 2026-11-21")
    return CompareRequest(
        since,
        until,
        _read_versions(params),
        params.get("challenger"),
        windows.source(params.get("source", "")),
        windows.choice("every", params.get("every", "auto"), BUCKETS),
        params.get("file"),
        windows.choice("rows", params.get("rows", ROWS[0]), ROWS),
        round_share(_read_number(params, "threshold", THRESHOLD, 1.0)),
        round_amount(_read_number(params, "gain", GAIN, 1e9)),
        round_amount(_read_number(params, "cost", COST, 1e9)),
    )


def _read_versions(params: Mapping[str, str]) -> tuple[str, ...]:
    names = [name.strip() for name in params.get("versions", "").split(",") if name.strip()]
    if names and ("a" in params or "b" in params):
        raise InputError("versions", "can't be combined with a or b")
    names = names or [params[name] for name in ("a", "b") if name in params]
    repeats = {name for name in names if names.count(name) > 1}
    if repeats:
        raise InputError("versions", f"names {shorten(min(repeats))} twice")
    if len(names) > MAX_VERSIONS:
        raise InputError("versions", f"has {len(names)} names: send at most {MAX_VERSIONS}")
    return tuple(names)


def _read_number(params: Mapping[str, str], name: str, default: float, highest: float) -> float:
    text = params.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= highest:
        raise InputError(name, f"is {shorten(text)}: send a number from 0 to {highest:,.0f}")
    return value
