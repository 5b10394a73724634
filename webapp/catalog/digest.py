"""The digest that ties a score table to the files of the model it was computed from."""

from __future__ import annotations

import hashlib
from pathlib import Path

OWN_FOLDER = "everycase"  # our files inside a model folder; not part of the model


def model_files(folder: Path) -> list[Path]:
    """The files of an MLflow model in a fixed order, without ours and without temporary ones."""
    files = []
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if relative.parts[0] == OWN_FOLDER or "__pycache__" in relative.parts:
            continue
        if path.name != ".DS_Store" and path.is_file():
            files.append(path)
    return sorted(files, key=lambda path: path.relative_to(folder).as_posix())


def model_digest(folder: Path) -> str:
    """SHA-256 over the names and contents of the model's files. Raises OSError."""
    total = hashlib.sha256()
    for path in model_files(folder):
        total.update(name_bytes(path.relative_to(folder).as_posix()) + b"\0")
        total.update(bytes.fromhex(file_digest(path)))
    return total.hexdigest()


def name_bytes(name: str) -> bytes:
    """A file's name as bytes. On Linux a name can be any bytes, not only UTF-8."""
    return name.encode("utf-8", "surrogateescape")


def file_digest(path: Path) -> str:
    """SHA-256 of one file of any size, as hexadecimal digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
