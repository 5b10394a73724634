"""A cache of answers that is valid while the counts behind them don't change."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
T = TypeVar("T")
_MOST = 32  # answers


class AnswerCache:
    """The latest answers; each is valid while the counts behind it are the same objects.

    Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: OrderedDict[Hashable, tuple[tuple[Rows, ...], Any]] = OrderedDict()

    def get(self, key: Hashable, read: tuple[Rows, ...], make: Callable[[], T]) -> T:
        """The cached answer to ``key`` if it was made from the arrays ``read``, else a new one."""
        with self._lock:
            entry = self._entries.get(key)
        if entry is not None and _are_identical(entry[0], read):
            cached_answer: T = entry[1]
            return cached_answer
        answer = make()
        with self._lock:
            self._entries[key] = read, answer
            while len(self._entries) > _MOST:
                self._entries.popitem(last=False)
        return answer


def _are_identical(before: tuple[Rows, ...], now: tuple[Rows, ...]) -> bool:
    """True if both hold the same arrays, not merely equal ones."""
    return len(before) == len(now) and all(a is b for a, b in zip(before, now, strict=True))
