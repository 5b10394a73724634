"""Scored rows as a file, or as a folder with one subfolder per day and a note of its content."""

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

NOTE = "_everycase.json"  # engines skip names that begin with an underscore
_TIMELESS = "__HIVE_DEFAULT_PARTITION__"
# Writes a query's rows to a path, in the format, partitioned by the column if there is one
Writer = Callable[[Any, Path, Format, str | None], None]


class FileOutput:
    """One file, written beside its path and moved there."""

    by_day = False

    def __init__(self, path: Path, form: Format, write: Writer) -> None:
        self._path, self._form, self._write = path, form, write

    def written_days(self) -> dict[int, int]:
        """No days: it is all or nothing."""
        return {}

    def is_whole(self) -> bool:
        """True if the file exists: it is moved there when it is complete."""
        return self._path.exists()

    def write(self, rows: Any, days: Sequence[int] | None, at: int) -> int | None:
        """Write all rows."""
        with _temporary_folder(self._path) as folder:
            fresh = folder / self._path.name
            self._write(rows, fresh, self._form, None)
            missing = without_score(fresh) if self._form == "parquet" else None
            if self._path.is_dir():
                shutil.rmtree(self._path)
            fresh.replace(self._path)
        return missing


class FolderOutput:
    """A folder with subfolders ``day=YYYY-MM-DD``. The note lists the finished ones."""

    by_day = True

    def __init__(self, path: Path, form: Format, write: Writer, what: dict[str, str]) -> None:
        self._path, self._form, self._write, self._what = path, form, write, what
        self._note = self._read_note()

    def written_days(self) -> dict[int, int]:
        """The finished days, and when they were written."""
        days = {}
        for day, at in self._note["days"].items():
            if (self._path / f"{DAY}={day}").is_dir():
                midnight = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
                days[int(midnight.timestamp()) * 1000] = int(at)
        return days

    def is_whole(self) -> bool:
        """True if rows without times were written in one piece."""
        return bool(self._note.get("whole"))

    def write(self, rows: Any, days: Sequence[int] | None, at: int) -> int | None:
        """Write rows of these days; None: those without a time, or all rows."""
        partition = DAY if DAY in rows.columns else None
        values = {str(day) for day in days} if days is not None else {_TIMELESS}
        with _temporary_folder(self._path) as folder:
            fresh = folder / "scored"
            self._write(rows, fresh, self._form, partition)
            parts = [part for part in _parts(fresh) if part.name.partition("=")[2] in values]
            if partition is None:
                parts = [fresh]
            missing = sum(map(without_score, parts)) if self._form == "parquet" else None
            for part in parts:
                self._move(part, folder)
        self._note["days"] |= dict.fromkeys((_date(day) for day in days or ()), at)
        self._note["whole"] = partition is None
        self._save_note()
        return missing

    def _move(self, part: Path, folder: Path) -> None:
        value = part.name.partition("=")[2]
        name = f"{DAY}={_date(int(value)) if value.isdigit() else value}" if value else "all"
        place = self._path / name
        self._path.mkdir(parents=True, exist_ok=True)
        if place.exists():
            place.rename(folder / f"old-{name}")
        part.rename(place)

    def _read_note(self) -> dict[str, Any]:
        try:
            note: dict[str, Any] = json.loads((self._path / NOTE).read_text("utf-8"))
        except FileNotFoundError:
            if self._path.exists() and (not self._path.is_dir() or any(self._path.iterdir())):
                raise LakeError(f"{self._path} exists already and holds no scores") from None
            return {**self._what, "days": {}}
        except (OSError, ValueError) as error:
            raise LakeError(f"{self._path / NOTE} can't be read: {error}") from None
        for name, value in self._what.items():
            if note.get(name) != value:
                raise LakeError(
                    f"{self._path} holds scores of another {name} ({note.get(name)}, not {value}): "
                    "use another --output"
                )
        return note

    def _save_note(self) -> None:
        self._path.mkdir(parents=True, exist_ok=True)
        fresh = self._path / f"{NOTE}.new"
        fresh.write_text(json.dumps(self._note, indent=1), "utf-8")
        fresh.replace(self._path / NOTE)


def without_score(place: Path) -> int:
    """The number of rows without a score in Parquet files, from the files' statistics."""
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
def _temporary_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside ``path``, on the same disk."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent)
    except OSError as error:
        raise LakeError(f"{path} can't be written: {error.strerror}") from None
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
