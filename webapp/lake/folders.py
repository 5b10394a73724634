"""Scored rows as files: a file, or a folder with a folder a day, and a note of what is in it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from webapp.lake.errors import LakeError
from webapp.lake.expression import DAY
from webapp.lake.sources import Format

NOTE = "_everycase.json"  # engines pass over names that begin so
_TIMELESS = "__HIVE_DEFAULT_PARTITION__"
# Writes an expression's rows as files at a path, a folder each for the values of a column
Writer = Callable[[Any, Path, Format, str | None], None]


class FileOutput:
    """One file, written beside its place and moved there."""

    by_day = False

    def __init__(self, path: Path, form: Format, write: Writer) -> None:
        self._path, self._form, self._write = path, form, write

    def done(self) -> dict[int, int]:
        """No days: it is all or nothing."""
        return {}

    def is_whole(self) -> bool:
        """It appears when it is whole."""
        return self._path.exists()

    def write(self, rows: Any, days: Sequence[int] | None, at: int) -> int | None:
        """All rows."""
        with _beside(self._path) as folder:
            fresh = folder / self._path.name
            self._write(rows, fresh, self._form, None)
            missing = without_score(fresh) if self._form == "parquet" else None
            if self._path.is_dir():
                shutil.rmtree(self._path)
            fresh.replace(self._path)
        return missing


class FolderOutput:
    """A folder ``day=YYYY-MM-DD`` a day. What was begun and not finished is not in the note."""

    by_day = True

    def __init__(self, path: Path, form: Format, write: Writer, what: dict[str, str]) -> None:
        self._path, self._form, self._write, self._what = path, form, write, what
        self._note = self._read()

    def done(self) -> dict[int, int]:
        """The days that are there."""
        found = {}
        for day, at in self._note["days"].items():
            if (self._path / f"{DAY}={day}").is_dir():
                midnight = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
                found[int(midnight.timestamp()) * 1000] = int(at)
        return found

    def is_whole(self) -> bool:
        """Where rows have no time, they are one file."""
        return bool(self._note.get("whole"))

    def write(self, rows: Any, days: Sequence[int] | None, at: int) -> int | None:
        """Rows of some days, of none, or all where there are no days."""
        partition = DAY if DAY in rows.columns else None
        wanted = {str(day) for day in days} if days is not None else {_TIMELESS}
        with _beside(self._path) as folder:
            fresh = folder / "scored"
            self._write(rows, fresh, self._form, partition)
            parts = [part for part in _parts(fresh) if part.name.partition("=")[2] in wanted]
            if partition is None:
                parts = [fresh]
            missing = sum(map(without_score, parts)) if self._form == "parquet" else None
            for part in parts:
                self._move(part, folder)
        self._note["days"] |= dict.fromkeys((_date(day) for day in days or ()), at)
        self._note["whole"] = partition is None
        self._keep()
        return missing

    def _move(self, part: Path, folder: Path) -> None:
        value = part.name.partition("=")[2]
        name = f"{DAY}={_date(int(value)) if value.isdigit() else value}" if value else "all"
        place = self._path / name
        self._path.mkdir(parents=True, exist_ok=True)
        if place.exists():
            place.rename(folder / f"old-{name}")
        part.rename(place)

    def _read(self) -> dict[str, Any]:
        try:
            note: dict[str, Any] = json.loads((self._path / NOTE).read_text("utf-8"))
        except FileNotFoundError:
            if self._path.exists() and (not self._path.is_dir() or any(self._path.iterdir())):
                raise LakeError(f"{self._path} is there already, and holds no scores") from None
            return {**self._what, "days": {}}
        except (OSError, ValueError) as error:
            raise LakeError(f"{self._path / NOTE} can't be read: {error}") from None
        for name, value in self._what.items():
            if note.get(name) != value:
                raise LakeError(
                    f"{self._path} holds scores of another {name} ({note.get(name)}, not {value}): "
                    "name another --output"
                )
        return note

    def _keep(self) -> None:
        self._path.mkdir(parents=True, exist_ok=True)
        fresh = self._path / f"{NOTE}.new"
        fresh.write_text(json.dumps(self._note, indent=1), "utf-8")
        fresh.replace(self._path / NOTE)


def without_score(place: Path) -> int:
    """How many rows of Parquet files have no score, from the files' own statistics."""
    from pyarrow import parquet

    missing = 0
    for file in [place] if place.is_file() else sorted(place.rglob("*.parquet")):
        facts = parquet.ParquetFile(file).metadata
        names = facts.schema.to_arrow_schema().names
        score = max(names.index(n) for n in ("score", "everycase_score") if n in names)
        for group in range(facts.num_row_groups):
            missing += facts.row_group(group).column(score).statistics.null_count
    return missing


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{DAY}=*"))


def _date(day: int) -> str:
    return datetime.fromtimestamp(day / 1000, UTC).strftime("%Y-%m-%d")


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A folder on the same disk, gone at the end."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent)
    except OSError as error:
        raise LakeError(f"{path} can't be written: {error.strerror}") from None
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
