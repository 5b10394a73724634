"""Reads a Dockerfile and a .dockerignore: what ours use of them, and nothing else silently."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

KNOWN = {"ARG", "CMD", "COPY", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN"}
KNOWN |= {"STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}


@dataclass(frozen=True)
class Instruction:
    """One instruction: its name, its ``--flags``, and the rest of its words as they stand."""

    name: str
    flags: Mapping[str, str]
    value: str

    @property
    def words(self) -> list[str]:
        """The words of its value, in either of the two forms."""
        if self.value.startswith("["):
            return [str(word) for word in json.loads(self.value)]
        return shlex.split(self.value)


def parse(text: str) -> list[Instruction]:
    """All instructions, in order."""
    return [_instruction(line) for line in _lines(text)]


def _lines(text: str) -> Iterator[str]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return (line for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines())


def _instruction(line: str) -> Instruction:
    name, _, rest = line.partition(" ")
    assert name in KNOWN, f"the tests don't know the instruction {name}"
    flags = {}
    while flag := re.match(r"\s*--([a-z-]+)=(\S+)\s+", rest):
        flags[flag[1]] = flag[2]
        rest = rest[flag.end() :]
        if name == "HEALTHCHECK" and rest.startswith("CMD "):
            rest = rest.removeprefix("CMD ")
    return Instruction(name, flags, rest.strip())


def ignored(ignore: str) -> list[tuple[str, bool]]:
    """The patterns of a .dockerignore, with whether each excludes."""
    lines = [line.strip() for line in ignore.splitlines()]
    patterns = [line for line in lines if line and not line.startswith("#")]
    return [(line.removeprefix("!").strip("/"), not line.startswith("!")) for line in patterns]


def is_sent(path: str, patterns: list[tuple[str, bool]]) -> bool:
    """Does the builder get this file? The last pattern that fits it or a folder of it decides."""
    parts = path.split("/")
    tops = ["/".join(parts[: i + 1]) for i in range(len(parts))]
    is_included = True
    for pattern, excludes in patterns:
        if any(_fits(top, pattern) for top in tops):
            is_included = not excludes
    return is_included


def _fits(path: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatchcase(path.rpartition("/")[2], pattern[3:])
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)


def sent_files(context: Path, ignore: str) -> list[str]:
    """The files that the builder gets, as paths in the context."""
    patterns = ignored(ignore)
    # What is excluded whole is not walked through: a virtual environment has many files.
    tops = {pattern.split("/")[0] for pattern, excludes in patterns if not excludes}
    parts: list[str] = []
    for top in sorted(tops):
        for file in [context / top, *(context / top).rglob("*")]:
            if file.is_file():
                parts.append(file.relative_to(context).as_posix())
    return [path for path in parts if is_sent(path, patterns)]
