"""Answers, for as long as the counts that they were made of are the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
T = TypeVar("T")
_KEPT = 32


class AnswerCache:
    """Answers for as long as the counts that they were made of are the same. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, tuple[tuple[Rows, ...], Any]] = OrderedDict()

    def get(self, key: Hashable, read: tuple[Rows, ...], make: Callable[[], T]) -> T:
        """The kept answer, or a new one."""
        with self._lock:
            known = self._kept.get(key)
        if known is not None and _same(known[0], read):
            found: T = known[1]
            return found
        answer = make()
        with self._lock:
            self._kept[key] = read, answer
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return answer


def _same(before: tuple[Rows, ...], now: tuple[Rows, ...]) -> bool:
    return len(before) == len(now) and all(a is b for a, b in zip(before, now, strict=True))
