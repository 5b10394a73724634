"""Check that names of local variables and parameters are nouns, not bare past participles.

A name such as ``found`` describes what happened to a value instead of what the value is.
``python scripts/lint_names.py [PATH]...`` lists every local variable and parameter whose name is a
bare past participle, as ``file:line: name``, and exits with 1 if there is one.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_REGULAR = re.compile(r"[a-z]{2,}ed")
_IRREGULAR = """
    begun bought brought built chosen done drawn driven fallen felt found given gone grown
    heard held hidden kept known left lent lost made meant met overtaken paid risen said seen
    sent shown sold spent taken thought told understood won woken written
"""
_NOUNS = ("bed", "embed", "feed", "need", "seed", "shed", "speed")
# Terms of the project that the glossary defines: a prepared version, matured events
_TERMS = frozenset({"matured", "prepared"})


def is_participle(name: str) -> bool:
    """True if the name is one bare past participle, underscores around it aside."""
    word = name.strip("_")
    return word in _IRREGULAR.split() or bool(
        _REGULAR.fullmatch(word) and word not in _NOUNS and word not in _TERMS
    )


def locals_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of every parameter and local variable, each once per function."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        names: dict[str, int] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.arg):
                names.setdefault(node.arg, node.lineno)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.setdefault(node.id, node.lineno)
        yield from ((line, name) for name, line in names.items())


def faults(path: Path) -> list[str]:
    """The faults in one file, one line per name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    rows = sorted({row for row in locals_of(tree) if is_participle(row[1])})
    return [f"{path}:{line}: {name}: name the thing, as in {name}_rows" for line, name in rows]


def main(places: list[str]) -> int:
    """Print the faults of all files. Returns the exit status: 1 if there are any."""
    files = [f for place in places for f in sorted(Path(place).rglob("*.py")) or [Path(place)]]
    lines = [line for file in files for line in faults(file)]
    print(*lines, sep="\n", end="\n" if lines else "")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["webapp"]))
