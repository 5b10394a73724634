"""Questions about a window of traffic, read from parameters: version, source, days, baseline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from webapp.cases import InputError, shorten
from webapp.db.schema import SOURCES, Grain
from webapp.events.log import HOURS_KEPT_MS
from webapp.services.rounding import round_share
from webapp.services.traffic.source_choice import ChosenSource
from webapp.stats.verdicts import MARGIN
from webapp.timing import DAY_MS, HOUR_MS, start_of_day

# Of every window without dates, on all pages, in the API and in commands. Whole weeks: each weekday
# counts as often in the window as in the period before.
DAYS = 28
MOST_DAYS = 3660
TRAINING, PREVIOUS, WEEK_BEFORE = "training", "previous", "week-before"
EVALUATION = "evaluation"  # labelled rows that were stored for the version
BUCKETS = ("auto", "hour", "day", "week")
FIELDS = ("version", "from", "to", "days", "source", "baseline", "margin", "every")
_DAYS_OF_HOURS = HOURS_KEPT_MS // DAY_MS
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Question:
    """A window of traffic and what to compare it with.

    Times are in ms since 1970, UTC; the window is [since, until).

    Without ``source`` the rule of ``source_choice`` takes real or simulated traffic, and without
    ``baseline`` the version's training is compared with, or what there is instead.
    """

    since: int
    until: int
    version: str | None = None
    source: ChosenSource | None = None
    baseline: str | None = None  # one of the words above, or the name of a version
    margin: float = MARGIN
    every: str = "auto"

    @property
    def grain(self) -> Grain:
        """Days, or hours if the window begins or ends within a day."""
        return "day" if self.since % DAY_MS == self.until % DAY_MS == 0 else "hour"

    @property
    def before(self) -> tuple[int, int] | None:
        """The period that is the baseline; None if no period is."""
        lengths = {PREVIOUS: self.until - self.since, WEEK_BEFORE: 7 * DAY_MS}
        back = lengths.get(self.baseline or "")
        return None if back is None else (self.since - back, self.until - back)

    @property
    def first(self) -> int:
        """The time at which the window or its baseline begins, whichever is earlier."""
        return self.since if self.before is None else min(self.before[0], self.since)


def read(params: Mapping[str, str], now: int) -> Question:
    """Read the parameters of a link, of the API or of the command. Raises InputError."""
    for name in params:
        if name not in FIELDS:
            raise InputError(shorten(name), f"is unknown: send {', '.join(FIELDS)}")
    params = {name: value.strip() for name, value in params.items() if value.strip()}
    since, until = window(params, now)
    question = Question(
        since,
        until,
        params.get("version"),
        source(params.get("source", "")),
        params.get("baseline"),
        _margin(params.get("margin")),
        choice("every", params.get("every", "auto"), BUCKETS),
    )
    check_hours(question, now)
    return question


def check_hours(question: Question, now: int) -> None:
    """Raise InputError if the question needs counts by the hour that are no longer kept."""
    first_kept = now - HOURS_KEPT_MS
    days = f"counts by the hour are kept for {_DAYS_OF_HOURS} days"
    if question.grain == "hour" and question.first < first_kept:
        raise InputError("from", f"needs whole days, such as 2026-11-21, this far back: {days}")
    if question.every == "hour" and question.since < first_kept - DAY_MS:
        instead = f"send days={_DAYS_OF_HOURS} or less, as {days}"
        raise InputError("every", f"can't be hour for a window that begins so early: {instead}")


def window(params: Mapping[str, str], now: int) -> tuple[int, int]:
    """The window [since, until) by ``from``, ``to`` and ``days``; by default the last days.

    Raises InputError.
    """
    days = _days(params.get("days"))
    until = _time("to", params["to"], last=True) if "to" in params else start_of_day(now) + DAY_MS
    since = _time("from", params["from"]) if "from" in params else until - days * DAY_MS
    if "days" in params and "from" in params:
        raise InputError("days", "can't be combined with from: send one of them")
    if since >= until:
        raise InputError("to", "must not lie before from")
    if until - since > MOST_DAYS * DAY_MS:
        raise InputError("from", f"lies more than {MOST_DAYS:,} days before to")
    return since, until


def last_days(now: int) -> tuple[int, int]:
    """The window [since, until) of questions without dates: the last ``DAYS`` days, with today."""
    until = start_of_day(now) + DAY_MS
    return until - DAYS * DAY_MS, until


def _days(text: str | None) -> int:
    if text is None:
        return DAYS
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_DAYS:
        raise InputError("days", f"must be a whole number from 1 to {MOST_DAYS:,}")
    return int(text)


def _time(field: str, text: str, *, last: bool = False) -> int:
    """The time (ms) of a day, its end if ``last``, or of a full hour. Raises InputError."""
    try:
        if _DATE.fullmatch(text):
            day = date.fromisoformat(text) + timedelta(days=last)
            moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
        else:
            moment = datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        ms = int(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise InputError(field, f"is {shorten(text)}: send a date such as 2026-11-21") from None
    if ms % HOUR_MS or ms < 0:
        raise InputError(field, "must be a day or a full hour, such as 2026-11-21T13:00Z")
    return ms


def source(text: str) -> ChosenSource | None:
    """The source of this name, or all real ones; None if it is not chosen. Raises InputError."""
    if not text:
        return None
    name: ChosenSource = choice("source", text, ("all", *SOURCES))  # type: ignore[assignment]
    return name


def choice(field: str, text: str, choices: tuple[str, ...]) -> str:
    """The text, if it is one of the choices. Raises InputError."""
    if text not in choices:
        raise InputError(field, f"is {shorten(text)}: send one of {', '.join(choices)}")
    return text


def _margin(text: str | None) -> float:
    if text is None:
        return MARGIN
    try:
        margin = float(text)
    except ValueError:
        margin = -1.0
    if not 0 < margin < 1:
        raise InputError("margin", "must be a share between 0 and 1, such as 0.03")
    return round_share(margin)
