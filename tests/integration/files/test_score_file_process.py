"""Scoring through the real parsing process: size, time, memory, damage, what it imports."""

import io
import json
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from webapp.cases import Features
from webapp.catalog.prepared import Facts, Prepared
from webapp.catalog.versions import Version
from webapp.files.parse_in_child import parse_in_child
from webapp.files.parse_message import ParseRequest, pack_request, read_cases
from webapp.files.types import MIB, FileError, Limits
from webapp.services.predict.score_file import score_file, scored_csv
from webapp.stats.counts import Counts

ROWS = 100_000
FEATURES = Features.numbered(10)


@pytest.fixture(scope="module")
def version() -> Version:
    n = np.arange(FEATURES.cases) % 5
    scores = np.random.default_rng(5).random(FEATURES.cases)
    facts = Facts("digest", FEATURES.names)
    return Version("toy_v1", "ready", prepared=Prepared(facts, FEATURES, scores, Counts(n, n // 2)))


@pytest.fixture(scope="module")
def bits() -> np.ndarray:
    return np.random.default_rng(6).integers(0, 2, (ROWS, len(FEATURES.names)))


@pytest.fixture(scope="module")
def text(bits: np.ndarray) -> bytes:
    lines = [",".join(["player", *FEATURES.names])]
    lines += [f"p{i}," + ",".join(map(str, row)) for i, row in enumerate(bits.tolist())]
    return ("\n".join(lines) + "\n").encode()


@pytest.fixture(scope="module")
def table(bits: np.ndarray) -> bytes:
    columns = {name: bits[:, i].astype(np.int8) for i, name in enumerate(FEATURES.names)}
    file = io.BytesIO()
    pq.write_table(pa.table({"player": [f"p{i}" for i in range(ROWS)], **columns}), file)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["text", "table"])
def test_the_largest_file_is_scored_exactly(
    kind: str, version: Version, bits: np.ndarray, request: pytest.FixtureRequest
) -> None:
    content = request.getfixturevalue(kind)
    scores = version.prepared.scores.tolist()  # type: ignore[union-attr]
    cases = [sum(bit << i for i, bit in enumerate(row)) for row in bits.tolist()]
    start = time.perf_counter()
    result = score_file(content, "players", version)
    seconds = time.perf_counter() - start
    assert (result.rows, result.bad_total) == (ROWS, 0)
    assert result.expected_positives == pytest.approx(
        sum(scores[case] for case in cases), rel=1e-12
    )
    assert result.never_seen == sum(case % 5 == 0 for case in cases)
    assert result.preview[0].line == (2 if kind == "text" else 1)
    assert seconds < 6, "0.7 s on a quiet machine"
    lines = scored_csv(content, version).decode().splitlines()
    for i in (0, 1, 4_999, 5_000, ROWS - 1):
        own = f"p{i}," + ",".join(map(str, bits[i]))
        case = cases[i]
        assert lines[i + 1] == f"{own},{scores[case]!r},{case},{case % 5},toy_v1,"
    assert len(lines) == ROWS + 1


def test_one_row_too_many(version: Version, text: bytes) -> None:
    with pytest.raises(FileError, match="has 100,001 rows, over the limit of 100,000"):
        score_file(text + b"x" + b",1" * 10, "players", version)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"\n" * (8 * MIB - 1) + b"1", "no columns", id="blank lines"),
        pytest.param(b"," * (8 * MIB), "8,388,609 columns", id="commas"),
        pytest.param(b'"' * (8 * MIB), "longer than", id="quotes"),
        pytest.param(b"1\n" * (4 * MIB), "no columns", id="no header"),
        pytest.param(b"PAR1" + bytes(8 * MIB - 8) + b"PAR1", "Parquet", id="Parquet of nothing"),
        pytest.param(np.random.default_rng(1).bytes(8 * MIB), "CSV UTF-8", id="noise"),
    ],
)
def test_hostile_files_cost_little_and_get_a_sentence(
    content: bytes, words: str, version: Version
) -> None:
    start = time.perf_counter()
    with pytest.raises(FileError, match=words):
        score_file(content, "x", version)
    assert time.perf_counter() - start < 15


