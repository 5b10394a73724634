"""Parse one uploaded file in a limited process (``webapp.limited_process``).

It reads a request on standard input and writes an answer on standard output; see ``wire`` for
their form. What goes wrong with the file is part of the answer, so that an exit code other than
0 means a crash or a limit.
"""

from __future__ import annotations

import sys

from webapp.cases import Features
from webapp.files.csv_reader import parse_csv
from webapp.files.parse_message import ParseRequest, pack_cases, pack_copy, pack_error, read_request
from webapp.files.scored_copy import write_copy
from webapp.files.types import BadRow, FileError, Limits, ParsedFile


def respond(message: bytes) -> bytes:
    """The answer to a request, both as ``wire`` packs them."""
    request = read_request(message)
    try:
        return _answer(request)
    except FileError as error:
        return pack_error(str(error))
    except MemoryError:
        return pack_error("The file needs more memory than one file may take: split it.")


def main() -> None:
    """Answer standard input on standard output."""
    answer = respond(sys.stdin.buffer.read())
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()


def _answer(request: ParseRequest) -> bytes:
    features = Features(request.features)
    if request.kind == "csv":
        return _pack(parse_csv(request.content, features, request.limits), request)
    # Arrow costs a quarter of a second that CSV need not wait for.
    from webapp.files.arrow import ARROW_ERRORS
    from webapp.files.parquet_reader import damaged_file, parse_parquet

    file = parse_parquet(request.content, features, request.limits)
    try:
        return _pack(file, request)
    except (FileError, MemoryError):
        raise
    except ARROW_ERRORS as error:  # a copy reads the other columns only now
        raise damaged_file(error) from error


def _pack(file: ParsedFile, request: ParseRequest) -> bytes:
    if request.copy_columns is not None:
        return pack_copy(write_copy(file, request.copy_columns, request.limits))
    return pack_cases(file, _shown(file, request.limits))


def _shown(parsed: ParsedFile, limits: Limits) -> list[BadRow]:
    return list(parsed.bad[: limits.bad_shown])


if __name__ == "__main__":
    main()
