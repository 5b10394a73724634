"""Where events are: what a ``--source`` names, and which engine reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from webapp.lake.errors import LakeError

Kind = Literal["duckdb", "spark", "postgres", "bigquery", "athena", "trino"]
Format = Literal["parquet", "csv"]
ENDINGS: dict[str, Format] = {
    ".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".csv.gz": "csv", ".tsv": "csv",
}  # fmt: skip
_SERVERS: dict[str, Kind] = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "bigquery": "bigquery",
    "athena": "athena",
    "trino": "trino",
}
_MASTERS = ("spark://", "local[", "local-cluster[")


@dataclass(frozen=True)
class Source:
    """Files or a table, and the engine that reads them."""

    kind: Kind
    place: str  # a path or pattern, a URL
    format: Format = "parquet"
    table: str = ""
    master: str = ""  # of Spark

    @property
    def shown(self) -> str:
        """How it is named in messages and, unless told otherwise, as a dataset: no secrets."""
        place = _without_secrets(self.place) if "://" in self.place else self.place
        return f"{place}#{self.table}" if self.table else place


def read_source(text: str, *, table: str = "", engine: str = "", master: str = "") -> Source:
    """What was asked for. Raises LakeError."""
    if text.startswith(_MASTERS):
        if not table:
            raise LakeError(f"{text} names a Spark: say what to read there with --table")
        text, table, master, engine = table, "", text, "spark"
    scheme = urlsplit(text).scheme if "://" in text else ""
    if scheme in _SERVERS:
        return _of_server(_SERVERS[scheme], text, table)
    if engine == "spark":
        return _of_spark(text, master or "local[*]")
    if scheme not in ("", "s3", "file"):
        raise LakeError(
            f"{scheme}:// is not known: files, s3://, spark://, postgresql://, bigquery://, "
            "athena:// or trino://"
        )
    place = text.removeprefix("file://")
    if scheme == "s3":
        return Source("duckdb", place, _format(place))
    return _of_files(place)


def _of_server(kind: Kind, text: str, table: str) -> Source:
    parts = urlsplit(text)
    query = parse_qsl(parts.query)
    named = [value for key, value in query if key == "table"]
    rest = urlencode([(key, value) for key, value in query if key != "table"])
    table = table or (named[0] if named else "")
    if not table:
        raise LakeError("which table? Say so with --table, or ?table=NAME in the address")
    return Source(kind, urlunsplit(parts._replace(query=rest)), table=table)


def _of_spark(text: str, master: str) -> Source:
    is_path = "/" in text or "://" in text or _ending(text) is not None
    if not is_path:
        return Source("spark", "", table=text, master=master)
    if "://" in text:
        return Source("spark", text, _format(text), master=master)
    found = _of_files(text)
    return Source("spark", found.place, found.format, master=master)


def _of_files(text: str) -> Source:
    place = Path(text).absolute()
    is_pattern = any(sign in text for sign in "*?[")
    if place.is_dir():
        found = next((f for f in sorted(place.rglob("*")) if _ending(f.name) is not None), None)
        if found is None:
            raise LakeError(f"{text} holds no Parquet or CSV files")
        return Source("duckdb", str(place), _format(found.name))
    if not (any(True for _ in matching(place)) if is_pattern else place.is_file()):
        raise LakeError(f"there is no file {text}")
    return Source("duckdb", str(place), _format(text))


def matching(pattern: Path) -> Iterator[Path]:
    """What a pattern means."""
    return Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))


def format_of(name: str) -> Format | None:
    """By the name's ending, of those that are known."""
    found = _ending(name)
    return None if found is None else ENDINGS[found]


def _ending(name: str) -> str | None:
    return next((end for end in ENDINGS if name.lower().endswith(end)), None)


def _format(name: str) -> Format:
    """By the name's ending; what has none is Parquet, as folders of object stores are."""
    return format_of(name) or "parquet"


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
