"""Numbers and days in running text."""

from __future__ import annotations

from datetime import UTC, datetime

from webapp.grammar import MINUS, NBSP, pluralize
from webapp.stats.rates import Interval
from webapp.timing import DAY_MS, now_ms

_MONTHS = tuple(
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905 — no clearer as a list
)


def number(value: float, decimals: int) -> str:
    """A number with a typographic minus, and none before a zero."""
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def signed(value: float, decimals: int) -> str:
    """A number with its sign, unless it rounds to 0."""
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def share(value: float, decimals: int = 0) -> str:
    """A share in percent, ``57 %``: small ones get a decimal, and only 0 itself is shown as 0."""
    if 0 < abs(value) < 0.095 and decimals == 0:
        decimals = 1
    if 0 < abs(value) < 0.0005:
        return f"under 0.1{NBSP}%"
    return f"{number(value * 100, decimals)}{NBSP}%"


def percent(probability: float) -> str:
    """One decimal always, the form of every predicted probability: ``42.0 %``."""
    return f"{probability * 100:.1f}{NBSP}%"


def plus_minus(interval: Interval, decimals: int = 1) -> str:
    """A share with half its interval: ``−0.6 % ± 1.3``."""
    return f"{share(interval.value, decimals)}{NBSP}±{NBSP}{number(interval.half * 100, decimals)}"


def points(value: float, decimals: int = 1) -> str:
    """A difference of shares: ``4.2 points``."""
    size = round(value * 100, decimals)
    return f"{number(size, decimals)}{NBSP}{pluralize(size, 'point')}"


def short_day(ms: int) -> str:
    """The day (UTC) of a time in ms, as all pages and sentences have it: ``7 Nov``."""
    return _write_day(datetime.fromtimestamp(ms / 1000, UTC))


def minute(ms: int, now: int | None = None) -> str:
    """A time in ms to the minute, as ``past_day`` has the day: ``7 Nov, 14:05 UTC``."""
    return f"{past_day(ms, now)}, {datetime.fromtimestamp(ms / 1000, UTC):%H:%M}{NBSP}UTC"


def past_day(ms: int, now: int | None = None) -> str:
    """The day (UTC) of a time that may be long ago: ``7 Nov``, ``7 Nov 2025`` of another year."""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    this_year = datetime.fromtimestamp((now_ms() if now is None else now) / 1000, UTC).year
    return _write_day(at) if at.year == this_year else f"{_write_day(at)} {at.year}"


def _write_day(at: datetime) -> str:
    return f"{at.day} {_MONTHS[at.month - 1]}"


def span(since: int, until: int) -> str:
    """The days of a window [since, until), both included: ``8–21 Nov 2026``."""
    first, last = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (since, until - 1))
    end = f"{_write_day(last)} {last.year}"
    if first.date() == last.date():
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{end}"
    begin = _write_day(first)
    return f"{begin}{'' if first.year == last.year else f' {first.year}'} – {end}"


def day_range(since: int, until: int) -> tuple[str, str]:
    """The first and the last day of a window [since, until), as addresses have them."""
    return iso(since)[:10], iso(until - 1)[:10]


def during(since: int, until: int) -> str:
    """A window as an adverb: ``on 8 Nov 2026``, ``over 8–21 Nov 2026``."""
    days = span(since, until).replace(" – ", " to ")
    return f"over {days}" if until - since > DAY_MS else f"on {days}"


def iso(ms: int) -> str:
    """A time in ms since 1970 as ISO 8601 in UTC, to the second."""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
