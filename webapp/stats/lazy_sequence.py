"""Sequences whose items are made when they are looked at: there may be 65,536, and few are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


class LazySequence(Sequence[T]):
    """The items of the numbers in ``order``, int64[n]; a slice is a tuple."""

    def __init__(self, order: NDArray[np.int64]) -> None:
        self._order = order

    @abstractmethod
    def _item(self, number: int) -> T:
        """Make the item of this number."""

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        if isinstance(place, slice):
            return tuple(map(self._item, self._order[place].tolist()))
        return self._item(int(self._order[place]))
