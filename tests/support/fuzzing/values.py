"""Odd JSON values and texts."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

DEEP = "@deep@"  # stands for a text that `encode` nests more deeply than a decoder can
VERSIONS = ("logit_games_v1", "hgb_games_v1", "wide_v1", "torn_v1", "nothing_v9")
TEXTS = (
    *("", " ", "0", "1", "-1", "true", "null", "NaN", "1e309", "9" * 30, "0.2", "\0", "a\0b"),
    *("\ud800", "é", "\u202e", "🎲" * 9, "\x1b[31m", "x" * 300, "x" * 9000, "../../etc/passwd"),
    *("<script>alert(1)</script>", "'; DROP TABLE events--", "%00", "%ff%fe", "\r\nX: y"),
    *("2026-11-21", "2026-11-21T13:00Z", "0001-01-01", "9999-12-31", "2026-13-45", "\u0661"),
    *("__class__", "__proto__", "G1", "request_id", "previous", "week-before", "demo", "all"),
    *("0.5", "0.0000001", "log_loss", "hour", "7", "3660", "promote", "roll back", DEEP),
)
NUMBERS = (0, 1, -1, 2, 3.5, -0.0, 2**31, 2**63, 2**64, 10**40, 1e308, float("inf"), float("nan"))

texts = st.sampled_from((*TEXTS, *VERSIONS)) | st.text(max_size=12)
scalars = st.none() | st.booleans() | st.sampled_from(NUMBERS) | texts
_names = st.sampled_from(("version", "on", "features", "words", "id", "property", "value", "x"))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names | texts, inner, max_size=4),
    max_leaves=6,
)


@st.composite
def mutated(draw: st.DrawFn, value: Any, most: int = 3) -> Any:
    """A JSON value in which up to as many places were changed, removed or repeated."""
    holder = [copy.deepcopy(value)]
    for _ in range(draw(st.integers(0, most))):
        places = list(_places(holder))
        if not places:
            break
        parent, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(("other", "other", "gone", "twice", "wrapped"))):
            case "other":
                parent[key] = draw(values)
            case "wrapped":
                parent[key] = draw(st.sampled_from(([parent[key]], {"value": parent[key]})))
            case "twice" if isinstance(parent, list):
                parent.insert(key, copy.deepcopy(parent[key]))
            case _ if parent is not holder:
                del parent[key]
    return holder[0] if holder else None


def _places(value: Any) -> Any:
    """Every place of a JSON value, as what holds it and its key there."""
    keys = range(len(value)) if isinstance(value, list) else list(value)
    for key in keys:
        yield value, key
        if isinstance(value[key], (list, dict)):
            yield from _places(value[key])
