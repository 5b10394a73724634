"""Which texts of the settings no log may hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, unquote_plus


def secret_texts(secrets: Iterable[str], addresses: Iterable[str]) -> tuple[str, ...]:
    """Secrets, and the passwords of addresses in both spellings, the longest first."""
    texts = set(secrets)
    for address in addresses:
        before_query = address.partition("://")[2].partition("?")[0]
        user_and_password, _, _ = before_query.rpartition("@")
        passwords = [user_and_password.partition(":")[2]]
        for match in re.finditer(r"password=(([^&]*).*)", address, re.IGNORECASE | re.DOTALL):
            passwords += match.groups()  # an & in it may be its own
        texts |= {text for one in passwords for text in (one, unquote(one), unquote_plus(one))}
    return tuple(sorted((text for text in texts if len(text) >= 4), key=len, reverse=True))
