"""A benchmark's figures, the bars that they have to clear, and their table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """One measured number. Without a bar it is there for information."""

    what: str
    against: str
    values: tuple[float, ...]
    unit: str = "×"
    at_least: float | None = None
    at_most: float | None = None
    digits: int = 2

    @property
    def value(self) -> float:
        """The median of all rounds."""
        return median(self.values)

    @property
    def holds(self) -> bool:
        """True if the bar is cleared, or there is none."""
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    @property
    def bar(self) -> str:
        """The bar as it is printed."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}"

    @property
    def verdict(self) -> str:
        """One word for the last column."""
        if not self.bar:
            return ""
        return "ok" if self.holds else "MISSED"

    def row(self) -> tuple[str, str, str, str, str, str]:
        """The cells of its line in the table."""
        low, high = (f"{edge:,.{self.digits}f}" for edge in (min(self.values), max(self.values)))
        spread = "" if len(self.values) == 1 else f"{low} – {high}"
        amount = f"{self.value:,.{self.digits}f} {self.unit}"
        return self.what, amount, spread, self.bar, self.verdict, self.against


def alternate(rounds: int, *measures: Callable[[], float]) -> list[tuple[float, ...]]:
    """The values of every measure, in turns (A B A B …), so that noise affects all alike."""
    values = [[measure() for measure in measures] for _ in range(rounds)]
    return list(zip(*values, strict=True))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, ...]:
    """Ours divided by theirs, round by round."""
    return tuple(a / b for a, b in zip(ours, theirs, strict=True))


def table(figures: Sequence[Figure]) -> str:
    """All figures as text, one per line."""
    rows = [("what", "median", "spread", "bar", "", "against")]
    rows += [figure.row() for figure in figures]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def status(figures: Sequence[Figure]) -> int:
    """The exit status: 1 when a bar is missed."""
    return int(any(not figure.holds for figure in figures))
