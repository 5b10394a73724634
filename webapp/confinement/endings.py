"""Why a child ended, in words for people."""

from __future__ import annotations

import re
import signal

from webapp.grammar import cut

OUT_OF_MEMORY = 77  # exit status of a child that ran into its limit
_REASON_LENGTH = 200  # characters of its standard error in a reason, or a few more
_ERROR = re.compile(r"[\w.]*(Error|Exception|Warning|Interrupt|Exit)(: |$)")
# What libraries print in passing: ``/a/b.py:7: UserWarning: …``, ``2026/11/30 10:00:00 WARNING …``
_IN_PASSING = re.compile(
    r".*:\d+: \w*Warning: |[\d/-]{8,10}[ T][\d:.,]+ +\[?(DEBUG|INFO|WARN)|[IWE]\d{4} "
)


def reason_of(status: int, megabytes: int, errors: bytes, seconds: float = 0.0) -> str | None:
    """The reason for an exit status, negative for a signal; None for success."""
    if status == 0:
        return None
    if status == OUT_OF_MEMORY or b"MemoryError" in errors:
        return f"needed more than {megabytes:,} MB of memory"
    if status == -signal.SIGXCPU:
        return f"needed more than {seconds:g} s of processor time"
    if status < 0:
        return f"crashed the interpreter ({_signal_name(-status)})"
    text = _last_words(errors.decode("utf-8", "replace"))
    return f"ended with: {text or f'status {status}'}"


def _last_words(errors: str) -> str:
    """What a child said last; after a traceback its error, not a line of somebody's code."""
    lines = [line for line in errors.splitlines() if line.strip() and not _IN_PASSING.match(line)]
    error_lines = [line for line in lines if _ERROR.match(line)]
    has_traceback = any(line.startswith(("Traceback (", '  File "')) for line in lines)
    outer_lines = [line for line in lines if not line[0].isspace()]
    choices = error_lines if has_traceback and error_lines else outer_lines or lines
    return cut(choices[-1], _REASON_LENGTH) if choices else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # real-time signals have no names
        return f"signal {number}"
