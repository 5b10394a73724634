"""Numbers and days as running text has them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from webapp.stats.rates import Interval
from webapp.timing import DAY_MS

NBSP, MINUS = "\u00a0", "\u2212"
_GAME = re.compile(r"G\d+")
_MONTHS = tuple(
    "January February March April May June July "  # noqa: SIM905 — a list of twelve is no clearer
    "August September October November December".split()
)


def number(value: float, decimals: int) -> str:
    """With a proper minus, and none before a zero."""
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def signed(value: float, decimals: int) -> str:
    """With its sign, unless it is 0 as shown."""
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def share(value: float, decimals: int = 0) -> str:
    """``57 %``; small shares get a decimal, and what is not 0 is never called 0."""
    if 0 < abs(value) < 0.095 and decimals == 0:
        decimals = 1
    if 0 < abs(value) < 0.0005:
        return f"under 0.1{NBSP}%"
    return f"{number(value * 100, decimals)}{NBSP}%"


def percent(probability: float) -> str:
    """One decimal always, the form of every predicted probability: ``42.0 %``."""
    return f"{probability * 100:.1f}{NBSP}%"


def plus_minus(interval: Interval, decimals: int = 1) -> str:
    """``−0.6 % ± 1.3``"""
    return f"{share(interval.value, decimals)}{NBSP}±{NBSP}{number(interval.half * 100, decimals)}"


def points(value: float, decimals: int = 1) -> str:
    """A difference of shares: ``4.2 points``"""
    text = number(value * 100, decimals)
    return f"{text}{NBSP}point{'' if text in ('1', '1.0') else 's'}"


def holders(feature: str) -> str:
    """Those who have a feature: ``owners of G8`` where the features are games."""
    return f"owners of {feature}" if _GAME.fullmatch(feature) else f"cases with {feature}"


def day(ms: int, *, year: bool = False) -> str:
    """``7 November``"""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{at.day} {_MONTHS[at.month - 1]}" + (f" {at.year}" if year else "")


def short_day(ms: int) -> str:
    """``7 Nov``"""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{at.day} {_MONTHS[at.month - 1][:3]}"


def span(since: int, until: int) -> str:
    """Days from and to, both included: ``8–21 Nov 2026``"""
    first, last = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (since, until - 1))
    end = f"{last.day} {_MONTHS[last.month - 1][:3]} {last.year}"
    if first.date() == last.date():
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{end}"
    begin = f"{first.day} {_MONTHS[first.month - 1][:3]}"
    return f"{begin}{'' if first.year == last.year else f' {first.year}'} – {end}"


def period(since: int, until: int) -> str:
    """``the last 14 days``, for sentences that name the window elsewhere."""
    days = round((until - since) / DAY_MS)
    if days < 1:
        hours = round((until - since) / (DAY_MS / 24))
        return f"these {hours} hours" if hours > 1 else "this hour"
    return f"these {days} days" if days > 1 else "this day"


def iso(ms: int) -> str:
    """ISO 8601 in UTC."""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
