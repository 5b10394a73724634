"""The example file behind *Download an example*."""

from __future__ import annotations

import csv
import io

from webapp.cases import Features


def example_csv(features: Features) -> str:
    """A CSV text with a header and up to five different rows of ``features``."""
    count = len(features.names)
    # None, the last one, the last two, every third, all: modulo 2**d for versions with few.
    patterns = (0, 1 << (count - 1), 3 << max(count - 2, 0), 0b1001001001001001, features.cases - 1)
    cases = dict.fromkeys(pattern % features.cases for pattern in patterns)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(features.names)
    writer.writerows(features.row(case).values() for case in cases)
    return file.getvalue()
