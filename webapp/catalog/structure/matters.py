"""Checks of what many models hold: sparse matrices, random states, encoders, functions."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from webapp.catalog.mends import FROM_CODE
from webapp.catalog.prepared import PreparedError
from webapp.catalog.structure.parts import damaged

_SPARSE = ("csr", "csc", "coo")
_STATE = 624  # words of a Mersenne twister's state
_WITHOUT_PLACE = ("PCG64", "PCG64DXSM", "SFC64")  # generators whose state is a number


def check_methods(part: Any) -> None:
    """Nothing of a file stands in the place of a method. Raises PreparedError."""
    kind = type(part)
    if not kind.__module__.startswith("sklearn.") or not hasattr(part, "__dict__"):
        return
    for name in vars(part):
        if callable(getattr(kind, name, None)):
            raise damaged("methods", f"{name} of {kind.__name__} is replaced")


def check_sparse(matrix: Any) -> None:
    """Its indices stay within it. Raises PreparedError, and ValueError by SciPy."""
    if matrix.format not in _SPARSE:
        raise damaged("sparse matrices", f"one has the format {matrix.format}")
    if matrix.format == "coo":
        matrix._check()
    else:
        matrix.check_format(full_check=True)


def check_random(generator: Any) -> None:
    """NumPy believes where a state says that it is. Raises PreparedError."""
    if isinstance(generator, np.random.Generator):
        is_placed = generator.bit_generator.state["bit_generator"] in _WITHOUT_PLACE
    else:
        is_placed = 0 <= generator.get_state(legacy=False)["state"]["pos"] <= _STATE
    if not is_placed:
        raise damaged("random states", "one is at a place that it doesn't have")


def check_one_hot(encoder: Any) -> None:
    """Numbers are looked up as if they were sorted. Raises PreparedError."""
    for values in encoder.categories_:
        if values.dtype.kind == "f" and values.size and np.isnan(values[-1]):
            values = values[:-1]  # what is missing comes last
        if values.dtype != object and not (values[:-1] < values[1:]).all():
            raise damaged("categories", "they are not in order")


def check_function(transformer: Any) -> None:
    """A function answers each row by itself: one of numbers, or a check. Raises PreparedError."""
    from sklearn.utils.validation import check_array

    for function, more in (
        (transformer.func, transformer.kw_args),
        (transformer.inverse_func, transformer.inv_kw_args),
    ):
        is_check = isinstance(function, functools.partial) and (
            function.func is check_array and not function.args
        )
        is_of_numbers = isinstance(function, np.ufunc) and function.nin == 1
        if more or not (function is None or is_check or is_of_numbers):
            raise PreparedError(
                "Its FunctionTransformer can't be served: only one with a function of NumPy that "
                f"takes one number, such as numpy.log1p, can. {FROM_CODE}"
            )