def test_four_million_rows_are_counted() -> None:
    one = Features(("a",))
    facts = Facts("digest", one.names)
    scores = np.array([0.1, 0.2])
    version = Version("one_v1", "ready", prepared=Prepared(facts, one, scores, None))
    with pytest.raises(FileError, match="has 4,000,000 rows"):
        score_file(b"a\n" + b"1\n" * 4_000_000, "x", version)


def test_every_row_bad_and_different(version: Version) -> None:
    rows = "".join(f"{i}" + ",9" * 9 + "\n" for i in range(2, ROWS + 2))
    content = (",".join(FEATURES.names) + "\n" + rows).encode()
    result = score_file(content, "x", version)
    assert (result.rows, result.bad_total, len(result.bad)) == (0, ROWS, 100)
    last = scored_csv(content, version).decode().splitlines()[-1]
    assert last.endswith('G1 is ""100001""; use 0 or 1 (also in this row: G2, G3, G4 and 6 more)"')


def test_a_parquet_that_unpacks_beyond_memory(version: Version) -> None:
    """100,000 times one megabyte of text fits in a few kilobytes when it is a dictionary."""
    codes = pa.array(np.zeros(ROWS, np.int32))
    long = pa.DictionaryArray.from_arrays(codes, pa.array(["1" * MIB]))
    columns = {name: np.zeros(ROWS, np.int8) for name in FEATURES.names[1:]}
    file = io.BytesIO()
    pq.write_table(pa.table({"G1": long, **columns}), file, store_schema=False)
    assert len(file.getvalue()) < MIB
    with pytest.raises(FileError):
        score_file(file.getvalue(), "x", version)
    with pytest.raises(FileError):
        scored_csv(file.getvalue(), version)


def test_damaged_parquet_is_a_sentence_and_no_crash(version: Version, table: bytes) -> None:
    random = np.random.default_rng(9)
    n_answers = 0
    for _ in range(12):
        content = bytearray(table)
        for place in random.integers(4, len(content), 200):
            content[place] = random.integers(0, 256)
        try:
            score_file(bytes(content), "x", version)
        except FileError:
            n_answers += 1
    assert n_answers > 0


@pytest.mark.parametrize("features", [("G1",), Features.numbered(16).names])
def test_few_and_many_features(features: tuple[str, ...]) -> None:
    content = (",".join(features) + "\n" + ",".join("1" * len(features)) + "\n").encode()
    request = ParseRequest(content, "csv", features, Limits())
    rows = read_cases(parse_in_child(pack_request(request), Limits()))
    assert rows.cases.tolist() == [2 ** len(features) - 1]
    assert rows.cases.dtype == np.uint16


def test_time_and_memory_have_a_limit(version: Version, text: bytes) -> None:
    with pytest.raises(FileError, match="second"):
        score_file(text, "x", version, Limits(seconds=0.05))
    with pytest.raises(FileError, match="memory"):
        score_file(text, "x", version, Limits(memory=48 * MIB))


def test_only_the_parsing_process_imports_parsers() -> None:
    code = (
        "import json, sys, webapp.services.predict.score_file as s; "
        "from webapp.files.sniff import sniff_kind; "
        "print(json.dumps(sorted(m for m in sys.modules if '.' not in m)))"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    modules = set(json.loads(process.stdout))
    assert not modules & {"pandas", "pyarrow", "mlflow", "sklearn", "keras"}


def test_csv_is_parsed_without_arrow_and_parquet_without_pandas(table: bytes) -> None:
    code = (
        "import sys; from webapp.files import parse; parse.main(); "
        "print(*sorted({'pandas', 'pyarrow'} & sys.modules.keys()), file=sys.stderr)"
    )

    def imported(content: bytes, kind: str) -> str:
        message = pack_request(ParseRequest(content, kind, FEATURES.names, Limits()))  # type: ignore[arg-type]
        command = [sys.executable, "-c", code]
        return subprocess.run(
            command, input=message, capture_output=True, check=True
        ).stderr.decode()

    assert imported(b"G1\n1\n", "csv").split() == []
    assert imported(table, "parquet").split() == ["pyarrow"]
