"""The query of a page's address. Pages get one text for each name, whatever a link has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import dash
from flask import request


def register_page(module: str, *, layout: Callable[..., Any], **facts: Any) -> None:
    """Enter a page in Dash's registry, which gives a list to ``layout`` for a repeated name."""

    @wraps(layout)
    def layout_of_texts(**query: Any) -> Any:
        return layout(**single_texts(query))

    dash.register_page(module, layout=layout_of_texts, **facts)


def address_query() -> dict[str, str]:
    """The query of the current request's address, as its page gets it."""
    return single_texts(request.args.to_dict(flat=False))


def single_texts(query: Mapping[str, str | list[str]]) -> dict[str, str]:
    """One text for each name; the values of a repeated name with commas between them.

    ``?days=1&days=2`` is then refused as ``days=1, 2`` by what reads days, with its own sentence,
    while lists are what their sender meant; without the space, 1 and 0 would be the number 1,0.
    NUL becomes the sign for what can't be shown, because no database takes it.
    """
    texts = {}
    for name, value in query.items():
        values = [value] if isinstance(value, str) else dict.fromkeys(value)
        texts[_legible(name)] = _legible(", ".join(values))
    return texts


def _legible(text: str) -> str:
    return text.replace("\0", "�")
