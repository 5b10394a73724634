"""Read the labelled rows of a Parquet file into counts, a batch at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from webapp.stats.counts import Counts
from webapp.training.errors import DataError
from webapp.training.rows import (
    LABEL,
    LabelledCounts,
    RowRange,
    RowSlots,
    check_columns,
    complete_range,
)

_BATCH = 1 << 16


def read_parquet(path: Path, rows: RowRange, slots: RowSlots | None = None) -> LabelledCounts:
    """Count a range of rows; ``slots`` as in ``data.read_labelled``. Raises DataError."""
    try:
        with pq.ParquetFile(path) as file:
            return _read(file, rows, slots)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path.name} can't be read as Parquet: {error}") from error


def _read(file: Any, rows: RowRange, slots_by_batch: RowSlots | None) -> LabelledCounts:
    features = check_columns(list(file.schema_arrow.names))
    bounds = complete_range(rows, file.metadata.num_rows)
    last = bounds.last or 0
    tally = np.zeros(2 * features.cases, np.int64)
    start = 0  # rows before this batch
    for batch in file.iter_batches(_BATCH):
        low, high = max(bounds.first - 1 - start, 0), min(last - start, batch.num_rows)
        if low < high:
            part = batch.slice(low, high - low)
            label = _column(part, LABEL, start + low)
            case = np.zeros(len(label), np.int64)
            for name, weight in features.bits.items():
                case += _column(part, name, start + low) * weight
            slots = case + label * features.cases
            tally += np.bincount(slots, minlength=len(tally))
            if slots_by_batch is not None:
                slots_by_batch.append(slots)
        start += batch.num_rows
        if start >= last:
            break
    negatives, positives = tally.reshape(2, -1)
    return LabelledCounts(features, Counts(negatives + positives, positives), bounds)


def _column(batch: Any, name: str, before: int) -> NDArray[np.int64]:
    """A column's values as int64[n]. Raises DataError unless they are 0 and 1, or booleans."""
    column = batch.column(name)
    kind = column.type
    if not (pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise DataError(f"column {name} holds {kind}; use 0 and 1")
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
        raise DataError(f"row {before + row + 1}: {name} is empty; use 0 or 1")
    values = column.to_numpy(zero_copy_only=False)
    bad = np.flatnonzero((values != 0) & (values != 1))
    if bad.size:
        row, value = int(bad[0]), values[bad[0]]
        raise DataError(f'row {before + row + 1}: {name} is "{value}"; use 0 or 1')
    return np.asarray(values, np.int64)
