"""Read a plan as JSON from standard input, ask the model, and write its answers as JSON."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import site
import sys
from typing import Any

from .loaders import load_model
from .questions import as_in_signature, as_plain, ask_all, fitted, make_rows
from .refusal import Refusal, find_root, refuse_pickle

_OUT_OF_MEMORY = 77  # exit status
_LONGEST = 2000  # characters of an error
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _FILTER = 22, 38, 2


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def main(arguments: list[str]) -> None:
    """``arguments[0]`` is a filter of system calls in hexadecimal digits, or empty."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is none of the answers
    plan = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    _filter_calls(bytes.fromhex(arguments[0]))
    for folder in plan["packages"]:
        site.addsitedir(folder)  # may run code of the packages: from here on nothing is trusted
    result = {"python": platform.python_version(), **_examine(plan)}
    with out:
        json.dump(result, out)


def _filter_calls(code: bytes) -> None:
    """Have the kernel filter this process' system calls, for good."""
    if not code:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    zero, one, mode = (ctypes.c_ulong(number) for number in (0, 1, _FILTER))
    program = _Filter(len(code) // 8, code)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, one, zero, zero, zero)
    if libc.prctl(_PR_SET_SECCOMP, mode, ctypes.byref(program), zero, zero) != 0:
        raise SystemExit("The kernel took no filter of system calls")


def _examine(plan: dict[str, Any]) -> dict[str, Any]:
    """What the model is and its answers; or why there are none."""
    try:
        return _ask(plan)
    except Exception as error:  # noqa: BLE001 - a model may raise anything
        root = find_root(error)
        if isinstance(root, MemoryError):
            os._exit(_OUT_OF_MEMORY)
        if isinstance(root, Refusal):
            return {"refusal": str(root)}
        if isinstance(root, ModuleNotFoundError):
            return {"missing": str(root.name)}
        return {"error": [type(root).__name__, str(root)[:_LONGEST]]}


def _ask(plan: dict[str, Any]) -> dict[str, Any]:
    if not plan["allow_pickle"]:
        refuse_pickle(plan["mend"])
    model = load_model(plan)
    names, width = fitted(model.estimator)
    rows = make_rows(plan, names, width)
    return {
        "names": as_in_signature(plan, names),
        "width": width,
        "classes": None if model.classes is None else [as_plain(one) for one in model.classes],
        "is_proba": model.is_proba,
        "asked": [] if rows is None else ask_all(model.ask, rows),
    }
