"""Parse ``--source``: where the events are, and which engine reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from webapp.addresses import check_credentials
from webapp.lake.errors import LakeError

EngineKind = Literal["duckdb", "spark", "postgres", "bigquery", "athena", "trino"]
Format = Literal["parquet", "csv"]
ENDINGS: dict[str, Format] = {
    ".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".csv.gz": "csv", ".tsv": "csv",
}  # fmt: skip
_SERVERS: dict[str, EngineKind] = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "bigquery": "bigquery",
    "athena": "athena",
    "trino": "trino",
}
_MASTERS = ("spark://", "local[", "local-cluster[")


@dataclass(frozen=True)
class LakeSource:
    """Files or a table, and the engine that reads them."""

    kind: EngineKind
    place: str  # a path or pattern, a URL
    format: Format = "parquet"
    table: str = ""
    master: str = ""  # of Spark

    @property
    def display_name(self) -> str:
        """Its name in messages, and as a dataset by default. Contains no secrets."""
        place = _without_secrets(self.place) if "://" in self.place else self.place
        return f"{place}#{self.table}" if self.table else place


def read_source(text: str, *, table: str = "", engine: str = "", master: str = "") -> LakeSource:
    """Parse a source with its options. Raises LakeError."""
    if text.startswith(_MASTERS):
        if not table:
            raise LakeError(f"{text} is a Spark cluster: name what to read with --table")
        text, table, master, engine = table, "", text, "spark"
    if "://" in text:
        try:
            check_credentials(text)
        except ValueError as error:
            raise LakeError(f"the source can't be used: it must be {error}") from None
    scheme = urlsplit(text).scheme if "://" in text else ""
    if scheme in _SERVERS:
        return _of_server(_SERVERS[scheme], text, table)
    if engine == "spark":
        return _of_spark(text, master or "local[*]")
    if scheme not in ("", "s3", "file"):
        raise LakeError(
            f"{scheme}:// is not supported: use files, s3://, spark://, postgresql://, "
            "bigquery://, athena:// or trino://"
        )
    place = text.removeprefix("file://")
    if scheme == "s3":
        return LakeSource("duckdb", place, _format(place))
    return _of_files(place)


def _of_server(kind: EngineKind, text: str, table: str) -> LakeSource:
    parts = urlsplit(text)
    query = parse_qsl(parts.query)
    tables = [value for key, value in query if key == "table"]
    rest = urlencode([(key, value) for key, value in query if key != "table"])
    table = table or (tables[0] if tables else "")
    if not table:
        raise LakeError("name the table with --table, or with ?table=NAME in the address")
    return LakeSource(kind, urlunsplit(parts._replace(query=rest)), table=table)


def _of_spark(text: str, master: str) -> LakeSource:
    is_path = "/" in text or "://" in text or _ending(text) is not None
    if not is_path:
        return LakeSource("spark", "", table=text, master=master)
    if "://" in text:
        return LakeSource("spark", text, _format(text), master=master)
    files = _of_files(text)
    return LakeSource("spark", files.place, files.format, master=master)


def _of_files(text: str) -> LakeSource:
    place = Path(text).absolute()
    is_pattern = any(sign in text for sign in "*?[")
    if place.is_dir():
        first = next((f for f in sorted(place.rglob("*")) if _ending(f.name) is not None), None)
        if first is None:
            raise LakeError(f"{text} holds no Parquet or CSV files")
        return LakeSource("duckdb", str(place), _format(first.name))
    if not (any(True for _ in matching(place)) if is_pattern else place.is_file()):
        raise LakeError(f"there is no file {text}")
    return LakeSource("duckdb", str(place), _format(text))


def matching(pattern: Path) -> Iterator[Path]:
    """The paths that match a pattern."""
    return Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))


def format_of(name: str) -> Format | None:
    """The format by the name's ending, or None if it isn't known."""
    ending = _ending(name)
    return None if ending is None else ENDINGS[ending]


def _ending(name: str) -> str | None:
    return next((end for end in ENDINGS if name.lower().endswith(end)), None)


def _format(name: str) -> Format:
    """The format by the name's ending; Parquet by default, as in folders of object stores."""
    return format_of(name) or "parquet"


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
