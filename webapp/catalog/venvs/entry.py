"""Become the program that asks a model, in its environment's Python.

``python -m webapp.catalog.venvs.entry PYTHON``, run confined. The filter of system calls is set by
that program, as it forbids to become another.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from webapp.confinement.seccomp import filter_code

# Neither settings of Python nor code of the environment's packages run before the filter is set
_ALONE = ("-I", "-S")
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from program.main import main; "
    "del sys.path[0]; main(sys.argv[2:])"
)


def main(arguments: Sequence[str]) -> NoReturn:
    """``arguments[0]`` is the environment's Python."""
    python, place = arguments[0], str(Path(__file__).resolve().parent)
    words = [python, *_ALONE, "-c", _START, place, filter_code().hex()]
    os.execv(python, words)


if __name__ == "__main__":
    main(sys.argv[1:])
