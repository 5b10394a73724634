"""How the C library keeps memory that was freed: bounds for processes that live long.

glibc gives every thread a heap of its own, and keeps of each up to twice the largest block that was
ever freed. With a dozen threads and answers of some megabytes, a process grows for hours without
holding a byte more.
"""

from __future__ import annotations

import ctypes

HEAPS = 2  # for all threads, which take turns at Python's lock anyway
KEPT_BYTES = 1 << 20  # of freed memory at a heap's end; larger blocks go back to the system at once
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # in glibc's malloc.h


def bound_heaps() -> bool:
    """Bound the heaps of this process and of those forked from it; before it has threads.

    False without glibc: other C libraries have one heap.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    values = (
        (_M_ARENA_MAX, HEAPS),
        (_M_MMAP_THRESHOLD, KEPT_BYTES),
        (_M_TRIM_THRESHOLD, KEPT_BYTES),
    )
    results = [mallopt(option, value) for option, value in values]
    return results == [1] * len(values)


def return_freed() -> None:
    """Give pages back that hold nothing, also between others. It takes some milliseconds."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
