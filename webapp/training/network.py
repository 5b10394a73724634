"""A small neural network in Keras on JAX. Keras is an extra that only this module imports."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Read when keras and jax are imported: the backend, and no search for accelerators.
os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import keras


def fit(
    parameters: Mapping[str, Any],
    rows: NDArray[np.int64],
    label: NDArray[np.int64],
    weight: NDArray[np.float64],
    seed: int,
) -> Any:
    """Fit on weighted rows, all in one batch and unshuffled, so only the seed matters."""
    keras.utils.set_random_seed(seed)
    penalty = keras.regularizers.L2(parameters["l2"])
    hidden_layers = [
        keras.layers.Dense(units, activation="relu", kernel_regularizer=penalty)
        for units in parameters["hidden"]
    ]
    model = keras.Sequential(
        [keras.Input((rows.shape[1],)), *hidden_layers, keras.layers.Dense(1, activation="sigmoid")]
    )
    model.compile(keras.optimizers.Adam(parameters["learning_rate"]), "binary_crossentropy")
    model.fit(
        rows.astype(np.float32),
        label.astype(np.float32)[:, None],
        # mean 1, so that the penalty's weight doesn't depend on the number of events
        sample_weight=weight / weight.mean(),
        batch_size=len(rows),
        epochs=parameters["epochs"],
        shuffle=False,
        verbose=0,
    )
    return model
