"""Which part of the traffic is asked about: version, sources, window, baseline; from text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from webapp.cases import InputError, shorten
from webapp.db.schema import SOURCES, Grain, Source
from webapp.events.log import HOURS_KEPT_MS
from webapp.stats.verdicts import MARGIN
from webapp.timing import DAY_MS, HOUR_MS

DAYS = 14
MOST_DAYS = 3660
REAL: tuple[Source, ...] = tuple(source for source in SOURCES if source != "demo")
TRAINING, PREVIOUS, WEEK_BEFORE = "training", "previous", "week-before"
BUCKETS = ("auto", "hour", "day", "week")
FIELDS = ("version", "from", "to", "days", "source", "baseline", "margin", "every")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Question:
    """What is asked about. Times in ms since 1970, UTC; the window is [since, until).

    ``source`` is empty for all real traffic, and for simulated traffic where there is no other.
    """

    since: int
    until: int
    version: str | None = None
    source: Source | None = None
    baseline: str = TRAINING  # or previous, week-before, or the name of a version
    margin: float = MARGIN
    every: str = "auto"

    @property
    def grain(self) -> Grain:
        """Days, unless the window begins or ends within one."""
        return "day" if self.since % DAY_MS == self.until % DAY_MS == 0 else "hour"

    @property
    def before(self) -> tuple[int, int] | None:
        """The period that is the baseline, if one is."""
        back = {PREVIOUS: self.until - self.since, WEEK_BEFORE: 7 * DAY_MS}.get(self.baseline)
        return None if back is None else (self.since - back, self.until - back)

    @property
    def first(self) -> int:
        """Where the counts begin that are needed."""
        return self.since if self.before is None else min(self.before[0], self.since)


def read(given: Mapping[str, str], now: int) -> Question:
    """From the parameters of a link, of the API or of the command. Raises InputError."""
    for name in given:
        if name not in FIELDS:
            raise InputError(shorten(name), f"is not known here: send {', '.join(FIELDS)}")
    asked = {name: value.strip() for name, value in given.items() if value.strip()}
    since, until = window(asked, now)
    question = Question(
        since,
        until,
        asked.get("version"),
        source(asked.get("source", "")),
        asked.get("baseline", TRAINING),
        _margin(asked.get("margin")),
        choice("every", asked.get("every", "auto"), BUCKETS),
    )
    _hours_kept(question, now)
    return question


def _hours_kept(question: Question, now: int) -> None:
    """Refuse what would need counts by the hour from before the first that are kept."""
    kept = now - HOURS_KEPT_MS
    days = f"counts by the hour are kept for {HOURS_KEPT_MS // DAY_MS} days"
    if question.grain == "hour" and question.first < kept:
        raise InputError("from", f"needs whole days, such as 2026-11-21, this far back: {days}")
    if question.every == "hour" and question.since < kept - DAY_MS:
        raise InputError("every", f"can't be hour for a window that begins so early: {days}")


def window(asked: Mapping[str, str], now: int, usual: int = DAYS) -> tuple[int, int]:
    """From ``from``, ``to`` and ``days``; the last ``usual`` days where nothing is said.

    Raises InputError.
    """
    days = _days(asked.get("days"), usual)
    until = _time("to", asked["to"], last=True) if "to" in asked else now - now % DAY_MS + DAY_MS
    since = _time("from", asked["from"]) if "from" in asked else until - days * DAY_MS
    if "days" in asked and "from" in asked:
        raise InputError("days", "comes with from: send one of them")
    if since >= until:
        raise InputError("to", "must not lie before from")
    if until - since > MOST_DAYS * DAY_MS:
        raise InputError("from", f"lies more than {MOST_DAYS:,} days before to")
    return since, until


def _days(text: str | None, usual: int) -> int:
    if text is None:
        return usual
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_DAYS:
        raise InputError("days", f"must be a whole number from 1 to {MOST_DAYS:,}")
    return int(text)


def _time(field: str, text: str, *, last: bool = False) -> int:
    """A day, whose end is meant by ``last``, or a time at a full hour."""
    try:
        if _DATE.fullmatch(text):
            day = date.fromisoformat(text) + timedelta(days=last)
            found = datetime(day.year, day.month, day.day, tzinfo=UTC)
        else:
            found = datetime.fromisoformat(text)
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
        ms = int(found.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise InputError(
            field, f"is no date: {shorten(text)}; send one such as 2026-11-21"
        ) from None
    if ms % HOUR_MS or ms < 0:
        raise InputError(field, "must be a day or a full hour, such as 2026-11-21T13:00Z")
    return ms


def source(text: str) -> Source | None:
    """One of the sources; None for all that are real. Raises InputError."""
    if text in ("", "all"):
        return None
    found: Source = choice("source", text, SOURCES)  # type: ignore[assignment]
    return found


def choice(field: str, text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise InputError(field, f"is {shorten(text)}: send one of {', '.join(known)}")
    return text


def _margin(text: str | None) -> float:
    if text is None:
        return MARGIN
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 < found < 1:
        raise InputError("margin", "must be a share between 0 and 1, such as 0.03")
    return found
