"""Checks of support vector machines: libsvm gets pointers to arrays, and believes their lengths."""

from __future__ import annotations

from typing import Any

import numpy as np

from webapp.catalog.prepared import PreparedError
from webapp.catalog.structure.parts import count_of, damaged

_VECTORS = "support vectors"
_KERNELS = ("linear", "poly", "rbf", "sigmoid")
_CLASSIFIERS = ("c_svc", "nu_svc")


def check_machine(model: Any) -> None:
    """Check an estimator of libsvm (SVC, NuSVC and their like). Raises PreparedError."""
    if "_impl" in vars(model) or model.kernel not in _KERNELS:
        raise PreparedError(f"Its kernel can't be served: only {', '.join(_KERNELS)} can")
    columns = count_of(model.n_features_in_, _VECTORS)
    vectors = model.support_vectors_
    total, width = vectors.shape
    classes = len(model.classes_) if model._impl in _CLASSIFIERS else 2
    pairs = classes * (classes - 1) // 2
    if not total or classes < 2 or width != columns or model.support_.shape != (total,):
        raise damaged(_VECTORS, "they are not as many as their numbers, or of other columns")
    _check_counts(model, classes, total)
    _check_coefficients(model, (classes - 1, total))
    scales = (np.shape(model._probA), np.shape(model._probB))
    if model._intercept_.shape != (pairs,) or scales not in (((pairs,),) * 2, ((0,),) * 2):
        raise damaged(_VECTORS, "they have another number of offsets than pairs of classes")


def _check_counts(model: Any, classes: int, total: int) -> None:
    counts = np.asarray(model._n_support)
    if counts.shape != (classes,) or (counts < 0).any():
        raise damaged(_VECTORS, "there is no count of them for each class")
    whole = counts.sum() == total if model._impl in _CLASSIFIERS else (counts == total).all()
    if not whole:
        raise damaged(_VECTORS, f"their counts by class don't add up to {total}")


def _check_coefficients(model: Any, shape: tuple[int, int]) -> None:
    weights = model._dual_coef_
    if weights.shape != shape or (model._sparse and weights.data.size != shape[0] * shape[1]):
        raise damaged(_VECTORS, "there is no weight for each of them")
