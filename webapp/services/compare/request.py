"""What is to be compared: from the text of a link, of the API or of the command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.cases import InputError, shorten
from webapp.db.schema import Source
from webapp.services.traffic import windows
from webapp.timing import DAY_MS

USUAL_DAYS = 28
MOST_VERSIONS = 20
THRESHOLD, GAIN, COST = 0.2, 8.0, 1.0
BUCKETS = ("auto", "day", "week")
ON_TRAFFIC = ("from", "to", "days", "source", "every")
FIELDS = (
    *("versions", "a", "b", "challenger", "from", "to", "days", "source", "every", "file"),
    *("threshold", "gain", "cost"),
)


@dataclass(frozen=True)
class Request:
    """What is compared. Times in ms since 1970, UTC, whole days; the window is [since, until).

    The first of ``versions`` is the reference; without any, the champion is, and all others that
    have its inputs are compared with it. ``challenger`` is looked at closely; by default the best.
    ``file`` is the id of an uploaded file, on which they are compared instead of traffic.
    """

    since: int
    until: int
    versions: tuple[str, ...] = ()
    challenger: str | None = None
    source: Source | None = None
    every: str = "auto"
    file: str | None = None
    threshold: float = THRESHOLD
    gain: float = GAIN
    cost: float = COST


def read(given: Mapping[str, str], now: int) -> Request:
    """From the parameters of a link, of the API or of the command. Raises InputError."""
    for name in given:
        if name not in FIELDS:
            raise InputError(shorten(name), f"is not known here: send {', '.join(FIELDS)}")
    asked = {name: value.strip() for name, value in given.items() if value.strip()}
    if "file" in asked:
        for name in ON_TRAFFIC:
            if name in asked:
                raise InputError(name, "is of traffic and comes with file: send one of them")
    since, until = windows.window(asked, now, USUAL_DAYS)
    if since % DAY_MS or until % DAY_MS:
        raise InputError("from" if since % DAY_MS else "to", "must be a day, such as 2026-11-21")
    return Request(
        since,
        until,
        _versions(asked),
        asked.get("challenger"),
        windows.source(asked.get("source", "")),
        windows.choice("every", asked.get("every", "auto"), BUCKETS),
        asked.get("file"),
        _number(asked, "threshold", THRESHOLD, 1.0),
        _number(asked, "gain", GAIN, 1e9),
        _number(asked, "cost", COST, 1e9),
    )


def _versions(asked: Mapping[str, str]) -> tuple[str, ...]:
    named = [name.strip() for name in asked.get("versions", "").split(",") if name.strip()]
    if named and ("a" in asked or "b" in asked):
        raise InputError("versions", "comes with a or b: send one of them")
    named = named or [asked[name] for name in ("a", "b") if name in asked]
    twice = {name for name in named if named.count(name) > 1}
    if twice:
        raise InputError("versions", f"names {shorten(min(twice))} twice")
    if len(named) > MOST_VERSIONS:
        raise InputError("versions", f"are {len(named)}: {MOST_VERSIONS} at most can be compared")
    return tuple(named)


def _number(asked: Mapping[str, str], name: str, usual: float, most: float) -> float:
    text = asked.get(name)
    if text is None:
        return usual
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= most:
        raise InputError(name, f"is {shorten(text)}: send a number from 0 to {most:,.0f}")
    return found
