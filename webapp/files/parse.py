"""Parse one uploaded file in a limited process (``webapp.limited_process``).

It reads a request from standard input and writes the answer to standard output, both in the form of
``parse_message``. A problem with the file is part of the answer, so that an exit code other than 0
means a crash or an exceeded limit.
"""

from __future__ import annotations

import sys

from webapp.cases import Features
from webapp.files.csv_reader import parse_csv
from webapp.files.parse_message import ParseRequest, pack_cases, pack_copy, pack_error, read_request
from webapp.files.scored_copy import write_copy
from webapp.files.types import FileError, ParsedFile


def respond(message: bytes) -> bytes:
    """The answer to a request, both as bytes in the form of ``parse_message``."""
    request = read_request(message)
    try:
        return _answer(request)
    except FileError as error:
        return pack_error(str(error))
    except MemoryError:
        return pack_error("The file needs more memory than one file may take: split it.")


def main() -> None:
    """Answer the request on standard input."""
    answer = respond(sys.stdin.buffer.read())
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()


def _answer(request: ParseRequest) -> bytes:
    features = Features(request.features)
    if request.kind == "csv":
        return _pack(parse_csv(request.content, features, request.limits), request)
    if request.kind == "workbook":
        from webapp.files.workbook import parse_workbook

        return _pack(parse_workbook(request.content, features, request.limits), request)
    # Importing Arrow takes a quarter of a second, which CSV doesn't need.
    from webapp.files.arrow import ARROW_ERRORS
    from webapp.files.parquet_reader import damaged_file, parse_parquet

    file = parse_parquet(request.content, features, request.limits)
    try:
        return _pack(file, request)
    except (FileError, MemoryError):
        raise
    except ARROW_ERRORS as error:  # only a copy reads the other columns
        raise damaged_file(error) from error


def _pack(file: ParsedFile, request: ParseRequest) -> bytes:
    if request.copy_columns is not None:
        return pack_copy(write_copy(file, request.copy_columns, request.limits))
    return pack_cases(file, file.bad[: request.limits.bad_shown])


if __name__ == "__main__":
    main()
