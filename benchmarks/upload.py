"""A file of a million rows: uploaded, counted and compared, beside DuckDB's scan and GROUP BY."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure
from webapp.composition import create_services
from webapp.services.compare import as_json as compare_as_json
from webapp.services.compare import reader as compare_reader
from webapp.services.compare import upload
from webapp.services.compare.progress import Progress
from webapp.services.compare.request import CompareRequest
from webapp.services.context import Services
from webapp.settings import Settings

ROWS, ROUNDS, BAR = 1_000_000, 7, 3.0
NAMES = [f"G{i}" for i in range(1, 11)]


def measure() -> list[Figure]:
    """Upload a plain file, and one with other columns and bad rows."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        services = create_services(Settings(var_dir=Path(folder)))
        services.log.totals()
        for name, write in (("plain", _plain), ("with ids and bad rows", _odd)):
            path = Path(folder) / "rows.csv"
            path.write_bytes(write(_rows()))
            figures.append(_figure(services, path, name))
        services.close()
    return figures


def _figure(services: Services, path: Path, name: str) -> Figure:
    ratios, ours = [], []
    for i in range(ROUNDS):
        peer = _time(lambda: _duckdb(path))
        ours.append(_time(lambda i=i: _compare(services, path, i)))  # type: ignore[misc]
        ratios.append(ours[-1] / peer)
    print(f"  {name}: {1000 * float(np.median(ours)):.0f} ms")
    peer_name = "DuckDB read_csv + GROUP BY"
    return Figure(f"file of 10^6 rows, {name}", peer_name, tuple(ratios), at_most=BAR)


def _time(act: Callable[[], None]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _compare(services: Services, path: Path, round_: int) -> None:
    features = upload.file_features(services, ())
    with path.open("rb") as file:
        counts = upload.keep_counts(services, file, path.name, features, round_, Progress())
    request = CompareRequest(
        0, 1, file=counts.id, threshold=0.2 + round_ / 1000
    )  # never asked before
    form = compare_as_json.as_json(compare_reader.answer_request(services, request))
    if form["empty"] or form["n"] < 0.99 * ROWS:
        raise RuntimeError(f"not compared: {form['sentence']}")


def _duckdb(path: Path) -> None:
    columns = ", ".join((*NAMES, "label"))
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT {columns}, count(*) FROM read_csv(?, ignore_errors = true) GROUP BY ALL",
            [str(path)],
        ).fetchall()
    if sum(row[-1] for row in rows) < 0.99 * ROWS:
        raise RuntimeError("DuckDB left rows out")


def _rows() -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    share = np.append(rng.random(10) / 2, 0.15)
    return (rng.random((ROWS, 11)) < share).astype(np.uint8)


def _plain(rows: NDArray[np.uint8]) -> bytes:
    text = np.full((ROWS, 22), ord(","), np.uint8)
    text[:, 0::2] = rows + ord("0")
    text[:, -1] = ord("\n")
    return ",".join((*NAMES, "label")).encode() + b"\n" + text.tobytes()


def _odd(rows: NDArray[np.uint8]) -> bytes:
    lines = _plain(rows).decode().splitlines()
    lines[1:] = [f"player {i},{line}" for i, line in enumerate(lines[1:])]
    lines[1001::100_000] = ["player,1,0,1"] * len(lines[1001::100_000])
    lines[0] = f"id,{lines[0]}"
    return ("\n".join(lines) + "\n").encode()
