"""Why a model can't be served, as found in its own environment."""

from __future__ import annotations

import sys
from typing import Any


class Refusal(Exception):  # noqa: N818 - it is no error of the program
    """The model can't be served; the message is the reason."""


def refuse_pickle(mend: str) -> None:
    """Refuse from now on to unpickle anything (PEP 578)."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "pickle.find_class":
            name = "{}.{}".format(*arguments[:2])[:120]
            raise Refusal(f"Loading it unpickles {name}, which can run any code. {mend}")

    sys.addaudithook(hook)


def find_root(error: BaseException) -> BaseException:
    """The root of an error that MLflow may have wrapped in others."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, (Refusal, MemoryError, ModuleNotFoundError, PermissionError)):
            return link
        link = link.__cause__ or link.__context__
    return error
