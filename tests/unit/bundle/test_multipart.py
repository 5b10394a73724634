"""Forms as browsers send them, read by one parser here and in functions."""

from __future__ import annotations

import time

import pytest

from webapp.bundle.multipart import read_multipart
from webapp.bundle.rules import InputError


def test_multipart_forms_leave_files_out() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="G1"\r\n\r\n1\r\n'
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nG2\r\n--x--\r\n'
    )
    assert read_multipart(body, "multipart/form-data; boundary=x") == [("G1", "1")]


PART = b'--x\r\nContent-Disposition: form-data; name="G1"\r\n\r\n1\r\n'
LONG = b"Content-Disposition: form-data" + b';"a' * 300_000


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (PART * 201 + b"--x--", "has more than 200 fields"),
        (PART * 10_000 + b"--x--", "has more than 200 fields"),
        (b"--x\r\n" * 150_000, "has more than 200 fields"),
        (PART, "is no whole form"),
        (PART.replace(b"--x", b"--y") + b"--y--", "is no whole form"),
        (b"--x\r\n\r\n1\r\n--x--", "has a part without a name"),
        (b"--x\r\n--x--", "has a part without a name"),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--", "has a part without a name"),
        (b"--x\r\n" + LONG + b"\r\n\r\n1\r\n--x--", "has a part without a name"),
    ],
)
def test_what_is_no_form_is_named_at_once(body: bytes, error: str) -> None:
    start = time.process_time()
    with pytest.raises(InputError, match=f"body {error}"):
        read_multipart(body, "multipart/form-data; boundary=x")
    assert time.process_time() - start < 0.5  # the parser for mail took 7 s for some of these


def test_a_form_needs_its_boundary() -> None:
    assert read_multipart(b"", "multipart/form-data") == []
    with pytest.raises(InputError, match="a form without a boundary"):
        read_multipart(PART + b"--x--", "multipart/form-data")


@pytest.mark.parametrize(
    "head", ["Content-Transfer-Encoding: base64", "Content-Type: message/rfc822"]
)
def test_what_only_mail_does_is_not_done(head: str) -> None:
    body = PART.replace(b"\r\n\r\n1", f"\r\n{head}\r\n\r\nMQ==".encode()) + b"--x--"
    assert read_multipart(body, "multipart/form-data; boundary=x") == [("G1", "MQ==")]
