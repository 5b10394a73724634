"""A Markdown text cut at its headings, which get the names that GitHub gives them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^\s*```")
_HEADING = re.compile(r"^(#{1,4}) (.+?)\s*$")


@dataclass(frozen=True)
class Part:
    """A heading with the text up to the next one; what is above the first has level 0."""

    level: int
    title: str
    slug: str
    text: str


def read_parts(text: str) -> list[Part]:
    """The parts of a document, in order. A # within a block of code is no heading."""
    heads: list[tuple[int, str]] = [(0, "")]
    bodies: list[list[str]] = [[]]
    is_code = False
    for line in text.splitlines():
        is_code ^= bool(_FENCE.match(line))
        heading = None if is_code else _HEADING.match(line)
        if heading is None:
            bodies[-1].append(line)
        else:
            heads.append((len(heading[1]), heading[2].replace("`", "")))
            bodies.append([])
    return [
        Part(level, title, slugify(title), "\n".join(body))
        for (level, title), body in zip(heads, bodies, strict=True)
    ]


def slugify(title: str) -> str:
    """The name of a heading in links: ``How the numbers are made`` is how-the-numbers-are-made."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
