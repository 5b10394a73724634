"""The function of docs/models.md that writes the table of any ``predict_proba``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from webapp.settings import ROOT

MOST_LINES = 20  # of code


def find_snippet() -> str:
    """The code as it stands in the document."""
    text = (ROOT / "docs/models.md").read_text("utf-8").partition("## A table is enough")[2]
    match = re.search(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert match
    return match[1]


def load_writer() -> Callable[..., None]:
    """Its function ``write_table``; the call at the end is the reader's own."""
    names: dict[str, Any] = {}
    exec(find_snippet().rpartition("\nwrite_table(")[0], names)
    writer: Callable[..., None] = names["write_table"]
    return writer
