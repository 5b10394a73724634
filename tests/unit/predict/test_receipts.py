"""Receipts: what they are for, and that nobody else can make one."""

import pytest
from itsdangerous import URLSafeSerializer

from webapp.services.predict.receipts import ReceiptError, Receipts

EVENT = "018bcfe5-6800-7752-ab89-77fffcf54f49"
OURS = Receipts(b"k" * 32)


def test_a_receipt_gives_its_event_back_in_every_process_with_the_key() -> None:
    assert Receipts(b"k" * 32).event_id(OURS.issue(EVENT)) == EVENT


@pytest.mark.parametrize(
    "forgery",
    [
        EVENT,
        "",
        ".",
        "é",
        "\ud800",
        None,
        7,
        [EVENT],
        Receipts(b"another key").issue(EVENT),
        URLSafeSerializer(b"k" * 32, salt="session").dumps(EVENT),
        OURS.issue(EVENT)[:-1],
        "x" + OURS.issue(EVENT),
    ],
)
def test_what_was_not_given_is_no_receipt(forgery: object) -> None:
    with pytest.raises(ReceiptError, match="receipt"):
        OURS.event_id(forgery)
