"""Errors of a model's own code and of libraries, as reasons for people."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

from webapp.catalog.environment import LOADING_FAILED
from webapp.catalog.error_text import first_line, show_name
from webapp.grammar import cut

# The place in a library's source that C++ puts before its message, with or without the time
_PLACE = re.compile(r"(\[[\d:]+\] )?\S+\.(cc|cpp|h|hpp|cu):\d+: ?")


def describe_failure(error: BaseException, folder: Path) -> str:
    """What failed and where in the model's own code, if it was there; one line."""
    root = _unwrap(error)
    where = own_line(root, folder)
    if isinstance(root, SystemExit):
        words = f" ({cut(root.code)})" if isinstance(root.code, str) else ""
        return (
            f"{LOADING_FAILED}{where}: its code ends the program, with sys.exit{words}. Save it "
            "again without that"
        )
    if isinstance(root, SyntaxError):
        name = show_name(Path(root.filename or "its code").name)
        return f"{LOADING_FAILED}: {name}, line {root.lineno}, isn't Python: {cut(root.msg)}"
    if isinstance(root, FileNotFoundError) and isinstance(root.filename, str):
        return f"{LOADING_FAILED}{where}: {_show_path(root.filename, folder)} is missing"
    return f"{LOADING_FAILED}{where}: {_PLACE.sub('', first_line(root))}"


def _unwrap(error: BaseException) -> BaseException:
    """The error that MLflow wrapped in its own, which says nothing more."""
    while type(error).__name__ == "MlflowException":
        inner = error.__cause__ or error.__context__
        if inner is None:
            break
        error = inner
    return error


def own_line(error: BaseException, folder: Path) -> str:
    """`` in model.py, line 7``: the innermost line of the model's own code; empty without one."""
    root = folder.resolve()
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename).resolve()
        if file.is_relative_to(root):
            return f" in {show_name(file.relative_to(root).as_posix())}, line {frame.lineno}"
    return ""


def _show_path(name: str, folder: Path) -> str:
    path, root = Path(name), folder.resolve()
    is_own = path.is_absolute() and path.is_relative_to(root)
    return show_name(path.relative_to(root).as_posix() if is_own else name)
