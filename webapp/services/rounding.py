"""Numbers of questions, as exact as matters: questions that differ in less have one answer."""

from __future__ import annotations

_EXACT = 0.01  # from an end of the scale, where three digits of the distance count


def round_share(value: float) -> float:
    """A share between 0 and 1 to four decimals, near 0 and 1 to three digits of the distance."""
    if value < _EXACT:
        return float(f"{value:.3g}")
    if value > 1 - _EXACT:
        return round(1 - float(f"{1 - value:.3g}"), 12)
    return round(value, 4)


def round_amount(value: float) -> float:
    """An amount to four digits."""
    return float(f"{value:.4g}")
