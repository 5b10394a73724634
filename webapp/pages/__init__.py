"""A package per page. Its module ``page`` has ``add(register_page)``, ``layout(**query)`` and
``register(app, services)``; its name in ``NAMES`` puts it into the app.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

NAMES = ("predict", "compare", "drift", "models")  # in the order of the navigation


def load_pages() -> tuple[ModuleType, ...]:
    """The ``page`` module of each page, by name, as Dash's own registry holds them."""
    return tuple(import_module(f"{__name__}.{name}.page") for name in NAMES)
